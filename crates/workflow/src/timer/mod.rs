//! Timers of a run.

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{PendingTimer, RunState},
    temporal::history::v1::{HistoryEvent, TimerStartedEventAttributes},
};

use crate::run::Run;

/// TimerStarted: the timer runs.
pub(crate) fn apply_started(_run: &mut RunState, _event: &HistoryEvent, _attributes: &TimerStartedEventAttributes) {}

/// The timer that `started_event_id` began has fired or was cancelled (its event may still wait in the buffer: called again when it is appended).
pub(crate) fn apply_closed(_run: &mut RunState, _timer_id: &str, _started_event_id: i64) {}

/// When the timer fires.
pub(crate) fn next_wake(_timer: &PendingTimer) -> Option<Time> {
    None
}

/// Fires the timers that are due, and schedules a workflow task.
pub(crate) fn wake(_run: &mut Run<'_, '_>) {}
