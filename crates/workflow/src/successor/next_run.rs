//! Which run follows.

use klamm_messages::temporal::history::v1::{HistoryEvent, history_event::Attributes};

/// The run that a closing event names as the next of the chain. `None` when the chain ends with the event.
pub(crate) fn next_run_id(event: &HistoryEvent) -> Option<&str> {
    let run_id = match event.attributes.as_ref()? {
        Attributes::WorkflowExecutionContinuedAsNewEventAttributes(continued) => &continued.new_execution_run_id,
        Attributes::WorkflowExecutionCompletedEventAttributes(completed) => &completed.new_execution_run_id,
        Attributes::WorkflowExecutionFailedEventAttributes(failed) => &failed.new_execution_run_id,
        Attributes::WorkflowExecutionTimedOutEventAttributes(timed_out) => &timed_out.new_execution_run_id,
        _ => return None,
    };
    Some(run_id.as_str()).filter(|run_id| !run_id.is_empty())
}
