//! TerminateWorkflowExecution: closes an open run at once.

use klamm_messages::{
    klamm::v1::{Command, TerminateWorkflow, command::Body},
    temporal::workflowservice::v1::TerminateWorkflowExecutionRequest,
};

use crate::{fault::Result, terms::Terms, validate};

/// The command.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(mut request: TerminateWorkflowExecutionRequest, terms: &Terms<'_>) -> Result<Command> {
    let workflow_id = validate::execution::execution(request.workflow_execution.as_ref())?.workflow_id.clone();
    validate::links::check(&request.links, terms.limits)?;

    validate::canonical::links(&mut request.links);
    // This reason tells a person's termination from one by the server.
    if request.reason.is_empty() {
        request.reason = "terminated by user via frontend".to_owned();
    }
    if request.identity.is_empty() {
        request.identity = "frontend-service".to_owned();
    }
    let identity = request.identity.clone();
    let body = Body::TerminateWorkflow(TerminateWorkflow { request: Some(request) });
    Ok(Command { request_id: (terms.new_id)(), ..terms.workflow_command(workflow_id, identity, body) })
}
