//! The requests of a client and a worker, as commands. They have what those of the bench's driver `direct` have.

use std::time::Duration;

use klamm_messages::{
    klamm::v1::{ActivityTaskToken, Command, NamespaceState, Reservation, WorkflowTaskToken},
    temporal::{
        command::v1::{
            Command as WorkerCommand, CompleteWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes,
            command::Attributes,
        },
        common::v1::{ActivityType, Payload, Payloads, WorkflowType},
        enums::v1::{CommandType, TaskQueueKind, TaskQueueType},
        taskqueue::v1::{StickyExecutionAttributes, TaskQueue},
        workflowservice::v1::{RespondActivityTaskCompletedRequest, RespondWorkflowTaskCompletedRequest, StartWorkflowExecutionRequest},
    },
};
use klamm_requests::{Limits, Terms, calls};
use klamm_workflow::answer::{StartedActivityTask, StartedWorkflowTask};

const NAMESPACE: &str = "default";
const IDENTITY: &str = "bench-direct";
const QUEUE: &str = "bench-direct-12345";
const STICKY_QUEUE: &str = "bench-direct-12345-sticky";

/// Makes commands of requests, by the rules of the gateway.
pub struct Requests {
    namespace: NamespaceState,
    limits: Limits,
}

impl Requests {
    /// With the default limits.
    pub fn new() -> Self {
        let namespace = NamespaceState {
            name: NAMESPACE.to_owned(),
            id: "00000000-0000-4000-8000-000000000001".to_owned(),
            retention: Some(seconds(86_400)),
            ..NamespaceState::default()
        };
        Self { namespace, limits: Limits::default() }
    }

    /// Starts a workflow. A poll of the normal queue rides in the command.
    pub fn start(&self, workflow_id: &str, run_id: &str) -> Command {
        let request = StartWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_id: workflow_id.to_owned(),
            request_id: workflow_id.to_owned(),
            workflow_type: Some(WorkflowType { name: "planned".to_owned() }),
            task_queue: Some(TaskQueue { name: QUEUE.to_owned(), ..TaskQueue::default() }),
            input: Some(payloads()),
            identity: IDENTITY.to_owned(),
            ..StartWorkflowExecutionRequest::default()
        };
        let new_id = || run_id.to_owned();
        let command = calls::start_workflow::command(request, &self.terms(&new_id)).expect("a good request");
        with_poll(command, TaskQueueType::Workflow, normal_queue())
    }

    /// Completes a workflow task by scheduling an activity. A poll of activities rides in the command.
    pub fn schedule_activity(&self, workflow_id: &str, task: &StartedWorkflowTask, number: usize) -> Command {
        let attributes = ScheduleActivityTaskCommandAttributes {
            activity_id: number.to_string(),
            activity_type: Some(ActivityType { name: "echo".to_owned() }),
            task_queue: Some(normal_queue()),
            input: Some(payloads()),
            start_to_close_timeout: Some(seconds(60)),
            ..ScheduleActivityTaskCommandAttributes::default()
        };
        let attributes = Attributes::ScheduleActivityTaskCommandAttributes(attributes);
        let command = self.complete_task(workflow_id, task, CommandType::ScheduleActivityTask, attributes);
        with_poll(command, TaskQueueType::Activity, normal_queue())
    }

    /// Completes a workflow task by completing the workflow.
    pub fn complete_workflow(&self, workflow_id: &str, task: &StartedWorkflowTask) -> Command {
        let attributes = CompleteWorkflowExecutionCommandAttributes { result: Some(payloads()) };
        let attributes = Attributes::CompleteWorkflowExecutionCommandAttributes(attributes);
        self.complete_task(workflow_id, task, CommandType::CompleteWorkflowExecution, attributes)
    }

    fn complete_task(&self, workflow_id: &str, task: &StartedWorkflowTask, kind: CommandType, attributes: Attributes) -> Command {
        let token = WorkflowTaskToken {
            namespace: NAMESPACE.to_owned(),
            workflow_id: workflow_id.to_owned(),
            run_id: task.run_id.clone(),
            scheduled_event_id: task.scheduled_event_id,
            started_event_id: task.started_event_id,
            attempt: task.attempt,
            stamp: task.stamp,
            query_id: String::new(),
        };
        let request = RespondWorkflowTaskCompletedRequest {
            namespace: NAMESPACE.to_owned(),
            identity: IDENTITY.to_owned(),
            commands: vec![WorkerCommand { command_type: kind as i32, attributes: Some(attributes), ..WorkerCommand::default() }],
            sticky_attributes: Some(StickyExecutionAttributes {
                worker_task_queue: Some(sticky_queue()),
                schedule_to_start_timeout: Some(seconds(5)),
            }),
            ..RespondWorkflowTaskCompletedRequest::default()
        };
        calls::complete_workflow_task::command(request, token, &self.terms(&no_id)).expect("a good request").command
    }

    /// Completes an activity. A poll of the sticky queue rides in the command.
    pub fn complete_activity(&self, workflow_id: &str, task: &StartedActivityTask) -> Command {
        let token = ActivityTaskToken {
            namespace: NAMESPACE.to_owned(),
            workflow_id: workflow_id.to_owned(),
            run_id: task.run_id.clone(),
            scheduled_event_id: task.scheduled_event_id,
            attempt: task.attempt,
            activity_id: task.scheduled.activity_id.clone(),
            activity_type: "echo".to_owned(),
            stamp: task.stamp,
        };
        let request = RespondActivityTaskCompletedRequest {
            namespace: NAMESPACE.to_owned(),
            identity: IDENTITY.to_owned(),
            result: Some(payloads()),
            ..RespondActivityTaskCompletedRequest::default()
        };
        let command = calls::complete_activity_task::command(request, token, &self.terms(&no_id)).expect("a good request");
        with_poll(command, TaskQueueType::Workflow, sticky_queue())
    }

    fn terms<'t>(&'t self, new_id: &'t (dyn Fn() -> String + Sync)) -> Terms<'t> {
        Terms { namespace: &self.namespace, limits: &self.limits, new_id }
    }
}

/// The poll that takes the task at once which the command schedules.
fn with_poll(mut command: Command, side: TaskQueueType, queue: TaskQueue) -> Command {
    let poll_id = format!("00000000-0000-4000-8000-{:012}", command.workflow_id.len());
    command.reservations.push(Reservation {
        task_queue_type: side as i32,
        task_queue: Some(queue),
        poll_id,
        identity: IDENTITY.to_owned(),
        worker_version: None,
    });
    command
}

/// Ids are needed by starts alone.
fn no_id() -> String {
    String::new()
}

fn normal_queue() -> TaskQueue {
    TaskQueue { name: QUEUE.to_owned(), kind: TaskQueueKind::Normal as i32, ..TaskQueue::default() }
}

fn sticky_queue() -> TaskQueue {
    TaskQueue { name: STICKY_QUEUE.to_owned(), kind: TaskQueueKind::Sticky as i32, normal_name: QUEUE.to_owned() }
}

fn payloads() -> Payloads {
    let metadata = [("encoding".to_owned(), b"json/plain".to_vec().into())].into_iter().collect();
    Payloads { payloads: vec![Payload { metadata, data: b"{\"activities\":1}".to_vec().into(), ..Payload::default() }] }
}

fn seconds(seconds: u64) -> prost_types::Duration {
    prost_types::Duration::try_from(Duration::from_secs(seconds)).expect("a short time")
}
