//! RecordActivityTaskHeartbeat and its form by ids: an activity reports that it is alive, and how far it has come.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{
    RecordActivityTaskHeartbeatByIdRequest, RecordActivityTaskHeartbeatByIdResponse, RecordActivityTaskHeartbeatRequest,
    RecordActivityTaskHeartbeatResponse,
};
use klamm_requests::{
    Result,
    calls::heartbeat_activity_task::{self, Heartbeat},
    tokens,
};
use klamm_workflow::Answer;

use crate::{
    call::Call,
    gateway::{Gateway, unexpected_answer},
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RecordActivityTaskHeartbeatRequest,
) -> Result<RecordActivityTaskHeartbeatResponse> {
    let namespaces = gateway.backend.namespaces();
    let token = tokens::decode_activity_task(&request.task_token)?;
    let namespace = gateway.token_namespace(&namespaces, &request.namespace, &token.namespace)?;
    let heartbeat = heartbeat_activity_task::command(request, token, &gateway.terms(namespace));
    beat(gateway, &call, heartbeat).await
}

pub(super) async fn handle_by_id<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RecordActivityTaskHeartbeatByIdRequest,
) -> Result<RecordActivityTaskHeartbeatByIdResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let heartbeat = heartbeat_activity_task::command_by_id(request, &gateway.terms(namespace))?;
    let RecordActivityTaskHeartbeatResponse { cancel_requested, activity_paused, activity_reset } = beat(gateway, &call, heartbeat).await?;
    Ok(RecordActivityTaskHeartbeatByIdResponse { cancel_requested, activity_paused, activity_reset })
}

/// What the worker is told. The activity has to cancel itself when the workflow has asked for that, or when the activity has failed because
/// its details are too large.
async fn beat<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: &Call,
    heartbeat: Heartbeat,
) -> Result<RecordActivityTaskHeartbeatResponse> {
    match heartbeat {
        Heartbeat::Beats(command) => match gateway.submit(call, command).await? {
            Answer::Heartbeat { cancel_requested, paused, reset } => {
                Ok(RecordActivityTaskHeartbeatResponse { cancel_requested, activity_paused: paused, activity_reset: reset })
            }
            _ => Err(unexpected_answer()),
        },
        Heartbeat::Fails(command) => {
            gateway.submit(call, command).await?;
            Ok(RecordActivityTaskHeartbeatResponse { cancel_requested: true, ..RecordActivityTaskHeartbeatResponse::default() })
        }
    }
}
