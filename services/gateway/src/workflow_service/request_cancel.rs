//! RequestCancelWorkflowExecution: asks an open run to cancel itself.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{RequestCancelWorkflowExecutionRequest, RequestCancelWorkflowExecutionResponse};
use klamm_requests::{Result, calls::request_cancel_workflow};

use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RequestCancelWorkflowExecutionRequest,
) -> Result<RequestCancelWorkflowExecutionResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit(&call, request_cancel_workflow::command(request, &gateway.terms(namespace))?).await?;
    Ok(RequestCancelWorkflowExecutionResponse {})
}
