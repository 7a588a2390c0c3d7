//! Events that wait for the running workflow task to end. They are facts already, but have no ids yet.

use klamm_messages::{
    klamm::v1::{BufferedEvents, RunState},
    temporal::history::v1::history_event::Attributes,
};

use super::{TaskRows, execution, paused};
use crate::{activity, children, external, lineage, timer};

/// Applies the whole list of waiting events. What one of them ends has ended now. The event is applied again when it is appended, which
/// changes nothing more.
pub(super) fn apply(run: &mut RunState, buffered: &BufferedEvents, rows: &mut TaskRows) {
    for event in &buffered.events {
        match &event.attributes {
            Some(Attributes::ActivityTaskCompletedEventAttributes(a)) => {
                lineage::apply_completed(run, a);
                activity::apply_closed(run, a.scheduled_event_id, rows);
            }
            Some(Attributes::ActivityTaskFailedEventAttributes(a)) => activity::apply_closed(run, a.scheduled_event_id, rows),
            Some(Attributes::ActivityTaskTimedOutEventAttributes(a)) => activity::apply_closed(run, a.scheduled_event_id, rows),
            Some(Attributes::ActivityTaskCanceledEventAttributes(a)) => activity::apply_closed(run, a.scheduled_event_id, rows),
            Some(Attributes::TimerFiredEventAttributes(a)) => timer::apply_closed(run, &a.timer_id, a.started_event_id),
            Some(Attributes::ExternalWorkflowExecutionSignaledEventAttributes(a)) => external::apply_closed(run, a.initiated_event_id),
            Some(Attributes::SignalExternalWorkflowExecutionFailedEventAttributes(a)) => external::apply_closed(run, a.initiated_event_id),
            Some(Attributes::ExternalWorkflowExecutionCancelRequestedEventAttributes(a)) => {
                external::apply_closed(run, a.initiated_event_id);
            }
            Some(Attributes::RequestCancelExternalWorkflowExecutionFailedEventAttributes(a)) => {
                external::apply_closed(run, a.initiated_event_id);
            }
            Some(Attributes::ChildWorkflowExecutionStartedEventAttributes(a)) => children::apply_started(run, 0, a),
            Some(Attributes::StartChildWorkflowExecutionFailedEventAttributes(a)) => children::apply_ended(run, a.initiated_event_id),
            Some(Attributes::ChildWorkflowExecutionCompletedEventAttributes(a)) => children::apply_ended(run, a.initiated_event_id),
            Some(Attributes::ChildWorkflowExecutionFailedEventAttributes(a)) => children::apply_ended(run, a.initiated_event_id),
            Some(Attributes::ChildWorkflowExecutionTimedOutEventAttributes(a)) => children::apply_ended(run, a.initiated_event_id),
            Some(Attributes::ChildWorkflowExecutionCanceledEventAttributes(a)) => children::apply_ended(run, a.initiated_event_id),
            Some(Attributes::ChildWorkflowExecutionTerminatedEventAttributes(a)) => children::apply_ended(run, a.initiated_event_id),
            Some(Attributes::WorkflowExecutionCancelRequestedEventAttributes(_)) => run.cancel_requested = true,
            Some(Attributes::WorkflowExecutionPausedEventAttributes(a)) => paused::apply_paused(run, event, a, rows),
            Some(Attributes::WorkflowExecutionUnpausedEventAttributes(_)) => paused::apply_unpaused(run, rows),
            Some(Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(a)) => execution::apply_options(run, a, rows),
            _ => {}
        }
    }
    run.buffered_events.clone_from(&buffered.events);
}
