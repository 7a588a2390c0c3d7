//! DescribeWorkflowExecution: shows the present state of a run.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_machine::time;
use klamm_messages::{
    klamm::v1::{ActivityPhase, PendingActivity, PendingChild, RunState, WorkflowTaskPhase, WorkflowTaskState},
    temporal::{
        activity::v1::ActivityOptions,
        common::v1::{RetryPolicy, WorkflowExecution, WorkflowType},
        enums::v1::{PendingActivityState, PendingWorkflowTaskState, TaskQueueKind},
        history::v1::{HistoryEvent, WorkflowExecutionStartedEventAttributes},
        sdk::v1::UserMetadata,
        taskqueue::v1::TaskQueue,
        workflow::v1::{
            PendingActivityInfo, PendingChildExecutionInfo, PendingWorkflowTaskInfo, WorkflowExecutionConfig,
            WorkflowExecutionExtendedInfo, WorkflowExecutionInfo, WorkflowExecutionPauseInfo,
            pending_activity_info::{
                PauseInfo,
                pause_info::{Manual, PausedBy},
            },
        },
        workflowservice::v1::{DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse},
    },
};
use klamm_requests::{Result, validate};
use klamm_workflow::visibility;
use prost_types::{Duration, Timestamp};

use super::describe_callbacks;
use crate::{call::Call, gateway::Gateway, runs};

/// What Temporal shows as the expiration of a run that has none: Go's zero time, 0001-01-01.
const NO_TIME: Timestamp = Timestamp { seconds: -62_135_596_800, nanos: 0 };

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: DescribeWorkflowExecutionRequest,
) -> Result<DescribeWorkflowExecutionResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let execution = validate::execution::execution(request.execution.as_ref())?;
    let snapshot = runs::find(&*gateway.backend, namespace, execution).await?;
    // The user metadata of the start is only in its event, and so is the time when a run began that was reset since.
    let first = gateway.backend.history(&snapshot.run, 1, 2, 1).await?;
    let mut described = describe(&snapshot.state, first.first().map(|event| &**event));
    describe_callbacks::block(&mut described.callbacks, |url| gateway.backend.is_callback_blocked(url));
    Ok(described)
}

fn describe(state: &RunState, first: Option<&HistoryEvent>) -> DescribeWorkflowExecutionResponse {
    let started = state.started.clone().unwrap_or_default();
    DescribeWorkflowExecutionResponse {
        execution_config: Some(config(&started, first.and_then(|event| event.user_metadata.as_deref().cloned()))),
        workflow_execution_info: Some(info(state, &started)),
        pending_activities: state.activities.values().map(pending_activity).collect(),
        pending_children: state.children.iter().map(|(id, child)| pending_child(*id, child)).collect(),
        pending_workflow_task: state.workflow_task.as_ref().and_then(pending_workflow_task),
        callbacks: describe_callbacks::callbacks(state),
        workflow_extended_info: Some(extended_info(state, first.and_then(|event| event.event_time))),
        ..DescribeWorkflowExecutionResponse::default()
    }
}

fn config(started: &WorkflowExecutionStartedEventAttributes, user_metadata: Option<UserMetadata>) -> WorkflowExecutionConfig {
    WorkflowExecutionConfig {
        task_queue: Some(TaskQueue { name: queue_name(started), kind: TaskQueueKind::Normal as i32, normal_name: String::new() }),
        workflow_execution_timeout: started.workflow_execution_timeout,
        workflow_run_timeout: started.workflow_run_timeout,
        default_workflow_task_timeout: Some(started.workflow_task_timeout.unwrap_or_default()),
        user_metadata,
    }
}

#[allow(deprecated, reason = "the newest worker version stamp is shown as Temporal shows it")]
fn info(state: &RunState, started: &WorkflowExecutionStartedEventAttributes) -> WorkflowExecutionInfo {
    let execution_time = state.start_time.map(|start| add(start, started.first_workflow_task_backoff));
    let run = || WorkflowExecution { workflow_id: state.workflow_id.clone(), run_id: state.run_id.clone() };
    WorkflowExecutionInfo {
        execution: Some(run()),
        r#type: Some(WorkflowType { name: started.workflow_type.as_ref().map(|kind| kind.name.clone()).unwrap_or_default() }),
        start_time: state.start_time,
        close_time: state.close_time,
        status: state.status,
        history_length: state.next_event_id - 1,
        parent_namespace_id: started.parent_workflow_namespace_id.clone(),
        parent_execution: started.parent_workflow_execution.clone(),
        execution_time,
        memo: Some(state.memo.clone().unwrap_or_default()),
        search_attributes: Some(visibility::search_attributes(state).unwrap_or_default()),
        auto_reset_points: Some(state.auto_reset_points.clone().unwrap_or_default()),
        task_queue: queue_name(started),
        state_transition_count: state.state_transition_count,
        history_size_bytes: state.history_size_bytes,
        most_recent_worker_version_stamp: state.last_worker_version.clone(),
        execution_duration: execution_time
            .zip(state.close_time)
            .map(|(from, to)| time::to_proto(klamm_machine::Time::from(to).since(klamm_machine::Time::from(from)))),
        root_execution: Some(started.root_workflow_execution.clone().unwrap_or_else(run)),
        first_run_id: started.first_execution_run_id.clone(),
        priority: started.priority.clone(),
        ..WorkflowExecutionInfo::default()
    }
}

