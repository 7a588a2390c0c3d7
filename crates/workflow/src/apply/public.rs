//! Changes that every public event makes: ids, size and transitions of the run.

use klamm_messages::{
    klamm::v1::RunState,
    temporal::{enums::v1::EventType, history::v1::HistoryEvent},
};
use prost::Message;

/// Counts the event.
pub(super) fn count(run: &mut RunState, event: &HistoryEvent) {
    run.next_event_id = run.next_event_id.max(event.event_id.saturating_add(1));
    let size = i64::try_from(event.encoded_len()).unwrap_or(i64::MAX);
    run.history_size_bytes = run.history_size_bytes.saturating_add(size);
    if begins_transition(event.event_type()) {
        run.state_transition_count = run.state_transition_count.saturating_add(1);
    }
}

/// Whether the event counts as a state transition: true for a change of its own, false for an event that accompanies another.
fn begins_transition(event_type: EventType) -> bool {
    matches!(
        event_type,
        EventType::WorkflowExecutionStarted
            | EventType::WorkflowTaskStarted
            | EventType::WorkflowTaskCompleted
            | EventType::WorkflowTaskFailed
            | EventType::WorkflowTaskTimedOut
            | EventType::WorkflowExecutionSignaled
            | EventType::WorkflowExecutionCancelRequested
            | EventType::WorkflowExecutionTerminated
            | EventType::WorkflowExecutionTimedOut
            | EventType::WorkflowExecutionOptionsUpdated
            | EventType::WorkflowExecutionPaused
            | EventType::WorkflowExecutionUnpaused
            | EventType::ActivityTaskCompleted
            | EventType::ActivityTaskFailed
            | EventType::ActivityTaskTimedOut
            | EventType::TimerFired
            | EventType::ExternalWorkflowExecutionSignaled
            | EventType::SignalExternalWorkflowExecutionFailed
            | EventType::ExternalWorkflowExecutionCancelRequested
            | EventType::RequestCancelExternalWorkflowExecutionFailed
            | EventType::StartChildWorkflowExecutionFailed
            | EventType::ChildWorkflowExecutionStarted
            | EventType::ChildWorkflowExecutionCompleted
            | EventType::ChildWorkflowExecutionFailed
            | EventType::ChildWorkflowExecutionTimedOut
            | EventType::ChildWorkflowExecutionCanceled
            | EventType::ChildWorkflowExecutionTerminated
    )
}
