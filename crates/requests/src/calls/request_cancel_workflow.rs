//! RequestCancelWorkflowExecution: asks an open run to cancel itself.

use klamm_messages::{
    klamm::v1::{Command, RequestCancelWorkflow, command::Body},
    temporal::workflowservice::v1::RequestCancelWorkflowExecutionRequest,
};

use crate::{fault::Result, terms::Terms, validate};

/// The command.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(mut request: RequestCancelWorkflowExecutionRequest, terms: &Terms<'_>) -> Result<Command> {
    let workflow_id = validate::execution::execution(request.workflow_execution.as_ref())?.workflow_id.clone();
    validate::links::check(&request.links, terms.limits)?;

    validate::canonical::links(&mut request.links);
    if request.request_id.is_empty() {
        // With a request id, a command that the front sends twice takes effect once.
        request.request_id = (terms.new_id)();
    }
    let identity = request.identity.clone();
    Ok(terms.workflow_command(workflow_id, identity, Body::RequestCancelWorkflow(RequestCancelWorkflow { request: Some(request) })))
}