fn extended_info(state: &RunState, first_event_time: Option<Timestamp>) -> WorkflowExecutionExtendedInfo {
    WorkflowExecutionExtendedInfo {
        execution_expiration_time: state.execution_expiration_time,
        run_expiration_time: Some(state.run_expiration_time.unwrap_or(NO_TIME)),
        cancel_requested: state.cancel_requested,
        original_start_time: first_event_time.or(state.start_time),
        last_reset_time: state.reset.as_ref().and_then(|reset| reset.time),
        reset_run_id: state.reset_base.as_ref().map(|base| base.reset_run_id.clone()).unwrap_or_default(),
        pause_info: state.pause.as_ref().map(|pause| WorkflowExecutionPauseInfo {
            identity: pause.identity.clone(),
            paused_time: pause.time,
            reason: pause.reason.clone(),
        }),
        request_id_infos: describe_callbacks::request_ids(state),
        ..WorkflowExecutionExtendedInfo::default()
    }
}

fn pending_workflow_task(task: &WorkflowTaskState) -> Option<PendingWorkflowTaskInfo> {
    let state = match task.phase() {
        WorkflowTaskPhase::Scheduled => PendingWorkflowTaskState::Scheduled,
        WorkflowTaskPhase::Started => PendingWorkflowTaskState::Started,
        WorkflowTaskPhase::None | WorkflowTaskPhase::Unspecified => return None,
    };
    Some(PendingWorkflowTaskInfo {
        state: state as i32,
        scheduled_time: task.scheduled_time,
        original_scheduled_time: task.original_scheduled_time.or(task.scheduled_time),
        started_time: task.started_time.filter(|_| state == PendingWorkflowTaskState::Started),
        attempt: task.attempt,
    })
}

/// An activity that has not closed (Temporal: service/history/workflow/activity.go GetPendingActivityInfo).
fn pending_activity(activity: &PendingActivity) -> PendingActivityInfo {
    let scheduled = activity.scheduled.clone().unwrap_or_default();
    let state = activity.state.clone().unwrap_or_default();
    let phase = state.phase();
    let shown = if state.cancel_requested {
        PendingActivityState::CancelRequested
    } else {
        match (phase == ActivityPhase::Started, state.pause.is_some()) {
            (true, true) => PendingActivityState::PauseRequested,
            (true, false) => PendingActivityState::Started,
            (false, true) => PendingActivityState::Paused,
            (false, false) => PendingActivityState::Scheduled,
        }
    };
    let backing_off = phase == ActivityPhase::BackingOff && shown == PendingActivityState::Scheduled;
    let policy = scheduled.retry_policy.clone().unwrap_or_default();
    let last_worker_identity = if state.started_identity.is_empty() { state.last_worker_identity } else { state.started_identity };
    PendingActivityInfo {
        activity_id: scheduled.activity_id,
        activity_type: scheduled.activity_type,
        state: shown as i32,
        heartbeat_details: state.heartbeat_details.filter(|_| state.last_heartbeat_time.is_some()),
        last_heartbeat_time: state.last_heartbeat_time,
        last_started_time: state.started_time,
        attempt: state.attempt.max(1),
        maximum_attempts: policy.maximum_attempts,
        scheduled_time: state.attempt_scheduled_time.or(activity.scheduled_time),
        expiration_time: time::duration_or_none(scheduled.schedule_to_close_timeout.as_ref())
            .and(activity.scheduled_time)
            .map(|from| add(from, scheduled.schedule_to_close_timeout)),
        last_failure: state.last_failure,
        last_worker_identity,
        current_retry_interval: state.retry_interval.filter(|_| backing_off),
        last_attempt_complete_time: state.last_attempt_complete_time,
        next_attempt_schedule_time: state.attempt_scheduled_time.filter(|_| backing_off),
        priority: scheduled.priority.clone(),
        paused: state.pause.is_some(),
        pause_info: state.pause.map(|pause| PauseInfo {
            pause_time: pause.time,
            paused_by: Some(PausedBy::Manual(Manual { identity: pause.identity, reason: pause.reason })),
        }),
        activity_options: Some(ActivityOptions {
            task_queue: scheduled.task_queue.map(|queue| TaskQueue {
                normal_name: queue.name.clone(),
                name: queue.name,
                kind: TaskQueueKind::Unspecified as i32,
            }),
            schedule_to_close_timeout: scheduled.schedule_to_close_timeout,
            schedule_to_start_timeout: scheduled.schedule_to_start_timeout,
            start_to_close_timeout: scheduled.start_to_close_timeout,
            heartbeat_timeout: scheduled.heartbeat_timeout,
            priority: scheduled.priority,
            retry_policy: Some(RetryPolicy { non_retryable_error_types: Vec::new(), ..policy }),
            ..ActivityOptions::default()
        }),
        ..PendingActivityInfo::default()
    }
}

/// A child that has not ended.
fn pending_child(initiated_id: i64, child: &PendingChild) -> PendingChildExecutionInfo {
    PendingChildExecutionInfo {
        workflow_id: child.workflow_id.clone(),
        run_id: child.started_run_id.clone(),
        workflow_type_name: child.workflow_type.clone(),
        initiated_id,
        parent_close_policy: child.parent_close_policy,
    }
}

fn queue_name(started: &WorkflowExecutionStartedEventAttributes) -> String {
    started.task_queue.as_ref().map(|queue| queue.name.clone()).unwrap_or_default()
}

fn add(time: Timestamp, duration: Option<Duration>) -> Timestamp {
    let Some(duration) = duration else {
        return time;
    };
    let nanos = i64::from(time.nanos) + i64::from(duration.nanos);
    Timestamp {
        seconds: time.seconds.saturating_add(duration.seconds).saturating_add(nanos.div_euclid(1_000_000_000)),
        nanos: nanos.rem_euclid(1_000_000_000) as i32,
    }
}

#[cfg(test)]
#[path = "describe_workflow_tests.rs"]
mod tests;
