//! UnpauseWorkflowExecution: a paused run goes on.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{UnpauseWorkflowExecutionRequest, UnpauseWorkflowExecutionResponse};
use klamm_requests::{Result, calls::unpause_workflow};

use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: UnpauseWorkflowExecutionRequest,
) -> Result<UnpauseWorkflowExecutionResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit(&call, unpause_workflow::command(request, &gateway.terms(namespace))?).await?;
    Ok(UnpauseWorkflowExecutionResponse {})
}
