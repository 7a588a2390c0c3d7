//! To which points of its history a run can be reset: a workflow task must be pending there.

use klamm_machine::{Rejection, Tx};
use klamm_messages::temporal::enums::v1::EventType;

use crate::{
    Workflow,
    tables::{History, RunKey},
};

/// Events that are looked at together, from the point backwards.
const PART: i64 = 256;

/// Checks that a workflow task is pending after the events before `fork_event_id`.
///
/// # Errors
/// InvalidArgument when none is.
pub(crate) fn check_point(tx: &Tx<'_, Workflow>, base: &RunKey, fork_event_id: i64) -> Result<(), Rejection> {
    let mut end = fork_event_id;
    while end > 1 {
        let first = end.saturating_sub(PART).max(1);
        let (from, to) = History::range(base, first, end);
        for (_, event) in tx.range::<History>(&from, &to, usize::MAX).into_iter().rev() {
            match event.event_type() {
                EventType::WorkflowTaskScheduled | EventType::WorkflowTaskStarted => return Ok(()),
                EventType::WorkflowTaskCompleted | EventType::WorkflowTaskFailed | EventType::WorkflowTaskTimedOut => end = 0,
                _ => {}
            }
            if end == 0 {
                break;
            }
        }
        end = end.min(first);
    }
    Err(Rejection::invalid(format!(
        "Can only reset workflow to event ID in range [WorkflowTaskScheduled +1, WorkflowTaskStarted + 1]: {fork_event_id}"
    )))
}
