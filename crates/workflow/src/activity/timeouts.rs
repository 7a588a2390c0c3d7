//! Changes of activities that come by time alone: the four time-outs and the end of a back-off.
//!
//! Temporal: service/history/workflow/timer_sequence.go (when they are due), timer_queue_active_task_executor.go
//! (processSingleActivityTimeoutTask: what follows).

use klamm_machine::{Time, time};
use klamm_messages::{
    klamm::v1::{ActivityPhase, PendingActivity, RunState, history_record::Record},
    temporal::enums::v1::{RetryState, TimeoutType},
};

use super::{
    close::{self, Outcome},
    failure, is_paused, retry,
    transition::DUE,
};
use crate::run::{self, Run};

/// The earliest time at which something is due about an activity; `None` when only a worker or the workflow can change it.
/// `run_is_paused`: no attempt begins.
pub(crate) fn next_wake(activity: &PendingActivity, run_is_paused: bool) -> Option<Time> {
    let attempt = attempt_due(activity).filter(|_| !run_is_paused);
    deadlines(activity).map(|(time, _)| time).chain(attempt).min()
}

/// When the attempt that is under way times out, unless it ends before that. (It may time out earlier for want of a heartbeat.)
pub(crate) fn attempt_deadline(activity: &PendingActivity) -> Option<Time> {
    deadlines(activity).filter(|(_, timeout_type)| *timeout_type != TimeoutType::Heartbeat).map(|(time, _)| time).min()
}

/// Does all that is due by now: time-outs first, in the order of their time, then the next attempts whose time has come. Schedules a workflow
/// task when an activity has ended.
pub(crate) fn wake(run: &mut Run<'_, '_>) {
    let now = run.now();
    let state = run.state();
    let mut due: Vec<_> = state
        .activities
        .iter()
        .flat_map(|(id, activity)| {
            let attempt = attempt_of(activity);
            let due = deadlines(activity).filter(|(time, _)| *time <= now);
            due.map(move |(time, timeout_type)| Due { time, scheduled_event_id: *id, rank: rank(timeout_type), timeout_type, attempt })
        })
        .collect();
    drop(state);
    due.sort_unstable_by_key(|due| (due.time, due.scheduled_event_id, due.rank));

    let mut closed_any = false;
    for Due { scheduled_event_id, timeout_type, attempt, .. } in due {
        // An earlier time-out of this wake-up may have ended the activity or this attempt.
        let is_same = |state: &RunState| state.activities.get(&scheduled_event_id).map(attempt_of) == Some(attempt);
        if is_same(&run.state()) {
            closed_any |= time_out(run, scheduled_event_id, timeout_type);
        }
    }
    schedule_due_attempts(run);
    if closed_any {
        run.schedule_workflow_task();
    }
}

/// A time-out that has come.
struct Due {
    time: Time,
    scheduled_event_id: i64,
    rank: u8,
    timeout_type: TimeoutType,
    attempt: i32,
}

/// The order of an activity's time-outs that are due in the same millisecond. Those that count from the scheduling come first. The reason:
/// a task starts at least a fraction of a millisecond after it was scheduled. Temporal's times show that fraction, ours do not.
fn rank(timeout_type: TimeoutType) -> u8 {
    match timeout_type {
        TimeoutType::ScheduleToStart | TimeoutType::Unspecified => 0,
        TimeoutType::ScheduleToClose => 1,
        TimeoutType::StartToClose => 2,
        TimeoutType::Heartbeat => 3,
    }
}

/// Puts every attempt whose time has come onto its task queue, unless the run is paused.
pub(crate) fn schedule_due_attempts(run: &mut Run<'_, '_>) {
    let now = run.now();
    if run::is_paused(&run.state()) {
        return;
    }
    let due: Vec<_> = run
        .state()
        .activities
        .values()
        .filter(|activity| attempt_due(activity).is_some_and(|time| time <= now))
        .filter_map(|activity| DUE.make(activity.state.as_ref()?, |_| ()).ok())
        .collect();
    for state in due {
        run.record(Record::Activity(Box::new(state)));
    }
}

/// Carries out one time-out: another attempt follows, or the activity ends. True when it ends.
fn time_out(run: &mut Run<'_, '_>, scheduled_event_id: i64, timeout_type: TimeoutType) -> bool {
    let now = run.now();
    let state = run.state();
    let Some(activity) = state.activities.get(&scheduled_event_id) else { return false };
    let mut failure = failure::timeout(timeout_type);
    let next = retry::next(activity, Some(&failure), now);
    let activity = activity.state.clone().unwrap_or_default();
    drop(state);

    let retry_state = match next {
        retry::Next::Attempt(interval) => {
            close::retry(run, &activity, Some(&failure), interval, None);
            return false;
        }
        retry::Next::Park => {
            close::park(run, &activity, Some(&failure), None);
            return false;
        }
        retry::Next::End(retry_state) => retry_state,
    };
    if retry_state == RetryState::Timeout && timeout_type != TimeoutType::ScheduleToStart {
        failure = failure::no_time_left();
    }
    failure::set_last_heartbeat_details(&mut failure, activity.heartbeat_details.clone());
    failure.cause = activity.last_failure.clone().map(Box::new);
    close::end(run, &activity, Outcome::TimedOut { failure, retry_state });
    true
}

/// When the next attempt begins; `None` unless the activity waits for that.
fn attempt_due(activity: &PendingActivity) -> Option<Time> {
    let state = activity.state.as_ref()?;
    if state.phase() != ActivityPhase::BackingOff || is_paused(state) {
        return None;
    }
    Some(Time::or_epoch(state.attempt_scheduled_time))
}

/// The time-outs that run for an activity in its present phase.
fn deadlines(activity: &PendingActivity) -> impl Iterator<Item = (Time, TimeoutType)> {
    let scheduled = activity.scheduled.as_ref();
    let state = activity.state.as_ref();
    let after = |from: Option<Time>, timeout: Option<&prost_types::Duration>| Some(from?.after(time::duration_or_none(timeout)?));
    let is_started = state.is_some_and(|state| state.phase() == ActivityPhase::Started);
    // No time-out of a paused activity takes effect (timer_sequence.go, LoadAndSortActivityTimers).
    let runs = !state.is_some_and(is_paused);
    let attempt_scheduled = state.and_then(|state| state.attempt_scheduled_time.as_ref()).map(Time::from);
    let started = state.and_then(|state| state.started_time.as_ref()).map(Time::from);
    let heard = started.max(state.and_then(|state| state.last_heartbeat_time.as_ref()).map(Time::from));

    let to_start = scheduled.and_then(|scheduled| scheduled.schedule_to_start_timeout.as_ref());
    let to_close = scheduled.and_then(|scheduled| scheduled.start_to_close_timeout.as_ref());
    let heartbeat = scheduled.and_then(|scheduled| scheduled.heartbeat_timeout.as_ref());
    [
        (retry::expiration_time(activity), TimeoutType::ScheduleToClose),
        (if is_started { None } else { after(attempt_scheduled, to_start) }, TimeoutType::ScheduleToStart),
        (if is_started { after(started, to_close) } else { None }, TimeoutType::StartToClose),
        (if is_started { after(heard, heartbeat) } else { None }, TimeoutType::Heartbeat),
    ]
    .into_iter()
    .filter_map(move |(time, timeout_type)| Some((time.filter(|_| runs)?, timeout_type)))
}

/// Number of the attempt that is under way or that waits.
fn attempt_of(activity: &PendingActivity) -> i32 {
    activity.state.as_ref().map_or(1, |state| state.attempt)
}
