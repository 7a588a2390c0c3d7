//! DeleteWorkflowExecution: removes one run. An open one is terminated first.

use klamm_messages::{
    klamm::v1::{Command, DeleteWorkflow, command::Body},
    temporal::workflowservice::v1::DeleteWorkflowExecutionRequest,
};

use crate::{fault::Result, terms::Terms, validate};

/// The command.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(request: DeleteWorkflowExecutionRequest, terms: &Terms<'_>) -> Result<Command> {
    let execution = validate::execution::execution(request.workflow_execution.as_ref())?;
    let body = Body::DeleteWorkflow(DeleteWorkflow { run_id: execution.run_id.clone() });
    Ok(Command { request_id: (terms.new_id)(), ..terms.workflow_command(execution.workflow_id.clone(), String::new(), body) })
}
