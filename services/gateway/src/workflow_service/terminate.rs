//! TerminateWorkflowExecution: closes an open run at once.

use klamm_messages::{
    klamm::v1::{TerminateWorkflow, command::Body},
    temporal::workflowservice::v1::{TerminateWorkflowExecutionRequest, TerminateWorkflowExecutionResponse},
};
use klamm_processor::Backend;
use uuid::Uuid;

use crate::{call::Call, errors::Result, gateway::Gateway, settings::WorkflowCommand, validate, visibility::VisibilityQueries};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    mut request: TerminateWorkflowExecutionRequest,
) -> Result<TerminateWorkflowExecutionResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let workflow_id = validate::execution::execution(request.workflow_execution.as_ref())?.workflow_id.clone();
    validate::links::check(&request.links, &gateway.config.limits)?;

    validate::canonical::links(&mut request.links);
    // What tells a person's termination from the server's own.
    if request.reason.is_empty() {
        request.reason = "terminated by user via frontend".to_owned();
    }
    if request.identity.is_empty() {
        request.identity = "frontend-service".to_owned();
    }
    let command = WorkflowCommand {
        namespace,
        workflow_id,
        identity: request.identity.clone(),
        request_id: Uuid::new_v4().to_string(),
        body: Body::TerminateWorkflow(TerminateWorkflow { request: Some(request) }),
        may_upsert: false,
    };
    gateway.submit(&call, command).await?;
    Ok(TerminateWorkflowExecutionResponse {})
}
