//! FailWorkflowExecution: the workflow has failed.

use klamm_messages::temporal::{
    command::v1::FailWorkflowExecutionCommandAttributes,
    enums::v1::{EventType, WorkflowTaskFailedCause},
    history::v1::{WorkflowExecutionFailedEventAttributes, history_event::Attributes},
};

use super::{CommandContext, CommandFailure, check::encoded_len};
use crate::{
    decide::limits::blob_fits,
    run::Run,
    successor::{self, after_failure},
};

/// Fails the run. Another attempt begins, or the next run of a cron workflow.
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
    let (retry_state, next) = after_failure(&run.state(), attributes.failure.as_ref(), run.now());
    successor::close(run, next, cx.settings, |run, new_execution_run_id| {
        let failed = WorkflowExecutionFailedEventAttributes {
            failure: attributes.failure.clone(),
            retry_state: retry_state as i32,
            workflow_task_completed_event_id: cx.completed_event_id,
            new_execution_run_id,
        };
        run.close_by_command(EventType::WorkflowExecutionFailed, Attributes::WorkflowExecutionFailedEventAttributes(failed), cx);
    });
    Ok(())
}
