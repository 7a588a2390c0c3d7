//! The commands that a gateway makes of the requests of clients and workers.

use std::time::Duration;

use klamm_machine::time::to_proto;
use klamm_messages::{
    klamm::v1::{
        ActivityTaskToken, ClusterCommand, Command, CompleteActivityTask, CompleteWorkflowTask, CreateSchedule, DeleteNamespace,
        DeleteSchedule, FailActivityTask, FailWorkflowTask, HeartbeatActivityTask, PatchSchedule, RegisterNamespace, RequestCancelWorkflow,
        SignalWithStartWorkflow, SignalWorkflow, StartWorkflow, TerminateWorkflow, WorkflowTaskToken, cluster_command, command::Body,
    },
    temporal::{
        self,
        common::v1::WorkflowExecution,
        enums::v1::ScheduleOverlapPolicy,
        schedule::v1::{
            IntervalSpec, Schedule, ScheduleAction, SchedulePatch, SchedulePolicies, ScheduleSpec, ScheduleState,
            TriggerImmediatelyRequest, schedule_action::Action,
        },
        taskqueue::v1::StickyExecutionAttributes,
        workflow::v1::NewWorkflowExecutionInfo,
        workflowservice::v1::{
            CreateScheduleRequest, PatchScheduleRequest, RequestCancelWorkflowExecutionRequest, RespondWorkflowTaskCompletedRequest,
            RespondWorkflowTaskFailedRequest, SignalWithStartWorkflowExecutionRequest, SignalWorkflowExecutionRequest,
            StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
        },
    },
};
use klamm_processor::backend::{ActivityTask, WorkflowTask};

use crate::{
    member::settings,
    program::{WORKFLOWS, payloads, queue, workflow_type},
};

/// The namespace of everything that lasts.
pub const NAMESPACE: &str = "default";
/// A namespace that is deleted with what is in it.
pub const DOOMED: &str = "doomed";

/// Registers the namespace that is deleted later.
pub fn register_doomed() -> Command {
    let retention = settings().retention;
    let register = RegisterNamespace { name: DOOMED.to_owned(), id: "id-of-doomed".to_owned(), retention, ..RegisterNamespace::default() };
    of_cluster(cluster_command::Command::RegisterNamespace(register))
}

/// Deletes it.
pub fn delete_doomed() -> Command {
    of_cluster(cluster_command::Command::DeleteNamespace(DeleteNamespace { name: DOOMED.to_owned(), ..DeleteNamespace::default() }))
}

/// Starts a workflow there. Nobody polls for its task.
pub fn start_doomed(workflow_id: &str, request_id: &str) -> Command {
    let mut command = start(workflow_id, request_id);
    if let Some(Body::StartWorkflow(start)) = &mut command.body
        && let Some(request) = &mut start.request
    {
        request.namespace = DOOMED.to_owned();
    }
    Command { namespace: DOOMED.to_owned(), ..command }
}

fn of_cluster(command: cluster_command::Command) -> Command {
    let body = Body::Cluster(ClusterCommand { command: Some(command) });
    Command { version: 1, workflow_id: DOOMED.to_owned(), body: Some(body), ..Command::default() }
}

/// Starts a workflow.
pub fn start(workflow_id: &str, request_id: &str) -> Command {
    let request = StartWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_id: workflow_id.to_owned(),
        workflow_type: Some(workflow_type(workflow_id)),
        task_queue: Some(queue(WORKFLOWS)),
        workflow_task_timeout: Some(to_proto(Duration::from_secs(4))),
        request_id: request_id.to_owned(),
        ..StartWorkflowExecutionRequest::default()
    };
    let start = StartWorkflow { request: Some(request), run_id: String::new(), ..StartWorkflow::default() };
    command(workflow_id, Body::StartWorkflow(Box::new(start)))
}

/// Signals a workflow.
pub fn signal(workflow_id: &str, request_id: &str) -> Command {
    let request = SignalWorkflowExecutionRequest {
        workflow_execution: newest(workflow_id),
        signal_name: "s".to_owned(),
        request_id: request_id.to_owned(),
        ..SignalWorkflowExecutionRequest::default()
    };
    command(workflow_id, Body::SignalWorkflow(SignalWorkflow { request: Some(request) }))
}

