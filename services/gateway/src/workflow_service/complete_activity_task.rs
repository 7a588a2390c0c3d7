//! RespondActivityTaskCompleted and its form by ids: an activity has a result.

use klamm_messages::{
    klamm::v1::{CompleteActivityTask, command::Body},
    temporal::{
        common::v1::Payloads,
        workflowservice::v1::{
            RespondActivityTaskCompletedByIdRequest, RespondActivityTaskCompletedByIdResponse, RespondActivityTaskCompletedRequest,
            RespondActivityTaskCompletedResponse,
        },
    },
};
use klamm_processor::Backend;

use super::activity_tasks::{Activity, ById};
use crate::{call::Call, errors::Result, failures, gateway::Gateway, validate, visibility::VisibilityQueries};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RespondActivityTaskCompletedRequest,
) -> Result<RespondActivityTaskCompletedResponse> {
    let namespaces = gateway.backend.namespaces();
    let activity = Activity::by_token(gateway, &namespaces, &request.namespace, &request.task_token, request.identity)?;
    validate::ids::identity(&activity.identity, &gateway.config.limits)?;
    complete(gateway, &call, activity, request.result).await?;
    Ok(RespondActivityTaskCompletedResponse {})
}

pub(super) async fn handle_by_id<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RespondActivityTaskCompletedByIdRequest,
) -> Result<RespondActivityTaskCompletedByIdResponse> {
    let namespaces = gateway.backend.namespaces();
    let named = ById {
        namespace: &request.namespace,
        workflow_id: request.workflow_id,
        run_id: request.run_id,
        activity_id: request.activity_id,
        identity: request.identity,
    };
    let activity = Activity::by_id(gateway, &namespaces, named)?;
    complete(gateway, &call, activity, request.result).await?;
    Ok(RespondActivityTaskCompletedByIdResponse {})
}

/// Completes the activity; with a result that is too large it fails.
async fn complete<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: &Call,
    activity: Activity<'_>,
    result: Option<Payloads>,
) -> Result<()> {
    if validate::sizes::blob_exceeds(result.as_ref(), &gateway.config.limits) {
        return activity.fail_for_size(gateway, call, failures::RESULT_EXCEEDS_LIMIT).await;
    }
    let body = |token| Body::CompleteActivityTask(CompleteActivityTask { token: Some(token), result });
    activity.submit(gateway, call, body).await?;
    Ok(())
}
