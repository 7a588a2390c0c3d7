//! PauseWorkflowExecution: a run gets no tasks until it is unpaused.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{PauseWorkflowExecutionRequest, PauseWorkflowExecutionResponse};
use klamm_requests::{Result, calls::pause_workflow};

use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: PauseWorkflowExecutionRequest,
) -> Result<PauseWorkflowExecutionResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit(&call, pause_workflow::command(request, &gateway.terms(namespace))?).await?;
    Ok(PauseWorkflowExecutionResponse {})
}