/// Signals a workflow, and starts it where it does not run.
pub fn signal_with_start(workflow_id: &str, request_id: &str) -> Command {
    let request = SignalWithStartWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_id: workflow_id.to_owned(),
        workflow_type: Some(workflow_type(workflow_id)),
        task_queue: Some(queue(WORKFLOWS)),
        workflow_task_timeout: Some(to_proto(Duration::from_secs(4))),
        signal_name: "s".to_owned(),
        request_id: request_id.to_owned(),
        ..SignalWithStartWorkflowExecutionRequest::default()
    };
    let start = SignalWithStartWorkflow { request: Some(request), run_id: String::new() };
    command(workflow_id, Body::SignalWithStartWorkflow(Box::new(start)))
}

/// Asks a workflow to cancel itself.
pub fn cancel(workflow_id: &str, request_id: &str) -> Command {
    let request = RequestCancelWorkflowExecutionRequest {
        workflow_execution: newest(workflow_id),
        request_id: request_id.to_owned(),
        reason: request_id.to_owned(),
        ..RequestCancelWorkflowExecutionRequest::default()
    };
    command(workflow_id, Body::RequestCancelWorkflow(RequestCancelWorkflow { request: Some(request) }))
}

/// Terminates a workflow.
pub fn terminate(workflow_id: &str, request_id: &str) -> Command {
    let request = TerminateWorkflowExecutionRequest {
        workflow_execution: newest(workflow_id),
        reason: request_id.to_owned(),
        ..TerminateWorkflowExecutionRequest::default()
    };
    command(workflow_id, Body::TerminateWorkflow(TerminateWorkflow { request: Some(request) }))
}

/// Creates a schedule that starts so many workflows, one after so many seconds.
pub fn create_schedule(schedule_id: &str, request_id: &str, seconds: i64, actions: i64, overlap: ScheduleOverlapPolicy) -> Command {
    let interval = IntervalSpec { interval: Some(prost_types::Duration { seconds, nanos: 0 }), phase: None };
    let action = NewWorkflowExecutionInfo {
        workflow_id: format!("s-{schedule_id}"),
        workflow_type: Some(workflow_type(schedule_id)),
        task_queue: Some(queue(WORKFLOWS)),
        workflow_task_timeout: Some(to_proto(Duration::from_secs(4))),
        ..NewWorkflowExecutionInfo::default()
    };
    let schedule = Schedule {
        spec: Some(ScheduleSpec { interval: vec![interval], ..ScheduleSpec::default() }),
        action: Some(ScheduleAction { action: Some(Action::StartWorkflow(action)) }),
        policies: Some(SchedulePolicies { overlap_policy: overlap as i32, ..SchedulePolicies::default() }),
        state: Some(ScheduleState { limited_actions: true, remaining_actions: actions, ..ScheduleState::default() }),
    };
    let request = CreateScheduleRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: schedule_id.to_owned(),
        request_id: request_id.to_owned(),
        schedule: Some(schedule),
        ..CreateScheduleRequest::default()
    };
    command(schedule_id, Body::CreateSchedule(Box::new(CreateSchedule { request: Some(request), namespace_id: String::new() })))
}

/// Lets a schedule start a workflow now.
pub fn trigger(schedule_id: &str, request_id: &str, now_ms: i64) -> Command {
    let time = prost_types::Timestamp { seconds: now_ms / 1_000, nanos: 0 };
    let trigger = TriggerImmediatelyRequest { overlap_policy: ScheduleOverlapPolicy::AllowAll as i32, scheduled_time: Some(time) };
    let request = PatchScheduleRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: schedule_id.to_owned(),
        request_id: request_id.to_owned(),
        patch: Some(SchedulePatch { trigger_immediately: Some(trigger), ..SchedulePatch::default() }),
        ..PatchScheduleRequest::default()
    };
    command(schedule_id, Body::PatchSchedule(PatchSchedule { request: Some(request) }))
}

/// Deletes a schedule.
pub fn delete_schedule(schedule_id: &str) -> Command {
    command(schedule_id, Body::DeleteSchedule(DeleteSchedule::default()))
}

/// How a worker completes a workflow task, besides its commands.
#[derive(Debug, Clone, Default)]
pub struct Completion {
    /// The worker's own queue, where it keeps the workflow in its cache.
    pub sticky: Option<String>,
    /// The worker wants the next task with the answer.
    pub wants_next: bool,
    /// The worker wants another task, whatever has happened.
    pub forces_next: bool,
}

