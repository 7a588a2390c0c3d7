//! RecordActivityTaskHeartbeat and its form by ids: an activity is alive, and how far it is.

use klamm_messages::{
    klamm::v1::{HeartbeatActivityTask, command::Body},
    temporal::{
        common::v1::Payloads,
        workflowservice::v1::{
            RecordActivityTaskHeartbeatByIdRequest, RecordActivityTaskHeartbeatByIdResponse, RecordActivityTaskHeartbeatRequest,
            RecordActivityTaskHeartbeatResponse,
        },
    },
};
use klamm_processor::Backend;
use klamm_workflow::Answer;

use super::activity_tasks::{Activity, ById};
use crate::{
    call::Call,
    errors::Result,
    failures,
    gateway::{Gateway, unexpected_answer},
    validate,
    visibility::VisibilityQueries,
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RecordActivityTaskHeartbeatRequest,
) -> Result<RecordActivityTaskHeartbeatResponse> {
    let namespaces = gateway.backend.namespaces();
    let activity = Activity::by_token(gateway, &namespaces, &request.namespace, &request.task_token, request.identity)?;
    let cancel_requested = beat(gateway, &call, activity, request.details).await?;
    Ok(RecordActivityTaskHeartbeatResponse { cancel_requested, ..RecordActivityTaskHeartbeatResponse::default() })
}

pub(super) async fn handle_by_id<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RecordActivityTaskHeartbeatByIdRequest,
) -> Result<RecordActivityTaskHeartbeatByIdResponse> {
    let namespaces = gateway.backend.namespaces();
    let named = ById {
        namespace: &request.namespace,
        workflow_id: request.workflow_id,
        run_id: request.run_id,
        activity_id: request.activity_id,
        identity: request.identity,
    };
    let activity = Activity::by_id(gateway, &namespaces, named)?;
    let cancel_requested = beat(gateway, &call, activity, request.details).await?;
    Ok(RecordActivityTaskHeartbeatByIdResponse { cancel_requested, ..RecordActivityTaskHeartbeatByIdResponse::default() })
}

/// True when the activity is to cancel itself: asked by the workflow, or failed because the details are too large.
async fn beat<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: &Call,
    activity: Activity<'_>,
    details: Option<Payloads>,
) -> Result<bool> {
    if validate::sizes::blob_exceeds(details.as_ref(), &gateway.config.limits) {
        activity.fail_for_size(gateway, call, failures::HEARTBEAT_EXCEEDS_LIMIT).await?;
        return Ok(true);
    }
    let body = |token| Body::HeartbeatActivityTask(HeartbeatActivityTask { token: Some(token), details });
    match activity.submit(gateway, call, body).await? {
        Answer::Heartbeat { cancel_requested } => Ok(cancel_requested),
        _ => Err(unexpected_answer()),
    }
}
