//! RespondActivityTaskFailed and its form by ids: an attempt of an activity failed.

use klamm_messages::{
    klamm::v1::{FailActivityTask, command::Body},
    temporal::{
        common::v1::Payloads,
        failure::v1::{Failure, failure::FailureInfo},
        workflowservice::v1::{
            RespondActivityTaskFailedByIdRequest, RespondActivityTaskFailedByIdResponse, RespondActivityTaskFailedRequest,
            RespondActivityTaskFailedResponse,
        },
    },
};
use klamm_processor::Backend;

use super::activity_tasks::{Activity, ById};
use crate::{
    call::Call,
    errors::{Fault, Result},
    failures,
    gateway::Gateway,
    validate,
    visibility::VisibilityQueries,
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RespondActivityTaskFailedRequest,
) -> Result<RespondActivityTaskFailedResponse> {
    let namespaces = gateway.backend.namespaces();
    let activity = Activity::by_token(gateway, &namespaces, &request.namespace, &request.task_token, request.identity)?;
    if let Some(failure) = &request.failure
        && !matches!(failure.failure_info, Some(FailureInfo::ApplicationFailureInfo(_)))
    {
        return Err(Fault::invalid("Failure must have ApplicationFailureInfo."));
    }
    validate::ids::identity(&activity.identity, &gateway.config.limits)?;
    let failures = fail(gateway, &call, activity, request.failure, request.last_heartbeat_details).await?;
    Ok(RespondActivityTaskFailedResponse { failures })
}

pub(super) async fn handle_by_id<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RespondActivityTaskFailedByIdRequest,
) -> Result<RespondActivityTaskFailedByIdResponse> {
    let namespaces = gateway.backend.namespaces();
    let named = ById {
        namespace: &request.namespace,
        workflow_id: request.workflow_id,
        run_id: request.run_id,
        activity_id: request.activity_id,
        identity: request.identity,
    };
    let activity = Activity::by_id(gateway, &namespaces, named)?;
    let failures = fail(gateway, &call, activity, request.failure, request.last_heartbeat_details).await?;
    Ok(RespondActivityTaskFailedByIdResponse { failures })
}

/// Fails the attempt; gives what the server put in place of what was too large.
async fn fail<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: &Call,
    activity: Activity<'_>,
    mut failure: Option<Failure>,
    mut last_heartbeat_details: Option<Payloads>,
) -> Result<Vec<Failure>> {
    let limits = &gateway.config.limits;
    let mut replaced = Vec::new();
    if validate::sizes::blob_exceeds(last_heartbeat_details.as_ref(), limits) {
        replaced.push(failures::server(failures::HEARTBEAT_EXCEEDS_LIMIT));
        last_heartbeat_details = None;
    }
    if validate::sizes::blob_exceeds(failure.as_ref(), limits) {
        let stand_in = failures::too_large(failure.take(), limits.blob_warn_bytes);
        replaced.push(stand_in.clone());
        failure = Some(stand_in);
    }
    validate::canonical::failure(failure.as_mut());
    let body = |token| Body::FailActivityTask(FailActivityTask { token: Some(token), failure, last_heartbeat_details });
    activity.submit(gateway, call, body).await?;
    Ok(replaced)
}
