//! What resets have to do with a run.
//!
//! A run that a reset makes is built by several commands. Until it is whole it is no run for anybody: it is not the newest of its workflow id,
//! has no tasks on queues and is not woken. All of this follows from its first event, which is another run's, and from the phase, so that it
//! does not depend on which earlier records compaction has left.

use klamm_messages::{
    klamm::v1::{ResetPhase, ResetState, RunState},
    temporal::history::v1::WorkflowExecutionStartedEventAttributes,
};

use super::{TaskRows, waiting};

/// Whether the first event of the run `run_id` was copied from another run.
pub(super) fn is_copied(started: &WorkflowExecutionStartedEventAttributes, run_id: &str) -> bool {
    !started.original_execution_run_id.is_empty() && started.original_execution_run_id != run_id
}

/// Applies the whole state. With the last phase the run takes its place.
pub(super) fn apply(run: &mut RunState, state: &ResetState, rows: &mut TaskRows) {
    waiting::change(run, rows, |run| {
        let takes_its_place = state.phase() == ResetPhase::Done;
        run.reset = Some(state.clone());
        if takes_its_place {
            run.start_time = state.time;
            run.run_expiration_time = state.run_expiration_time;
            run.execution_expiration_time = state.execution_expiration_time;
        }
    });
}
