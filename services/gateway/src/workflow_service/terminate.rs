//! TerminateWorkflowExecution: closes an open run at once.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{TerminateWorkflowExecutionRequest, TerminateWorkflowExecutionResponse};
use klamm_requests::{Result, calls::terminate_workflow};

use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: TerminateWorkflowExecutionRequest,
) -> Result<TerminateWorkflowExecutionResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit(&call, terminate_workflow::command(request, &gateway.terms(namespace))?).await?;
    Ok(TerminateWorkflowExecutionResponse {})
}
