//! The workflow task of a run, and its row in the table of tasks while it waits.

use klamm_messages::{
    klamm::v1::{RunState, TaskKind, TaskRow, WorkflowTaskPhase, WorkflowTaskState},
    temporal::{
        enums::v1::TaskQueueKind,
        history::v1::{
            HistoryEvent, WorkflowTaskCompletedEventAttributes, WorkflowTaskScheduledEventAttributes, WorkflowTaskStartedEventAttributes,
        },
        workflow::v1::{ResetPointInfo, ResetPoints},
    },
};

use super::{TaskRows, build_ids};
use crate::{priority, run, update};

/// Most auto-reset points kept (history.historyMaxAutoResetPoints).
const AUTO_RESET_POINT_COUNT_MAX: usize = 20;

/// WorkflowTaskScheduled: the task waits on its queue.
pub(super) fn apply_scheduled(
    run: &mut RunState,
    event: &HistoryEvent,
    scheduled: &WorkflowTaskScheduledEventAttributes,
    rows: &mut TaskRows,
) {
    run.first_workflow_task_time = None;
    let last = run.workflow_task.as_ref();
    let is_sticky = scheduled.task_queue.as_ref().is_some_and(|queue| queue.kind() == TaskQueueKind::Sticky);
    let sticky = run.sticky.as_ref().filter(|_| is_sticky);
    let task = WorkflowTaskState {
        phase: WorkflowTaskPhase::Scheduled as i32,
        stamp: run::workflow_task::next_stamp(run, scheduled.attempt),
        attempt: scheduled.attempt.max(1),
        scheduled_event_id: event.event_id,
        scheduled_time: event.event_time,
        original_scheduled_time: event.event_time,
        task_queue: scheduled.task_queue.clone(),
        start_to_close_timeout: scheduled.start_to_close_timeout,
        schedule_to_start_timeout: sticky.and_then(|sticky| sticky.schedule_to_start_timeout),
        recorded: true,
        last_failure_cause: last.map_or(0, |task| task.last_failure_cause),
        last_failure: last.and_then(|task| task.last_failure.clone()),
        ..WorkflowTaskState::default()
    };
    set(run, Some(task), rows);
}

/// WorkflowTaskStarted: a worker has the task.
pub(super) fn apply_started(run: &mut RunState, event: &HistoryEvent, started: &WorkflowTaskStartedEventAttributes, rows: &mut TaskRows) {
    let mut task = run.workflow_task.clone().unwrap_or_default();
    task.phase = WorkflowTaskPhase::Started as i32;
    task.scheduled_event_id = started.scheduled_event_id;
    task.started_event_id = event.event_id;
    task.started_time = event.event_time;
    task.request_id.clone_from(&started.request_id);
    task.identity.clone_from(&started.identity);
    task.recorded = true;
    task.schedule_to_start_timeout = None;
    task.suggest_continue_as_new = started.suggest_continue_as_new;
    task.suggest_continue_as_new_reasons.clone_from(&started.suggest_continue_as_new_reasons);
    task.history_size_bytes = started.history_size_bytes;
    task.worker_version.clone_from(&started.worker_version);
    set(run, Some(task), rows);
}

/// WorkflowTaskCompleted: no task is pending. What the worker said about itself is kept.
pub(super) fn apply_completed(
    run: &mut RunState,
    event: &HistoryEvent,
    completed: &WorkflowTaskCompletedEventAttributes,
    rows: &mut TaskRows,
) {
    end(run, rows);
    run.last_completed_workflow_task_started_event_id = completed.started_event_id;
    run.last_worker_version.clone_from(&completed.worker_version);
    add_auto_reset_point(run, event, completed);
    build_ids::add(run, completed);
}

/// WorkflowTaskFailed, WorkflowTaskTimedOut: no task is pending. An internal event states the number and cause of the next attempt.
pub(super) fn apply_ended(run: &mut RunState, rows: &mut TaskRows) {
    end(run, rows);
}

/// Applies the internal event that states all that no public event states about the task.
pub(super) fn apply_state(run: &mut RunState, state: &WorkflowTaskState, rows: &mut TaskRows) {
    if state.phase() == WorkflowTaskPhase::Scheduled && !state.speculative {
        run.first_workflow_task_time = None;
    }
    set(run, Some(state.clone()), rows);
    update::apply_sent(run, &state.sent_updates);
}

/// No task is pending, and the next one is a first attempt.
pub(super) fn end(run: &mut RunState, rows: &mut TaskRows) {
    let none = WorkflowTaskState { phase: WorkflowTaskPhase::None as i32, attempt: 1, ..WorkflowTaskState::default() };
    set(run, Some(none), rows);
}

/// The run closes: no worker gets its workflow task any more. The task's state is kept as it was.
pub(super) fn withdraw(run: &RunState, rows: &mut TaskRows) {
    if let Some(row) = waiting_row(run) {
        rows.remove(row);
    }
}

/// The one place where the run's workflow task changes, and with it the row of the waiting task.
fn set(run: &mut RunState, task: Option<WorkflowTaskState>, rows: &mut TaskRows) {
    if let Some(row) = waiting_row(run) {
        rows.remove(row);
    }
    run.workflow_task = task;
    if let Some(row) = waiting_row(run) {
        rows.put(row);
    }
}

/// The row of the open run's scheduled workflow task.
pub(super) fn waiting_row(run: &RunState) -> Option<TaskRow> {
    let task = run.workflow_task.as_ref().filter(|task| task.phase() == WorkflowTaskPhase::Scheduled && run.close_time.is_none())?;
    if run::is_being_built(run) {
        return None;
    }
    let queue = task.task_queue.clone().unwrap_or_default();
    let sticky = queue.kind() == TaskQueueKind::Sticky;
    let priority = run.started.as_ref().and_then(|started| started.priority.as_ref());
    let (fairness_key, fairness_weight) = priority::fairness(priority);
    Some(TaskRow {
        kind: TaskKind::Workflow as i32,
        namespace: run.namespace.clone(),
        normal_task_queue: if sticky { queue.normal_name } else { queue.name.clone() },
        task_queue: queue.name,
        workflow_id: run.workflow_id.clone(),
        run_id: run.run_id.clone(),
        scheduled_event_id: task.scheduled_event_id,
        stamp: task.stamp,
        attempt: task.attempt,
        scheduled_time: task.scheduled_time,
        priority: priority::level(priority),
        sticky,
        fairness_key,
        fairness_weight,
    })
}

/// Adds an auto-reset point when the workflow task was completed by a binary or build that has completed none of this run before. The run
/// can be reset to such a point.
fn add_auto_reset_point(run: &mut RunState, event: &HistoryEvent, completed: &WorkflowTaskCompletedEventAttributes) {
    let build_id = match (&completed.deployment_version, &completed.worker_version) {
        (Some(version), _) => version.build_id.clone(),
        (None, Some(version)) => version.build_id.clone(),
        (None, None) => String::new(),
    };
    let points = &mut run.auto_reset_points.get_or_insert_with(ResetPoints::default).points;
    if points.iter().any(|point| point.binary_checksum == completed.binary_checksum && point.build_id == build_id) {
        return;
    }
    points.push(ResetPointInfo {
        build_id,
        binary_checksum: completed.binary_checksum.clone(),
        run_id: run.run_id.clone(),
        first_workflow_task_completed_id: event.event_id,
        create_time: event.event_time,
        resettable: true,
        ..ResetPointInfo::default()
    });
    let surplus = points.len().saturating_sub(AUTO_RESET_POINT_COUNT_MAX);
    points.drain(..surplus);
}
