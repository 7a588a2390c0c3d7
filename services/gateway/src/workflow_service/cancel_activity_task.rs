//! RespondActivityTaskCanceled and its form by ids: an activity has cancelled itself as asked.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{
    RespondActivityTaskCanceledByIdRequest, RespondActivityTaskCanceledByIdResponse, RespondActivityTaskCanceledRequest,
    RespondActivityTaskCanceledResponse,
};
use klamm_requests::{Result, calls::cancel_activity_task, tokens};

use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RespondActivityTaskCanceledRequest,
) -> Result<RespondActivityTaskCanceledResponse> {
    let namespaces = gateway.backend.namespaces();
    let token = tokens::decode_activity_task(&request.task_token)?;
    let namespace = gateway.token_namespace(&namespaces, &request.namespace, &token.namespace)?;
    gateway.submit(&call, cancel_activity_task::command(request, token, &gateway.terms(namespace))?).await?;
    Ok(RespondActivityTaskCanceledResponse {})
}

pub(super) async fn handle_by_id<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RespondActivityTaskCanceledByIdRequest,
) -> Result<RespondActivityTaskCanceledByIdResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit(&call, cancel_activity_task::command_by_id(request, &gateway.terms(namespace))?).await?;
    Ok(RespondActivityTaskCanceledByIdResponse {})
}
