//! A run is terminated because one that a reset made takes its place.
//!
//! The new run has the callbacks that the copied events attach, and the end of the old one is no end of the workflow for anybody.
//!
//! Temporal: workflow_resetter.go (WorkflowWasReset), mutable_state_impl.go (processCloseCallbacks).

use klamm_messages::{
    klamm::v1::{CallbackAttempts, history_record::Record},
    temporal::enums::v1::CallbackState,
};

use crate::run::Run;

/// Lets the run's callbacks stand by for good. The run is terminated next; nothing waits for its workflow task any more.
pub(crate) fn stay(run: &mut Run<'_, '_>) {
    let state = run.state();
    let attempts = state.callbacks.values().filter_map(|callback| callback.attempts.as_ref());
    let standing_by: Vec<_> = attempts.filter(|attempts| attempts.state() == CallbackState::Standby).cloned().collect();
    drop(state);
    for attempts in standing_by {
        run.record(Record::Callback(CallbackAttempts { stays: true, ..attempts }));
    }
}
