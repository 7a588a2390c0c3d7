//! RequestCancelWorkflowExecution: asks an open run to cancel itself.

use klamm_messages::{
    klamm::v1::{RequestCancelWorkflow, command::Body},
    temporal::workflowservice::v1::{RequestCancelWorkflowExecutionRequest, RequestCancelWorkflowExecutionResponse},
};
use klamm_processor::Backend;
use uuid::Uuid;

use crate::{call::Call, errors::Result, gateway::Gateway, settings::WorkflowCommand, validate, visibility::VisibilityQueries};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    mut request: RequestCancelWorkflowExecutionRequest,
) -> Result<RequestCancelWorkflowExecutionResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let workflow_id = validate::execution::execution(request.workflow_execution.as_ref())?.workflow_id.clone();
    validate::links::check(&request.links, &gateway.config.limits)?;

    validate::canonical::links(&mut request.links);
    if request.request_id.is_empty() {
        // So that the gateway's own re-sends take effect once.
        request.request_id = Uuid::new_v4().to_string();
    }
    let command = WorkflowCommand {
        namespace,
        workflow_id,
        identity: request.identity.clone(),
        request_id: String::new(),
        body: Body::RequestCancelWorkflow(RequestCancelWorkflow { request: Some(request) }),
        may_upsert: false,
    };
    gateway.submit(&call, command).await?;
    Ok(RequestCancelWorkflowExecutionResponse {})
}
