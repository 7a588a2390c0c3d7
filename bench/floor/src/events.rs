//! Events as klamm has them for the driver's workflows: the same attributes, so that answers are as large.

use std::time::{Duration, SystemTime};

use klamm_messages::temporal::{
    command::v1::ScheduleActivityTaskCommandAttributes,
    common::v1::{Payloads, RetryPolicy},
    enums::v1::EventType,
    history::v1::{
        ActivityTaskCompletedEventAttributes, ActivityTaskScheduledEventAttributes, ActivityTaskStartedEventAttributes, HistoryEvent,
        WorkflowExecutionCompletedEventAttributes, WorkflowExecutionStartedEventAttributes, WorkflowTaskCompletedEventAttributes,
        WorkflowTaskScheduledEventAttributes, WorkflowTaskStartedEventAttributes, history_event::Attributes,
    },
    taskqueue::v1::TaskQueue,
    workflowservice::v1::StartWorkflowExecutionRequest,
};

/// WorkflowExecutionStarted, event 1.
pub fn started(request: &StartWorkflowExecutionRequest, run_id: &str) -> HistoryEvent {
    let attributes = WorkflowExecutionStartedEventAttributes {
        workflow_type: request.workflow_type.clone(),
        task_queue: request.task_queue.clone(),
        input: request.input.clone(),
        workflow_task_timeout: Some(seconds(10)),
        original_execution_run_id: run_id.to_owned(),
        first_execution_run_id: run_id.to_owned(),
        identity: request.identity.clone(),
        attempt: 1,
        first_workflow_task_backoff: Some(seconds(0)),
        workflow_id: request.workflow_id.clone(),
        ..WorkflowExecutionStartedEventAttributes::default()
    };
    event(1, EventType::WorkflowExecutionStarted, Attributes::WorkflowExecutionStartedEventAttributes(Box::new(attributes)))
}

/// WorkflowTaskScheduled and WorkflowTaskStarted, from event `first` on.
pub fn task(first: i64, queue: &TaskQueue, identity: &str) -> [HistoryEvent; 2] {
    let scheduled =
        WorkflowTaskScheduledEventAttributes { task_queue: Some(queue.clone()), start_to_close_timeout: Some(seconds(10)), attempt: 1 };
    let started = WorkflowTaskStartedEventAttributes {
        scheduled_event_id: first,
        identity: identity.to_owned(),
        request_id: uuid::Uuid::new_v4().to_string(),
        history_size_bytes: 1_000,
        ..WorkflowTaskStartedEventAttributes::default()
    };
    [
        event(first, EventType::WorkflowTaskScheduled, Attributes::WorkflowTaskScheduledEventAttributes(scheduled)),
        event(first + 1, EventType::WorkflowTaskStarted, Attributes::WorkflowTaskStartedEventAttributes(started)),
    ]
}

/// WorkflowTaskCompleted.
pub fn task_completed(id: i64, identity: &str) -> HistoryEvent {
    let attributes = WorkflowTaskCompletedEventAttributes {
        scheduled_event_id: id - 2,
        started_event_id: id - 1,
        identity: identity.to_owned(),
        ..WorkflowTaskCompletedEventAttributes::default()
    };
    event(id, EventType::WorkflowTaskCompleted, Attributes::WorkflowTaskCompletedEventAttributes(attributes))
}

/// ActivityTaskScheduled.
pub fn activity_scheduled(id: i64, command: ScheduleActivityTaskCommandAttributes) -> HistoryEvent {
    let retry_policy = RetryPolicy {
        initial_interval: Some(seconds(1)),
        backoff_coefficient: 2.0,
        maximum_interval: Some(seconds(100)),
        ..RetryPolicy::default()
    };
    let attributes = ActivityTaskScheduledEventAttributes {
        activity_id: command.activity_id,
        activity_type: command.activity_type,
        task_queue: command.task_queue,
        header: command.header,
        input: command.input,
        schedule_to_close_timeout: Some(seconds(0)),
        schedule_to_start_timeout: Some(seconds(0)),
        start_to_close_timeout: command.start_to_close_timeout,
        heartbeat_timeout: Some(seconds(0)),
        workflow_task_completed_event_id: id - 1,
        retry_policy: Some(command.retry_policy.unwrap_or(retry_policy)),
        ..ActivityTaskScheduledEventAttributes::default()
    };
    event(id, EventType::ActivityTaskScheduled, Attributes::ActivityTaskScheduledEventAttributes(attributes))
}

/// ActivityTaskStarted and ActivityTaskCompleted of the activity that was scheduled by event `scheduled`.
pub fn activity_completed(scheduled: i64, result: Option<Payloads>, identity: &str) -> [HistoryEvent; 2] {
    let started = ActivityTaskStartedEventAttributes {
        scheduled_event_id: scheduled,
        identity: identity.to_owned(),
        request_id: uuid::Uuid::new_v4().to_string(),
        attempt: 1,
        ..ActivityTaskStartedEventAttributes::default()
    };
    let completed = ActivityTaskCompletedEventAttributes {
        result,
        scheduled_event_id: scheduled,
        started_event_id: scheduled + 1,
        identity: identity.to_owned(),
        ..ActivityTaskCompletedEventAttributes::default()
    };
    [
        event(scheduled + 1, EventType::ActivityTaskStarted, Attributes::ActivityTaskStartedEventAttributes(started)),
        event(scheduled + 2, EventType::ActivityTaskCompleted, Attributes::ActivityTaskCompletedEventAttributes(completed)),
    ]
}

/// WorkflowExecutionCompleted.
pub fn completed(id: i64, result: Option<Payloads>) -> HistoryEvent {
    let attributes = WorkflowExecutionCompletedEventAttributes { result, workflow_task_completed_event_id: id - 1, ..Default::default() };
    event(id, EventType::WorkflowExecutionCompleted, Attributes::WorkflowExecutionCompletedEventAttributes(attributes))
}

fn event(id: i64, kind: EventType, attributes: Attributes) -> HistoryEvent {
    HistoryEvent {
        event_id: id,
        event_time: Some(SystemTime::now().into()),
        event_type: kind as i32,
        task_id: id,
        attributes: Some(attributes),
        ..HistoryEvent::default()
    }
}

fn seconds(seconds: u64) -> prost_types::Duration {
    prost_types::Duration::try_from(Duration::from_secs(seconds)).expect("a short time")
}
