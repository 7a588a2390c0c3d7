//! How events change a run's children.

use klamm_messages::{
    klamm::v1::{PendingChild, RunState},
    temporal::history::v1::{
        ChildWorkflowExecutionStartedEventAttributes, HistoryEvent, StartChildWorkflowExecutionInitiatedEventAttributes,
    },
};

/// StartChildWorkflowExecutionInitiated: the child is pending.
pub(crate) fn apply_initiated(run: &mut RunState, event: &HistoryEvent, attributes: &StartChildWorkflowExecutionInitiatedEventAttributes) {
    let child = PendingChild {
        workflow_id: attributes.workflow_id.clone(),
        workflow_type: attributes.workflow_type.as_ref().map(|workflow_type| workflow_type.name.clone()).unwrap_or_default(),
        parent_close_policy: attributes.parent_close_policy,
        ..PendingChild::default()
    };
    run.children.insert(event.event_id, child);
}

/// ChildWorkflowExecutionStarted. `event_id` is 0 while the event waits in the buffer; this is called again when the event is appended.
pub(crate) fn apply_started(run: &mut RunState, event_id: i64, attributes: &ChildWorkflowExecutionStartedEventAttributes) {
    let Some(child) = run.children.get_mut(&attributes.initiated_event_id) else { return };
    child.started_run_id = attributes.workflow_execution.as_ref().map(|execution| execution.run_id.clone()).unwrap_or_default();
    child.started_event_id = event_id;
}

/// The child has ended, or was not started. The event may still wait in the buffer; then this is called again when it is appended.
pub(crate) fn apply_ended(run: &mut RunState, initiated_event_id: i64) {
    run.children.remove(&initiated_event_id);
}
