//! Only the outcome of a run is kept.

use klamm_messages::klamm::v1::{RunOutcome, RunState};

use super::closed;

/// The run is what the outcome says, whatever was known of it.
pub(super) fn apply(run: &mut RunState, outcome: &RunOutcome) {
    let outcome = outcome.clone();
    let closing = outcome.closing.unwrap_or_default();
    *run = RunState {
        namespace: std::mem::take(&mut run.namespace),
        workflow_id: std::mem::take(&mut run.workflow_id),
        run_id: std::mem::take(&mut run.run_id),
        started: outcome.started,
        start_time: outcome.start_time,
        start_request_id: outcome.start_request_id,
        status: closed::status(closing.event_type()) as i32,
        close_time: closing.event_time,
        next_event_id: closing.event_id.saturating_add(1),
        history_size_bytes: outcome.history_size_bytes,
        state_transition_count: outcome.state_transition_count,
        execution: outcome.execution,
        memo: outcome.memo,
        search_attributes: outcome.search_attributes,
        last_worker_version: outcome.last_worker_version,
        cancel_requested: outcome.cancel_requested,
        run_expiration_time: outcome.run_expiration_time,
        execution_expiration_time: outcome.execution_expiration_time,
        callbacks: outcome.callbacks.into_iter().filter_map(|callback| Some((callback.number, callback.callback?))).collect(),
        attached_requests: outcome.attached_requests,
        reset: outcome.reset,
        reset_base: outcome.reset_base,
        outcome_only: true,
        ..RunState::default()
    };
}
