//! Answers to polls.

use klamm_messages::{
    klamm::v1::{ActivityTaskToken, WorkflowTaskToken},
    temporal::{
        common::v1::{WorkflowExecution, WorkflowType},
        history::v1::{ActivityTaskScheduledEventAttributes, History, HistoryEvent},
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{PollActivityTaskQueueResponse, PollWorkflowTaskQueueResponse},
    },
};
use prost::Message as _;

use crate::events;

/// A workflow task that waits for a poll.
#[derive(Debug)]
pub struct WorkflowTask {
    /// The run.
    pub execution: WorkflowExecution,
    /// Events that its worker does not know yet, without those of the task itself.
    pub events: Vec<HistoryEvent>,
    /// Id of WorkflowTaskScheduled.
    pub scheduled_event_id: i64,
    /// Its queue.
    pub queue: TaskQueue,
}

/// An activity task that waits for a poll.
#[derive(Debug)]
pub struct ActivityTask {
    /// The run.
    pub execution: WorkflowExecution,
    /// ActivityTaskScheduled's id.
    pub scheduled_event_id: i64,
    /// Its attributes.
    pub scheduled: ActivityTaskScheduledEventAttributes,
}

/// The type of all workflows: the driver's.
const WORKFLOW_TYPE: &str = "planned";
/// The namespace of all workflows.
const NAMESPACE: &str = "default";

impl WorkflowTask {
    /// What its poller gets.
    pub fn compose(self, identity: &str) -> PollWorkflowTaskQueueResponse {
        let Self { execution, mut events, scheduled_event_id, queue } = self;
        let started_event_id = scheduled_event_id + 1;
        let previous_started_event_id = events.first().map_or(0, |first| first.event_id - 1);
        let task = events::task(scheduled_event_id, &queue, identity);
        let [scheduled_time, started_time] = [task[0].event_time, task[1].event_time];
        events.extend(task);
        let token = WorkflowTaskToken {
            namespace: NAMESPACE.to_owned(),
            workflow_id: execution.workflow_id.clone(),
            run_id: execution.run_id.clone(),
            scheduled_event_id,
            started_event_id,
            attempt: 1,
            stamp: 1,
            query_id: String::new(),
        };
        PollWorkflowTaskQueueResponse {
            task_token: token.encode_to_vec().into(),
            workflow_execution: Some(execution),
            workflow_type: Some(WorkflowType { name: WORKFLOW_TYPE.to_owned() }),
            previous_started_event_id,
            started_event_id,
            attempt: 1,
            history: Some(History { events }),
            workflow_execution_task_queue: Some(queue),
            scheduled_time,
            started_time,
            ..PollWorkflowTaskQueueResponse::default()
        }
    }
}

impl ActivityTask {
    /// What its poller gets.
    pub fn compose(self) -> PollActivityTaskQueueResponse {
        let Self { execution, scheduled_event_id, scheduled } = self;
        let now = Some(std::time::SystemTime::now().into());
        let token = ActivityTaskToken {
            namespace: NAMESPACE.to_owned(),
            workflow_id: execution.workflow_id.clone(),
            run_id: execution.run_id.clone(),
            scheduled_event_id,
            attempt: 1,
            activity_id: scheduled.activity_id.clone(),
            activity_type: scheduled.activity_type.as_ref().map(|kind| kind.name.clone()).unwrap_or_default(),
            stamp: 1,
        };
        PollActivityTaskQueueResponse {
            task_token: token.encode_to_vec().into(),
            workflow_namespace: NAMESPACE.to_owned(),
            workflow_type: Some(WorkflowType { name: WORKFLOW_TYPE.to_owned() }),
            workflow_execution: Some(execution),
            activity_type: scheduled.activity_type,
            activity_id: scheduled.activity_id,
            header: scheduled.header,
            input: scheduled.input,
            scheduled_time: now,
            current_attempt_scheduled_time: now,
            started_time: now,
            attempt: 1,
            schedule_to_close_timeout: scheduled.schedule_to_close_timeout,
            start_to_close_timeout: scheduled.start_to_close_timeout,
            heartbeat_timeout: scheduled.heartbeat_timeout,
            retry_policy: scheduled.retry_policy,
            ..PollActivityTaskQueueResponse::default()
        }
    }
}
