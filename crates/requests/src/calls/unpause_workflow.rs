//! UnpauseWorkflowExecution: a paused run goes on.

use klamm_messages::{
    klamm::v1::{Command, UnpauseWorkflow, command::Body},
    temporal::{common::v1::WorkflowExecution, workflowservice::v1::UnpauseWorkflowExecutionRequest},
};

use crate::{fault::Result, terms::Terms, validate};

/// The command.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(request: UnpauseWorkflowExecutionRequest, terms: &Terms<'_>) -> Result<Command> {
    validate::ids::at_most(&request.reason, terms.limits, "reason is too long.")?;
    validate::ids::at_most(&request.request_id, terms.limits, "request id is too long.")?;
    validate::ids::at_most(&request.identity, terms.limits, "identity is too long.")?;
    let execution = WorkflowExecution { workflow_id: request.workflow_id, run_id: request.run_id };
    let workflow_id = validate::execution::execution(Some(&execution))?.workflow_id.clone();
    let body = UnpauseWorkflow { execution: Some(execution), reason: request.reason, request_id: request.request_id };
    Ok(terms.workflow_command(workflow_id, request.identity, Body::UnpauseWorkflow(body)))
}
