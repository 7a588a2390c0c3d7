//! What an operation does to the activities of one workflow.

use klamm_api::workflowservice::v1::{
    ResetActivityRequest, UnpauseActivityRequest, UpdateActivityOptionsRequest, reset_activity_request, unpause_activity_request,
    update_activity_options_request, workflow_service_server::WorkflowService,
};
use klamm_messages::temporal::{
    batch::v1::{
        BatchOperationResetActivities, BatchOperationUnpauseActivities, BatchOperationUpdateActivityOptions,
        batch_operation_reset_activities, batch_operation_unpause_activities, batch_operation_update_activity_options,
    },
    common::v1::WorkflowExecution,
};
use tonic::Status;

use crate::calls::call;

pub(crate) async fn unpause<S: WorkflowService>(
    service: &S,
    namespace: String,
    execution: &WorkflowExecution,
    operation: &BatchOperationUnpauseActivities,
) -> Result<(), Status> {
    use batch_operation_unpause_activities::Activity;
    let activity = match &operation.activity {
        Some(Activity::Type(name)) => unpause_activity_request::Activity::Type(name.clone()),
        Some(Activity::MatchAll(_)) => unpause_activity_request::Activity::UnpauseAll(true),
        None => return Err(which()),
    };
    let unpause = UnpauseActivityRequest {
        namespace,
        execution: Some(execution.clone()),
        identity: operation.identity.clone(),
        activity: Some(activity),
        reset_attempts: operation.reset_attempts,
        reset_heartbeat: operation.reset_heartbeat,
        jitter: operation.jitter,
    };
    service.unpause_activity(call(unpause)).await.map(drop)
}

pub(crate) async fn reset<S: WorkflowService>(
    service: &S,
    namespace: String,
    execution: &WorkflowExecution,
    operation: &BatchOperationResetActivities,
) -> Result<(), Status> {
    use batch_operation_reset_activities::Activity;
    let activity = match &operation.activity {
        Some(Activity::Type(name)) => reset_activity_request::Activity::Type(name.clone()),
        Some(Activity::MatchAll(_)) => reset_activity_request::Activity::MatchAll(true),
        None => return Err(which()),
    };
    let reset = ResetActivityRequest {
        namespace,
        execution: Some(execution.clone()),
        identity: operation.identity.clone(),
        activity: Some(activity),
        reset_heartbeat: operation.reset_heartbeat,
        keep_paused: operation.keep_paused,
        jitter: operation.jitter,
        restore_original_options: operation.restore_original_options,
    };
    service.reset_activity(call(reset)).await.map(drop)
}

pub(crate) async fn update<S: WorkflowService>(
    service: &S,
    namespace: String,
    execution: &WorkflowExecution,
    operation: &BatchOperationUpdateActivityOptions,
) -> Result<(), Status> {
    use batch_operation_update_activity_options::Activity;
    let activity = match &operation.activity {
        Some(Activity::Type(name)) => update_activity_options_request::Activity::Type(name.clone()),
        Some(Activity::MatchAll(_)) => update_activity_options_request::Activity::MatchAll(true),
        None => return Err(which()),
    };
    let update = UpdateActivityOptionsRequest {
        namespace,
        execution: Some(execution.clone()),
        identity: operation.identity.clone(),
        activity_options: operation.activity_options.clone(),
        update_mask: operation.update_mask.clone(),
        restore_original: operation.restore_original,
        activity: Some(activity),
    };
    service.update_activity_options(call(update)).await.map(drop)
}

fn which() -> Status {
    Status::invalid_argument("The operation does not say which activities it means.")
}
