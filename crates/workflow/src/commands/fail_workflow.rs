//! FailWorkflowExecution: the workflow has failed. Workflows have no retry policies yet: a start with one is refused.

use klamm_messages::temporal::{
    command::v1::FailWorkflowExecutionCommandAttributes,
    enums::v1::{EventType, RetryState, WorkflowTaskFailedCause},
    history::v1::{WorkflowExecutionFailedEventAttributes, history_event::Attributes},
};

use super::{CommandContext, CommandFailure, check::encoded_len};
use crate::{decide::limits::blob_fits, run::Run};

/// Fails the run.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    attributes: &FailWorkflowExecutionCommandAttributes,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    const BAD: WorkflowTaskFailedCause = WorkflowTaskFailedCause::BadFailWorkflowExecutionAttributes;
    if attributes.failure.is_none() {
        return Err(CommandFailure::new(BAD, "Failure is not set on FailWorkflowExecutionCommand."));
    }
    if !blob_fits(encoded_len(attributes.failure.as_ref()), cx.settings) {
        return Err(CommandFailure::terminate(BAD, "FailWorkflowExecutionCommandAttributes.Failure exceeds size limit."));
    }
    let failed = WorkflowExecutionFailedEventAttributes {
        failure: attributes.failure.clone(),
        retry_state: RetryState::RetryPolicyNotSet as i32,
        workflow_task_completed_event_id: cx.completed_event_id,
        ..WorkflowExecutionFailedEventAttributes::default()
    };
    run.close_by_command(EventType::WorkflowExecutionFailed, Attributes::WorkflowExecutionFailedEventAttributes(failed), cx);
    Ok(())
}
