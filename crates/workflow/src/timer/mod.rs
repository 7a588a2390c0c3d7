//! Timers of a run: started by a command, ended by TimerFired or TimerCanceled.
//!
//! A timer never fires early. It fires at the event time of TimerStarted plus its duration, rounded up to a millisecond. Both times are
//! those of the log's clock.

use klamm_machine::{Time, time};
use klamm_messages::{
    klamm::v1::{PendingTimer, RunState},
    temporal::{
        enums::v1::EventType,
        history::v1::{HistoryEvent, TimerFiredEventAttributes, TimerStartedEventAttributes, history_event::Attributes},
    },
};

use crate::run::Run;

#[cfg(test)]
mod tests;

/// TimerStarted: the timer runs.
pub(crate) fn apply_started(run: &mut RunState, event: &HistoryEvent, attributes: &TimerStartedEventAttributes) {
    let started = Time::or_epoch(event.event_time);
    let duration = attributes.start_to_fire_timeout.as_ref().map(time::duration).unwrap_or_default();
    let timer = PendingTimer {
        timer_id: attributes.timer_id.clone(),
        started_event_id: event.event_id,
        fire_time: Some(started.after(duration).into()),
    };
    run.timers.insert(attributes.timer_id.clone(), timer);
}

/// The timer that `started_event_id` began has fired or was cancelled. The event may still wait in the buffer: then this is called again
/// when it is appended. By then another timer may have the id.
pub(crate) fn apply_closed(run: &mut RunState, timer_id: &str, started_event_id: i64) {
    if run.timers.get(timer_id).is_some_and(|timer| timer.started_event_id == started_event_id) {
        run.timers.remove(timer_id);
    }
}

/// When the timer fires.
pub(crate) fn next_wake(timer: &PendingTimer) -> Option<Time> {
    Some(Time::or_epoch(timer.fire_time))
}

/// Fires all timers that are due, in the order of their times; of equal ones the earlier started comes first. Then schedules one workflow
/// task.
pub(crate) fn wake(run: &mut Run<'_, '_>) {
    let now = run.now();
    let mut due: Vec<_> = run
        .state()
        .timers
        .values()
        .filter_map(|timer| Some((next_wake(timer)?, timer.started_event_id, timer.timer_id.clone())))
        .filter(|(time, ..)| *time <= now)
        .collect();
    if due.is_empty() {
        return;
    }
    due.sort_unstable();
    for (_, started_event_id, timer_id) in due {
        run.add_or_buffer_event(
            EventType::TimerFired,
            Attributes::TimerFiredEventAttributes(TimerFiredEventAttributes { timer_id, started_event_id }),
        );
    }
    run.schedule_workflow_task();
}
