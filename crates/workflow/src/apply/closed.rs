//! The run has closed.

use klamm_machine::{Time, time};
use klamm_messages::{
    klamm::v1::RunState,
    temporal::{
        enums::v1::{EventType, WorkflowExecutionStatus},
        history::v1::HistoryEvent,
    },
};

use super::{TaskRows, workflow_task};
use crate::{activity, callback, successor::next_run_id};

/// An hour in milliseconds. Closed runs are deleted at full hours, so that their tombstones are written together.
const HOUR_MILLIS: i64 = 3_600_000;

/// Applies any closing event. From now on the run waits for nothing but its deletion. What was pending is kept, so that describe can show
/// it.
pub(super) fn apply(run: &mut RunState, event: &HistoryEvent, rows: &mut TaskRows) {
    workflow_task::withdraw(run, rows);
    activity::apply_run_closed(run, rows);
    callback::apply_closed(run, event);
    run.status = status(event.event_type()) as i32;
    run.close_time = event.event_time;
    run.buffered_events.clear();
    run.sticky = None;
    run.first_workflow_task_time = None;
    run.timers.clear();
    run.externals.clear();
    if next_run_id(event).is_some() {
        expire_reset_points(run);
    }
    set_delete_time(run);
}

/// The run's reset points were handed on to the next run. They expire when this run is deleted.
fn expire_reset_points(run: &mut RunState) {
    let retention = run.execution.as_ref().and_then(|execution| time::duration_or_none(execution.retention.as_ref()));
    let (Some(points), Some(close_time)) = (&mut run.auto_reset_points, &run.close_time) else { return };
    let expire_time = Time::from(close_time).after(retention.unwrap_or_default());
    for point in points.points.iter_mut().filter(|point| point.run_id == run.run_id) {
        point.expire_time = Some(expire_time.into());
    }
}

/// When the closed run is deleted: close time plus retention, rounded up to the next full hour. A retention of less than an hour is not
/// rounded.
pub(super) fn set_delete_time(run: &mut RunState) {
    let (Some(close_time), Some(execution)) = (&run.close_time, &mut run.execution) else { return };
    let Some(retention) = time::duration_or_none(execution.retention.as_ref()) else { return };
    let exact = Time::from(close_time).after(retention);
    let hourly = retention.as_secs() >= 3600;
    let delete_time = if hourly { full_hour(exact) } else { exact };
    execution.delete_time = Some(delete_time.into());
}

/// The first full hour at or after `time`.
fn full_hour(time: Time) -> Time {
    let hours = time.millis().div_euclid(HOUR_MILLIS) + i64::from(time.millis().rem_euclid(HOUR_MILLIS) != 0);
    Time::from_millis(hours.saturating_mul(HOUR_MILLIS))
}

/// Status that a closing event gives.
pub(super) fn status(event_type: EventType) -> WorkflowExecutionStatus {
    match event_type {
        EventType::WorkflowExecutionCompleted => WorkflowExecutionStatus::Completed,
        EventType::WorkflowExecutionFailed => WorkflowExecutionStatus::Failed,
        EventType::WorkflowExecutionTimedOut => WorkflowExecutionStatus::TimedOut,
        EventType::WorkflowExecutionCanceled => WorkflowExecutionStatus::Canceled,
        EventType::WorkflowExecutionContinuedAsNew => WorkflowExecutionStatus::ContinuedAsNew,
        _ => WorkflowExecutionStatus::Terminated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deletion_waits_for_the_full_hour() {
        for (time, expected) in [(0, 0), (1, HOUR_MILLIS), (HOUR_MILLIS, HOUR_MILLIS), (HOUR_MILLIS + 1, 2 * HOUR_MILLIS)] {
            assert_eq!(full_hour(Time::from_millis(time)).millis(), expected);
        }
    }
}
