//! RespondActivityTaskCompleted and its form by ids: an activity has a result.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{
    RespondActivityTaskCompletedByIdRequest, RespondActivityTaskCompletedByIdResponse, RespondActivityTaskCompletedRequest,
    RespondActivityTaskCompletedResponse,
};
use klamm_requests::{Result, calls::complete_activity_task, tokens};

use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RespondActivityTaskCompletedRequest,
) -> Result<RespondActivityTaskCompletedResponse> {
    let namespaces = gateway.backend.namespaces();
    let token = tokens::decode_activity_task(&request.task_token)?;
    let namespace = gateway.token_namespace(&namespaces, &request.namespace, &token.namespace)?;
    gateway.submit(&call, complete_activity_task::command(request, token, &gateway.terms(namespace))?).await?;
    Ok(RespondActivityTaskCompletedResponse {})
}

pub(super) async fn handle_by_id<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RespondActivityTaskCompletedByIdRequest,
) -> Result<RespondActivityTaskCompletedByIdResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit(&call, complete_activity_task::command_by_id(request, &gateway.terms(namespace))?).await?;
    Ok(RespondActivityTaskCompletedByIdResponse {})
}
