//! How events change a run's activities, and the tasks that wait for workers.
//!
//! ActivityTaskScheduled alone says how an activity begins (attempt 1, stamp 1, on its queue), so there is no internal record of that.
//! Stamps count per activity. So they depend on nothing that compaction may have taken away.

use klamm_messages::{
    klamm::v1::{ActivityPhase, ActivityState, PendingActivity, RunState, TaskKind, TaskRow},
    temporal::{
        activity::v1::ActivityOptions,
        common::v1::{Priority, RetryPolicy},
        history::v1::{ActivityTaskCancelRequestedEventAttributes, ActivityTaskScheduledEventAttributes, HistoryEvent},
    },
};

use super::is_paused;
use crate::{apply::TaskRows, priority, run};

/// Stamp of an activity's first task.
const FIRST_STAMP: i64 = 1;

/// ActivityTaskScheduled: the activity waits on its queue.
pub(crate) fn apply_scheduled(
    run: &mut RunState,
    event: &HistoryEvent,
    attributes: &ActivityTaskScheduledEventAttributes,
    rows: &mut TaskRows,
) {
    let state = ActivityState {
        scheduled_event_id: event.event_id,
        stamp: FIRST_STAMP,
        attempt: 1,
        phase: ActivityPhase::Scheduled as i32,
        attempt_scheduled_time: event.event_time,
        ..ActivityState::default()
    };
    // Input and header may be large, and are needed only once per attempt. They are read from the history then.
    let scheduled = ActivityTaskScheduledEventAttributes { input: None, header: None, ..attributes.clone() };
    let activity = PendingActivity { scheduled: Some(scheduled), scheduled_time: event.event_time, state: Some(state) };
    if let Some(row) = task_row(run, &activity) {
        rows.put(row);
    }
    run.activity_ids.insert(attributes.activity_id.clone(), event.event_id);
    run.activities.insert(event.event_id, activity);
}

/// An attempt, a start or a heartbeat: the record holds the whole state of the activity.
pub(crate) fn apply_state(run: &mut RunState, state: &ActivityState, rows: &mut TaskRows) {
    let Some(mut activity) = run.activities.remove(&state.scheduled_event_id) else { return };
    let old = task_row(run, &activity);
    activity.state = Some(state.clone());
    if state.first_scheduled_time.is_some() {
        activity.scheduled_time = state.first_scheduled_time;
    }
    if let (Some(options), Some(scheduled)) = (&state.options, &mut activity.scheduled) {
        put_into_force(scheduled, options);
    }
    let new = task_row(run, &activity);
    if old != new {
        old.into_iter().for_each(|row| rows.remove(row));
        new.into_iter().for_each(|row| rows.put(row));
    }
    run.activities.insert(state.scheduled_event_id, activity);
}

/// Lays the options that an operator has set over those of the event. Which failures are retried is never changed.
fn put_into_force(scheduled: &mut ActivityTaskScheduledEventAttributes, options: &ActivityOptions) {
    if let (Some(queue), Some(told)) = (&mut scheduled.task_queue, &options.task_queue) {
        queue.name.clone_from(&told.name);
    }
    scheduled.schedule_to_close_timeout = options.schedule_to_close_timeout;
    scheduled.schedule_to_start_timeout = options.schedule_to_start_timeout;
    scheduled.start_to_close_timeout = options.start_to_close_timeout;
    scheduled.heartbeat_timeout = options.heartbeat_timeout;
    scheduled.priority.clone_from(&options.priority);
    if let (Some(policy), Some(told)) = (&mut scheduled.retry_policy, &options.retry_policy) {
        let types = std::mem::take(&mut policy.non_retryable_error_types);
        *policy = RetryPolicy { non_retryable_error_types: types, ..told.clone() };
    }
}

/// ActivityTaskCancelRequested: from now on heartbeats tell the worker of it, and no attempt follows.
pub(crate) fn apply_cancel_requested(
    run: &mut RunState,
    event: &HistoryEvent,
    attributes: &ActivityTaskCancelRequestedEventAttributes,
    _rows: &mut TaskRows,
) {
    if let Some(activity) = run.activities.get_mut(&attributes.scheduled_event_id) {
        let state = activity.state.get_or_insert_default();
        state.cancel_requested = true;
        state.cancel_requested_event_id = event.event_id;
    }
}

/// The activity has ended. Its closing event may still wait in the buffer; then this is called again when the event is appended.
pub(crate) fn apply_closed(run: &mut RunState, scheduled_event_id: i64, rows: &mut TaskRows) {
    let Some(activity) = run.activities.remove(&scheduled_event_id) else { return };
    if let Some(row) = task_row(run, &activity) {
        rows.remove(row);
    }
    let activity_id = activity.scheduled.as_ref().map_or("", |scheduled| &scheduled.activity_id);
    if run.activity_ids.get(activity_id) == Some(&scheduled_event_id) {
        run.activity_ids.remove(activity_id);
    }
}

/// The run closes: no activity waits for a worker any longer. Those that were pending are kept, so that describe can show them.
pub(crate) fn apply_run_closed(run: &mut RunState, rows: &mut TaskRows) {
    run.activity_ids.clear();
    run.activities.values().filter_map(|activity| task_row(run, activity)).for_each(|row| rows.remove(row));
}

/// The activity's row in the table of tasks; `None` unless its task waits on a queue and the run is open and not paused.
pub(crate) fn task_row(run: &RunState, activity: &PendingActivity) -> Option<TaskRow> {
    let (scheduled, state) = (activity.scheduled.as_ref()?, activity.state.as_ref()?);
    if state.phase() != ActivityPhase::Scheduled
        || is_paused(state)
        || run::is_paused(run)
        || run::is_being_built(run)
        || run.close_time.is_some()
    {
        return None;
    }
    let priority = effective_priority(run, scheduled);
    let (fairness_key, fairness_weight) = priority::fairness(priority.as_ref());
    Some(TaskRow {
        kind: TaskKind::Activity as i32,
        namespace: run.namespace.clone(),
        task_queue: scheduled.task_queue.as_ref().map(|queue| queue.name.clone()).unwrap_or_default(),
        workflow_id: run.workflow_id.clone(),
        run_id: run.run_id.clone(),
        scheduled_event_id: state.scheduled_event_id,
        stamp: state.stamp,
        attempt: state.attempt,
        scheduled_time: state.attempt_scheduled_time,
        priority: priority::level(priority.as_ref()),
        fairness_key,
        fairness_weight,
        ..TaskRow::default()
    })
}

/// The activity's priority laid over the workflow's, field by field (common/priorities/priority_util.go, Merge).
pub(crate) fn effective_priority(run: &RunState, scheduled: &ActivityTaskScheduledEventAttributes) -> Option<Priority> {
    let workflows = run.started.as_ref().and_then(|started| started.priority.as_ref());
    priority::merge(workflows, scheduled.priority.as_ref())
}
