//! Keeps only the outcome of a completed run, where the settings ask for it.
//!
//! All records of the run get their tombstones, and one record with the outcome follows them. So a fold ends the run and begins it anew, with
//! what is kept; and when the topic has been compacted, the outcome alone gives the same state.

use klamm_messages::{
    klamm::v1::{AttachedCallback, CommandSettings, NumberedCallback, RunOutcome, RunState, history_record::Record},
    temporal::enums::v1::WorkflowExecutionStatus,
};

use super::{Run, workflow_type};
use crate::{
    Event,
    decide::{locate, wake_up},
    tables::History,
};

impl Run<'_, '_> {
    /// Forgets the events of a run that has just completed, if the settings name its type. A run is spared while another one is being built
    /// from its events.
    pub(crate) fn keep_only_outcome(&mut self, settings: &CommandSettings) {
        let state = self.state();
        let is_needed = state.reset_base.as_ref().is_some_and(|base| !base.building_run_id.is_empty()) || state.workflow_id_freed;
        let is_completed = state.status() == WorkflowExecutionStatus::Completed && !state.outcome_only;
        if !is_completed || is_needed || !names(&settings.outcome_only, &workflow_type(&state)) {
            return;
        }
        let Some(closing) = self.tx.get::<History>(&(self.key.clone(), state.next_event_id - 1)) else { return };
        let current = locate::current(self.tx, &self.key.namespace, &self.key.workflow_id);
        let is_current = current.as_ref() == Some(&self.key);
        let outcome = RunOutcome { closing: Some((*closing).clone()), is_current, ..outcome(&state) };
        self.tx.emit(Event::Delete {
            namespace: self.key.namespace.clone(),
            workflow_id: self.key.workflow_id.clone(),
            run_id: self.key.run_id.clone(),
            key_suffixes: wake_up::key_suffixes(self, state.next_event_id),
        });
        self.record(Record::Outcome(Box::new(outcome)));
    }
}

/// Workflows of the server's own (batch operations) are described by their events.
const OF_THE_SERVER: &str = "temporal-sys-";

/// Whether one of the patterns stands for the workflow type.
pub(crate) fn names(patterns: &[String], workflow_type: &str) -> bool {
    let is_named = |pattern: &String| match pattern.strip_suffix('*') {
        Some(beginning) => workflow_type.starts_with(beginning),
        None => pattern == workflow_type,
    };
    !workflow_type.starts_with(OF_THE_SERVER) && patterns.iter().any(is_named)
}

/// A callback with its number.
fn numbered((number, callback): (&i32, &AttachedCallback)) -> NumberedCallback {
    NumberedCallback { number: *number, callback: Some(callback.clone()) }
}

/// What is kept of the run, without its last event.
fn outcome(state: &RunState) -> RunOutcome {
    RunOutcome {
        started: state.started.clone(),
        start_time: state.start_time,
        start_request_id: state.start_request_id.clone(),
        closing: None,
        history_size_bytes: state.history_size_bytes,
        state_transition_count: state.state_transition_count,
        execution: state.execution.clone(),
        memo: state.memo.clone(),
        search_attributes: state.search_attributes.clone(),
        last_worker_version: state.last_worker_version.clone(),
        cancel_requested: state.cancel_requested,
        run_expiration_time: state.run_expiration_time,
        execution_expiration_time: state.execution_expiration_time,
        callbacks: state.callbacks.iter().map(numbered).collect(),
        attached_requests: state.attached_requests.clone(),
        reset: state.reset.clone(),
        reset_base: state.reset_base.clone(),
        is_current: false,
    }
}
