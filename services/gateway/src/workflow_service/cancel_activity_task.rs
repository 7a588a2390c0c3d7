//! RespondActivityTaskCanceled and its form by ids: an activity has cancelled itself as asked.

use klamm_messages::{
    klamm::v1::{CancelActivityTask, command::Body},
    temporal::{
        common::v1::Payloads,
        workflowservice::v1::{
            RespondActivityTaskCanceledByIdRequest, RespondActivityTaskCanceledByIdResponse, RespondActivityTaskCanceledRequest,
            RespondActivityTaskCanceledResponse,
        },
    },
};
use klamm_processor::Backend;

use super::activity_tasks::{Activity, ById};
use crate::{call::Call, errors::Result, failures, gateway::Gateway, validate, visibility::VisibilityQueries};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RespondActivityTaskCanceledRequest,
) -> Result<RespondActivityTaskCanceledResponse> {
    let namespaces = gateway.backend.namespaces();
    let activity = Activity::by_token(gateway, &namespaces, &request.namespace, &request.task_token, request.identity)?;
    validate::ids::identity(&activity.identity, &gateway.config.limits)?;
    cancel(gateway, &call, activity, request.details).await?;
    Ok(RespondActivityTaskCanceledResponse {})
}

pub(super) async fn handle_by_id<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RespondActivityTaskCanceledByIdRequest,
) -> Result<RespondActivityTaskCanceledByIdResponse> {
    let namespaces = gateway.backend.namespaces();
    let named = ById {
        namespace: &request.namespace,
        workflow_id: request.workflow_id,
        run_id: request.run_id,
        activity_id: request.activity_id,
        identity: request.identity,
    };
    let activity = Activity::by_id(gateway, &namespaces, named)?;
    cancel(gateway, &call, activity, request.details).await?;
    Ok(RespondActivityTaskCanceledByIdResponse {})
}

/// Cancels the activity; with details that are too large it fails.
async fn cancel<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: &Call,
    activity: Activity<'_>,
    details: Option<Payloads>,
) -> Result<()> {
    if validate::sizes::blob_exceeds(details.as_ref(), &gateway.config.limits) {
        return activity.fail_for_size(gateway, call, failures::CANCEL_DETAILS_EXCEED_LIMIT).await;
    }
    let body = |token| Body::CancelActivityTask(CancelActivityTask { token: Some(token), details });
    activity.submit(gateway, call, body).await?;
    Ok(())
}
