//! What the clock does to activities: the four time-outs and the end of a back-off.
//!
//! Temporal: service/history/workflow/timer_sequence.go (when), timer_queue_active_task_executor.go
//! (processSingleActivityTimeoutTask: what then).

use klamm_machine::{Time, time};
use klamm_messages::{
    klamm::v1::{ActivityPhase, PendingActivity, RunState, history_record::Record},
    temporal::enums::v1::{RetryState, TimeoutType},
};

use super::{
    close::{self, Outcome},
    failure, retry,
    transition::DUE,
};
use crate::run::Run;

/// When something is due about an activity at the earliest; `None`: only a worker or the workflow can bring it forward.
pub(crate) fn next_wake(activity: &PendingActivity) -> Option<Time> {
    deadlines(activity).map(|(time, _)| time).chain(attempt_due(activity)).min()
}

/// When the run time of all attempts ends: first scheduling plus schedule-to-close timeout.
pub(crate) fn expiration_time(activity: &PendingActivity) -> Option<Time> {
    let timeout = time::duration_or_none(activity.scheduled.as_ref()?.schedule_to_close_timeout.as_ref())?;
    Some(Time::from(activity.scheduled_time.as_ref()?).after(timeout))
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
            deadlines(activity).filter(|(time, _)| *time <= now).map(move |(time, timeout_type)| (time, *id, timeout_type as i32, attempt))
        })
        .collect();
    drop(state);
    due.sort_unstable();

    let mut closed_any = false;
    for (_, scheduled_event_id, timeout_type, attempt) in due {
        // An earlier time-out of this wake-up may have ended the activity or this attempt.
        let is_same = |state: &RunState| state.activities.get(&scheduled_event_id).map(attempt_of) == Some(attempt);
        if is_same(&run.state()) {
            let timeout_type = TimeoutType::try_from(timeout_type).unwrap_or_default();
            closed_any |= time_out(run, scheduled_event_id, timeout_type);
        }
    }
    schedule_due_attempts(run);
    if closed_any {
        run.schedule_workflow_task();
    }
}

/// Puts every attempt whose time has come onto its task queue.
fn schedule_due_attempts(run: &mut Run<'_, '_>) {
    let now = run.now();
    let due: Vec<_> = run
        .state()
        .activities
        .values()
        .filter(|activity| attempt_due(activity).is_some_and(|time| time <= now))
        .filter_map(|activity| DUE.make(activity.state.as_ref()?, |_| ()).ok())
        .collect();
    for state in due {
        run.record(Record::Activity(state));
    }
}

/// One time-out has come: another attempt, or the end. True when it is the end.
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

/// When the next attempt begins, while it waits for that.
fn attempt_due(activity: &PendingActivity) -> Option<Time> {
    let state = activity.state.as_ref()?;
    if state.phase() != ActivityPhase::BackingOff {
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
    let attempt_scheduled = state.and_then(|state| state.attempt_scheduled_time.as_ref()).map(Time::from);
    let started = state.and_then(|state| state.started_time.as_ref()).map(Time::from);
    let heard = started.max(state.and_then(|state| state.last_heartbeat_time.as_ref()).map(Time::from));

    let to_start = scheduled.and_then(|scheduled| scheduled.schedule_to_start_timeout.as_ref());
    let to_close = scheduled.and_then(|scheduled| scheduled.start_to_close_timeout.as_ref());
    let heartbeat = scheduled.and_then(|scheduled| scheduled.heartbeat_timeout.as_ref());
    [
        (expiration_time(activity), TimeoutType::ScheduleToClose),
        (if is_started { None } else { after(attempt_scheduled, to_start) }, TimeoutType::ScheduleToStart),
        (if is_started { after(started, to_close) } else { None }, TimeoutType::StartToClose),
        (if is_started { after(heard, heartbeat) } else { None }, TimeoutType::Heartbeat),
    ]
    .into_iter()
    .filter_map(|(time, timeout_type)| Some((time?, timeout_type)))
}

/// Number of the attempt that is under way or waits.
fn attempt_of(activity: &PendingActivity) -> i32 {
    activity.state.as_ref().map_or(1, |state| state.attempt)
}

/// A time-out's name, as it stands in messages and in a policy's non-retryable types.
pub(crate) fn timeout_name(timeout_type: TimeoutType) -> &'static str {
    match timeout_type {
        TimeoutType::Unspecified => "Unspecified",
        TimeoutType::StartToClose => "StartToClose",
        TimeoutType::ScheduleToStart => "ScheduleToStart",
        TimeoutType::ScheduleToClose => "ScheduleToClose",
        TimeoutType::Heartbeat => "Heartbeat",
    }
}
