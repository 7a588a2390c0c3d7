//! What happened to children after the point happens again, as far as the new run waits for them.
//!
//! Temporal: workflow_resetter.go, reapplyChildEvents.

use klamm_messages::{
    klamm::v1::{PendingChild, ResetState, RunState},
    temporal::{
        enums::v1::EventType,
        history::v1::{HistoryEvent, history_event::Attributes},
    },
};

/// The event as it happens again. `None` for one that is about no child, or about a child that was started after the point or has ended. Only
/// events of the base count: runs that it has continued as have children of their own.
pub(super) fn again(run: &RunState, reset: &ResetState, event: &HistoryEvent) -> Option<(EventType, Attributes)> {
    if reset.source_run_id != reset.base_run_id {
        return None;
    }
    let pending = |initiated: i64| run.children.get(&initiated).filter(|_| initiated < reset.fork_event_id);
    let mut attributes = event.attributes.clone()?;
    match &mut attributes {
        Attributes::ChildWorkflowExecutionStartedEventAttributes(started) => {
            pending(started.initiated_event_id).filter(|child| child.started_run_id.is_empty())?;
        }
        Attributes::StartChildWorkflowExecutionFailedEventAttributes(failed) => {
            pending(failed.initiated_event_id)?;
        }
        Attributes::ChildWorkflowExecutionCompletedEventAttributes(end) => {
            end.started_event_id = started(pending(end.initiated_event_id)?);
        }
        Attributes::ChildWorkflowExecutionFailedEventAttributes(end) => {
            end.started_event_id = started(pending(end.initiated_event_id)?);
        }
        Attributes::ChildWorkflowExecutionCanceledEventAttributes(end) => {
            end.started_event_id = started(pending(end.initiated_event_id)?);
        }
        Attributes::ChildWorkflowExecutionTimedOutEventAttributes(end) => {
            end.started_event_id = started(pending(end.initiated_event_id)?);
        }
        Attributes::ChildWorkflowExecutionTerminatedEventAttributes(end) => {
            end.started_event_id = started(pending(end.initiated_event_id)?);
        }
        _ => return None,
    }
    Some((event.event_type(), attributes))
}

/// The new run's event about the start of the child.
fn started(child: &PendingChild) -> i64 {
    child.started_event_id
}
