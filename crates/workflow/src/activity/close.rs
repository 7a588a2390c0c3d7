//! How an attempt ends: either another attempt follows, or the activity is over and its events are written.

use std::time::Duration;

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{ActivityPhase, ActivityState, history_record::Record},
    temporal::{
        common::v1::{Payloads, WorkerVersionStamp},
        enums::v1::{EventType, RetryState},
        failure::v1::Failure,
        history::v1::{
            ActivityTaskCanceledEventAttributes, ActivityTaskCompletedEventAttributes, ActivityTaskFailedEventAttributes,
            ActivityTaskStartedEventAttributes, ActivityTaskTimedOutEventAttributes, history_event::Attributes,
        },
    },
};

use super::{
    failure,
    transition::{PARK, RETRY},
};
use crate::run::{Run, new_event};

/// What became of an activity.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// ActivityTaskCompleted.
    Completed {
        /// The activity's result.
        result: Option<Payloads>,
        /// Identity of the worker that completed it.
        identity: String,
        /// Version of this worker.
        worker_version: Option<WorkerVersionStamp>,
    },
    /// ActivityTaskFailed.
    Failed {
        /// The last attempt's failure.
        failure: Option<Failure>,
        /// Why no attempt follows.
        retry_state: RetryState,
        /// Identity of the worker that reported the failure.
        identity: String,
        /// Version of this worker.
        worker_version: Option<WorkerVersionStamp>,
    },
    /// ActivityTaskTimedOut.
    TimedOut {
        /// Which time-out it was, with the failure of the attempt before as its cause.
        failure: Failure,
        /// Why no attempt follows.
        retry_state: RetryState,
    },
    /// ActivityTaskCanceled.
    Canceled {
        /// The worker's details about the cancellation.
        details: Option<Payloads>,
        /// Identity of the worker that confirmed the cancellation.
        identity: String,
    },
}

impl Outcome {
    /// The worker version that ActivityTaskStarted shows. That event is written only when the activity ends, so it shows the version of the
    /// worker that ended the activity, however the worker got the task (Temporal: mutable_state_impl.go,
    /// addStartedEventForTransientActivity).
    fn worker_version(&self) -> Option<WorkerVersionStamp> {
        match self {
            Self::Completed { worker_version, .. } | Self::Failed { worker_version, .. } => worker_version.clone(),
            Self::TimedOut { .. } | Self::Canceled { .. } => None,
        }
    }
}

/// Ends the activity. Where an attempt is under way, ActivityTaskStarted comes first, with the attempt's real start as event time; then
/// comes the closing event. Both are appended, or both wait for the running workflow task to end. The caller schedules a workflow task.
pub(crate) fn end(run: &mut Run<'_, '_>, activity: &ActivityState, outcome: Outcome) {
    let started_event_id =
        if activity.phase() == ActivityPhase::Started { add_started(run, activity, outcome.worker_version()) } else { 0 };
    let (event_type, attributes) = closing_event(activity, started_event_id, outcome);
    run.add_or_buffer_event(event_type, attributes);
    if activity.pause.is_some() {
        // Lists show which types of activities are paused.
        run.publish_visibility();
    }
}

/// Sends the activity into its next attempt, which begins `interval` from now, and keeps `failure`. `completed_time` is when a worker
/// reported the end of the attempt; a time-out has none. When no attempt is under way, nothing changes.
pub(crate) fn retry(
    run: &mut Run<'_, '_>,
    activity: &ActivityState,
    failure: Option<&Failure>,
    interval: Duration,
    completed_time: Option<Time>,
) {
    let due = run.now().after(interval);
    let next = RETRY.make(activity, |next| {
        next.stamp += 1;
        next.attempt = next.attempt.saturating_add(1);
        next.attempt_scheduled_time = Some(due.into());
        next.retry_interval = Some(klamm_machine::time::to_proto(interval));
        next.started_time = None;
        next.request_id.clear();
        next.last_worker_identity = std::mem::take(&mut next.started_identity);
        next.last_failure = failure.map(failure::kept);
        if let Some(time) = completed_time {
            next.last_attempt_complete_time = Some(time.into());
        }
        begin_attempt(next);
    });
    if let Ok(next) = next {
        run.record(Record::Activity(Box::new(next)));
    }
}