/// Completes a workflow task; `name` tells this completion from all others.
pub fn complete(task: &WorkflowTask, name: &str, commands: Vec<temporal::command::v1::Command>, completion: Completion) -> Command {
    let sticky_attributes = completion.sticky.map(|name| StickyExecutionAttributes {
        worker_task_queue: Some(sticky_queue(&name)),
        schedule_to_start_timeout: Some(to_proto(Duration::from_secs(3))),
    });
    let request = RespondWorkflowTaskCompletedRequest {
        commands,
        identity: name.to_owned(),
        sticky_attributes,
        return_new_workflow_task: completion.wants_next,
        force_create_new_workflow_task: completion.forces_next,
        ..RespondWorkflowTaskCompletedRequest::default()
    };
    let body = CompleteWorkflowTask { token: Some(token(task)), request: Some(request), poll_id: format!("next of {name}") };
    command(&task.run.workflow_id, Body::CompleteWorkflowTask(body))
}

/// A worker could not do a workflow task.
pub fn fail(task: &WorkflowTask, name: &str) -> Command {
    let request = RespondWorkflowTaskFailedRequest { identity: name.to_owned(), ..RespondWorkflowTaskFailedRequest::default() };
    command(&task.run.workflow_id, Body::FailWorkflowTask(FailWorkflowTask { token: Some(token(task)), request: Some(request) }))
}

/// Completes an activity; `name` is its result.
pub fn complete_activity(task: &ActivityTask, name: &str) -> Command {
    let body = CompleteActivityTask { token: Some(activity_token(task)), result: Some(payloads(name)), worker_version: None };
    command(&task.run.workflow_id, Body::CompleteActivityTask(body))
}

/// An attempt of an activity fails; another one follows.
pub fn fail_activity(task: &ActivityTask) -> Command {
    let body = FailActivityTask { token: Some(activity_token(task)), ..FailActivityTask::default() };
    command(&task.run.workflow_id, Body::FailActivityTask(body))
}

/// An activity is alive.
pub fn heartbeat(task: &ActivityTask) -> Command {
    let body = HeartbeatActivityTask { token: Some(activity_token(task)), details: None };
    command(&task.run.workflow_id, Body::HeartbeatActivityTask(body))
}

/// A worker's own queue.
pub fn sticky_queue(name: &str) -> temporal::taskqueue::v1::TaskQueue {
    temporal::taskqueue::v1::TaskQueue { name: name.to_owned(), kind: 2, normal_name: WORKFLOWS.to_owned() }
}

fn newest(workflow_id: &str) -> Option<WorkflowExecution> {
    Some(WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: String::new() })
}

fn token(task: &WorkflowTask) -> WorkflowTaskToken {
    WorkflowTaskToken {
        namespace: task.run.namespace.clone(),
        workflow_id: task.run.workflow_id.clone(),
        run_id: task.run.run_id.clone(),
        scheduled_event_id: task.task.scheduled_event_id,
        started_event_id: task.task.started_event_id,
        attempt: task.task.attempt,
        stamp: task.task.stamp,
        query_id: String::new(),
    }
}

fn activity_token(task: &ActivityTask) -> ActivityTaskToken {
    ActivityTaskToken {
        namespace: task.run.namespace.clone(),
        workflow_id: task.run.workflow_id.clone(),
        run_id: task.run.run_id.clone(),
        scheduled_event_id: task.task.scheduled_event_id,
        attempt: task.task.attempt,
        stamp: task.task.stamp,
        ..ActivityTaskToken::default()
    }
}

/// Gives the run that a command may start its id: another one each time that the request is made, as a gateway does.
pub fn draw_run_id(command: &mut Command, name: String) {
    match &mut command.body {
        Some(Body::StartWorkflow(start)) => start.run_id = name,
        Some(Body::SignalWithStartWorkflow(start)) => start.run_id = name,
        _ => {}
    }
}

/// A command of the namespace.
pub fn command(workflow_id: &str, body: Body) -> Command {
    Command {
        version: 1,
        namespace: NAMESPACE.to_owned(),
        workflow_id: workflow_id.to_owned(),
        settings: Some(settings()),
        body: Some(body),
        ..Command::default()
    }
}
