//! The next attempt of a callback becomes due.

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{CallbackAttempts, RunState, history_record::Record},
    temporal::enums::v1::CallbackState,
};

use crate::run::Run;

/// When the next attempt of one of the run's callbacks is due.
pub(crate) fn next_wake(run: &RunState) -> Option<Time> {
    backing_off(run).filter_map(next_attempt).min()
}

/// Lets the callbacks be called again whose next attempt is due.
pub(crate) fn wake(run: &mut Run<'_, '_>) {
    let now = run.now();
    let state = run.state();
    let is_due = |attempts: &&CallbackAttempts| next_attempt(attempts).is_none_or(|time| time <= now);
    let due: Vec<_> = backing_off(&state).filter(is_due).cloned().collect();
    drop(state);
    for attempts in due {
        let scheduled = CallbackState::Scheduled as i32;
        run.record(Record::Callback(CallbackAttempts { state: scheduled, next_attempt_schedule_time: None, ..attempts }));
    }
}

fn backing_off(run: &RunState) -> impl Iterator<Item = &CallbackAttempts> {
    let attempts = run.callbacks.values().filter_map(|callback| callback.attempts.as_ref());
    attempts.filter(|attempts| attempts.state() == CallbackState::BackingOff)
}

fn next_attempt(attempts: &CallbackAttempts) -> Option<Time> {
    attempts.next_attempt_schedule_time.as_ref().map(Time::from)
}
