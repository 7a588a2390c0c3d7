//! CompleteWorkflowExecution: the workflow is done.

use klamm_messages::temporal::{
    command::v1::CompleteWorkflowExecutionCommandAttributes,
    enums::v1::{EventType, WorkflowTaskFailedCause},
    history::v1::{WorkflowExecutionCompletedEventAttributes, history_event::Attributes},
};

use super::{CommandContext, CommandFailure, check::encoded_len};
use crate::{
    decide::limits::blob_fits,
    run::Run,
    successor::{self, after_success},
};

/// Completes the run. If it is of a cron workflow, the next one begins.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    attributes: &CompleteWorkflowExecutionCommandAttributes,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    if !blob_fits(encoded_len(attributes.result.as_ref()), cx.settings) {
        return Err(CommandFailure::terminate(
            // Not a mistake: Temporal uses this cause here.
            WorkflowTaskFailedCause::BadScheduleActivityAttributes,
            "CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit.",
        ));
    }
    let next = after_success(&run.state(), attributes.result.as_ref(), run.now());
    successor::close(run, next, cx.settings, |run, new_execution_run_id| {
        let completed = WorkflowExecutionCompletedEventAttributes {
            result: attributes.result.clone(),
            workflow_task_completed_event_id: cx.completed_event_id,
            new_execution_run_id,
        };
        run.close_by_command(EventType::WorkflowExecutionCompleted, Attributes::WorkflowExecutionCompletedEventAttributes(completed), cx);
    });
    Ok(())
}
