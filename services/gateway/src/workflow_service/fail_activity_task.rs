//! RespondActivityTaskFailed and its form by ids: an attempt of an activity failed.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{
    RespondActivityTaskFailedByIdRequest, RespondActivityTaskFailedByIdResponse, RespondActivityTaskFailedRequest,
    RespondActivityTaskFailedResponse,
};
use klamm_requests::{
    Result,
    calls::fail_activity_task::{self, Failed},
    tokens,
};

use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RespondActivityTaskFailedRequest,
) -> Result<RespondActivityTaskFailedResponse> {
    let namespaces = gateway.backend.namespaces();
    let token = tokens::decode_activity_task(&request.task_token)?;
    let namespace = gateway.token_namespace(&namespaces, &request.namespace, &token.namespace)?;
    let Failed { command, replaced } = fail_activity_task::command(request, token, &gateway.terms(namespace))?;
    gateway.submit(&call, command).await?;
    Ok(RespondActivityTaskFailedResponse { failures: replaced })
}

pub(super) async fn handle_by_id<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RespondActivityTaskFailedByIdRequest,
) -> Result<RespondActivityTaskFailedByIdResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let Failed { command, replaced } = fail_activity_task::command_by_id(request, &gateway.terms(namespace))?;
    gateway.submit(&call, command).await?;
    Ok(RespondActivityTaskFailedByIdResponse { failures: replaced })
}