/// As [`retry`], for an activity that an operator holds back: the attempt is counted, and the activity waits without a task.
///
/// Temporal: mutable_state_impl.go, RetryActivity.
pub(crate) fn park(run: &mut Run<'_, '_>, activity: &ActivityState, failure: Option<&Failure>, completed_time: Option<Time>) {
    let next = PARK.make(activity, |next| {
        next.stamp += 1;
        next.attempt = next.attempt.saturating_add(1);
        next.started_time = None;
        next.request_id.clear();
        next.retry_interval = None;
        next.last_worker_identity = std::mem::take(&mut next.started_identity);
        next.last_failure = failure.map(failure::kept);
        if let Some(time) = completed_time {
            next.last_attempt_complete_time = Some(time.into());
        }
    });
    if let Ok(next) = next {
        run.record(Record::Activity(Box::new(next)));
    }
}

/// What a reset by an operator has left for the next attempt is done now.
pub(crate) fn begin_attempt(next: &mut ActivityState) {
    if std::mem::take(&mut next.reset_heartbeat) {
        next.heartbeat_details = None;
        next.last_heartbeat_time = None;
    }
    next.reset = false;
}

/// Writes the ActivityTaskStarted of the attempt, which has been left out until now. Gives its id, or 0 while the event waits in the
/// buffer; then the flush fills in the closing event's `started_event_id`.
fn add_started(run: &mut Run<'_, '_>, activity: &ActivityState, worker_version: Option<WorkerVersionStamp>) -> i64 {
    let started_time = activity.started_time.as_ref().map_or_else(|| run.now(), Time::from);
    let attributes = ActivityTaskStartedEventAttributes {
        scheduled_event_id: activity.scheduled_event_id,
        identity: activity.started_identity.clone(),
        request_id: activity.request_id.clone(),
        attempt: activity.attempt,
        last_failure: activity.last_failure.clone(),
        worker_version,
        build_id_redirect_counter: 0,
    };
    let event = new_event(EventType::ActivityTaskStarted, Attributes::ActivityTaskStartedEventAttributes(attributes), started_time);
    run.add_or_buffer_whole_event(event).unwrap_or(0)
}

/// The closing event for this outcome.
pub(crate) fn closing_event(activity: &ActivityState, started_event_id: i64, outcome: Outcome) -> (EventType, Attributes) {
    let scheduled_event_id = activity.scheduled_event_id;
    match outcome {
        Outcome::Completed { result, identity, .. } => (
            EventType::ActivityTaskCompleted,
            Attributes::ActivityTaskCompletedEventAttributes(ActivityTaskCompletedEventAttributes {
                result,
                scheduled_event_id,
                started_event_id,
                identity,
                ..Default::default()
            }),
        ),
        Outcome::Failed { failure, retry_state, identity, .. } => (
            EventType::ActivityTaskFailed,
            Attributes::ActivityTaskFailedEventAttributes(ActivityTaskFailedEventAttributes {
                failure,
                scheduled_event_id,
                started_event_id,
                identity,
                retry_state: retry_state as i32,
                ..Default::default()
            }),
        ),
        Outcome::TimedOut { failure, retry_state } => (
            EventType::ActivityTaskTimedOut,
            Attributes::ActivityTaskTimedOutEventAttributes(ActivityTaskTimedOutEventAttributes {
                failure: Some(failure),
                scheduled_event_id,
                started_event_id,
                retry_state: retry_state as i32,
            }),
        ),
        Outcome::Canceled { details, identity } => (
            EventType::ActivityTaskCanceled,
            Attributes::ActivityTaskCanceledEventAttributes(ActivityTaskCanceledEventAttributes {
                details,
                latest_cancel_requested_event_id: activity.cancel_requested_event_id,
                scheduled_event_id,
                started_event_id,
                identity,
                ..Default::default()
            }),
        ),
    }
}
