//! ResetStickyTaskQueue: clears the sticky queue of one run.

use klamm_messages::{
    klamm::v1::{Command, ResetStickyTaskQueue, command::Body},
    temporal::workflowservice::v1::ResetStickyTaskQueueRequest,
};

use crate::{fault::Result, terms::Terms, validate};

/// The command.
///
/// # Errors
/// What Temporal says of a bad execution.
pub fn command(request: &ResetStickyTaskQueueRequest, terms: &Terms<'_>) -> Result<Command> {
    let execution = validate::execution::execution(request.execution.as_ref())?.clone();
    let body = Body::ResetStickyTaskQueue(ResetStickyTaskQueue { run_id: execution.run_id });
    Ok(terms.workflow_command(execution.workflow_id, String::new(), body))
}
