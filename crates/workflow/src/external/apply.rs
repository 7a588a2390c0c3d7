//! What is pending. A run's public events begin it and end it; an internal event tells of further attempts.

use klamm_messages::klamm::v1::{ExternalKind, ExternalState, PendingExternal, RunState};

/// SignalExternalWorkflowExecutionInitiated, RequestCancelExternalWorkflowExecutionInitiated: from now on this is pending.
pub(crate) fn apply_initiated(run: &mut RunState, initiated_event_id: i64, kind: ExternalKind) {
    run.externals.insert(initiated_event_id, PendingExternal { kind: kind as i32, state: None });
}

/// The attempts so far. This changes nothing once the answer is known.
pub(crate) fn apply_state(run: &mut RunState, state: &ExternalState) {
    if let Some(pending) = run.externals.get_mut(&state.initiated_event_id) {
        pending.state = Some(state.clone());
    }
}

/// The answer is known. The event may still wait in the buffer: then this is called again when it is appended.
pub(crate) fn apply_closed(run: &mut RunState, initiated_event_id: i64) {
    run.externals.remove(&initiated_event_id);
}
