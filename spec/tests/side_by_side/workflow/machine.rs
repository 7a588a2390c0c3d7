//! The real workflow machine, driven by the same words as the model.

use klamm_machine::{
    Context, Kind, Machine as _, Memory, Outcome, Rejection, Savepoint, Tables as _, TablesExt, Time, Tx,
    key::{self, KeyBytes},
    wakes::Wakes,
};
use klamm_messages::{
    klamm::v1::{
        ActivityTaskToken, CancelActivityTask, Command as LogCommand, CommandSettings, CompleteActivityTask, CompleteWorkflowTask,
        FailActivityTask, FailWorkflowTask, HeartbeatActivityTask, RequestCancelWorkflow, SignalWorkflow, StartActivityTask, StartWorkflow,
        StartWorkflowTask, TaskKind, TaskRow, TerminateWorkflow, WakeRow, WakeUp, WorkflowTaskToken, command::Body,
    },
    temporal::{
        command::v1::{self as commands, command::Attributes},
        common::v1::{ActivityType, RetryPolicy, WorkflowExecution, WorkflowType},
        enums::v1::{CommandType, TaskQueueKind, WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowTaskFailedCause},
        failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
        taskqueue::v1::{StickyExecutionAttributes, TaskQueue},
        workflowservice::v1::{
            RequestCancelWorkflowExecutionRequest, RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskFailedRequest,
            SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
        },
    },
};
use klamm_spec::{Command, Conflict, End, EventId, Millis, Refusal, Reuse, Start};
use klamm_workflow::{
    Answer, MACHINE, Workflow,
    answer::StartedWorkflowTask,
    tables::{History, RunKey, Tasks, Workflows},
};

use super::shown;

const NAMESPACE: &str = "default";
const ID: &str = "w";

/// The machine, its tables and the time.
#[derive(Default)]
pub struct Machine {
    rows: Memory,
    now: Millis,
    offset: i64,
    polls: u32,
}

/// A workflow task in a worker's hands.
#[derive(Clone)]
pub struct TaskToken {
    pub run: String,
    pub scheduled: EventId,
    pub started: EventId,
    pub attempt: u32,
    stamp: i64,
}

/// An activity in a worker's hands.
#[derive(Clone)]
pub struct ActivityToken {
    pub run: String,
    pub scheduled: EventId,
    pub attempt: u32,
    stamp: i64,
}

impl Machine {
    fn decide(&mut self, body: Body) -> Result<Answer, Refusal> {
        self.offset += 1;
        let command = LogCommand {
            namespace: NAMESPACE.to_owned(),
            workflow_id: ID.to_owned(),
            settings: Some(CommandSettings { retention: duration(365 * 86_400_000), ..CommandSettings::default() }),
            body: Some(body),
            ..LogCommand::default()
        };
        let mut scratch = Savepoint::over(&self.rows);
        let mut context = Context::new(Time::from_millis(self.now), 1, "topic", 0, self.offset);
        let mut tx = Tx::new(&Workflow, &mut scratch, &mut context);
        let decision = Workflow.decide(&mut tx, &command);
        tx.finish();
        if decision.is_ok() {
            for (key, row) in scratch.into_changes() {
                self.rows.save(key, row);
            }
        }
        match decision {
            Ok(Outcome::Answer(answered)) => Ok(answered.answer),
            Ok(Outcome::Refused(rejection)) | Err(rejection) => Err(refusal(&rejection)),
        }
    }

    pub fn start(&mut self, start: &Start) -> Result<(String, bool), Refusal> {
        let request = StartWorkflowExecutionRequest {
            workflow_id: ID.to_owned(),
            workflow_type: Some(WorkflowType { name: "W".to_owned() }),
            task_queue: queue("q"),
            request_id: start.request.clone(),
            workflow_id_conflict_policy: match start.conflict {
                Conflict::Fail => WorkflowIdConflictPolicy::Fail,
                Conflict::UseExisting => WorkflowIdConflictPolicy::UseExisting,
                Conflict::TerminateExisting => WorkflowIdConflictPolicy::TerminateExisting,
            } as i32,
            workflow_id_reuse_policy: match start.reuse {
                Reuse::Allow => WorkflowIdReusePolicy::AllowDuplicate,
                Reuse::AllowFailedOnly => WorkflowIdReusePolicy::AllowDuplicateFailedOnly,
                Reuse::Reject => WorkflowIdReusePolicy::RejectDuplicate,
            } as i32,
            workflow_start_delay: duration(start.delay),
            workflow_run_timeout: start.timeout.and_then(duration),
            ..StartWorkflowExecutionRequest::default()
        };
        match self.decide(Body::StartWorkflow(Box::new(StartWorkflow {
            request: Some(request),
            run_id: start.run.clone(),
            ..StartWorkflow::default()
        })))? {
            Answer::Started(started) => Ok((started.run_id, started.started)),
            other => panic!("{other:?}"),
        }
    }

    pub fn signal(&mut self, name: &str, request: &str) -> Result<(), Refusal> {
        let request = SignalWorkflowExecutionRequest {
            workflow_execution: execution(),
            signal_name: name.to_owned(),
            request_id: request.to_owned(),
            ..SignalWorkflowExecutionRequest::default()
        };
        self.decide(Body::SignalWorkflow(SignalWorkflow { request: Some(request) })).map(|_| ())
    }

    pub fn request_cancel(&mut self) -> Result<(), Refusal> {
        let request = RequestCancelWorkflowExecutionRequest { workflow_execution: execution(), ..Default::default() };
        self.decide(Body::RequestCancelWorkflow(RequestCancelWorkflow { request: Some(request) })).map(|_| ())
    }

    pub fn terminate(&mut self) -> Result<(), Refusal> {
        let request = TerminateWorkflowExecutionRequest { workflow_execution: execution(), ..Default::default() };
        self.decide(Body::TerminateWorkflow(TerminateWorkflow { request: Some(request) })).map(|_| ())
    }

    /// A worker takes the workflow task that waits, from the queue where it waits.
    pub fn start_task(&mut self) -> Option<TaskToken> {
        let row = self.tasks().into_iter().find(|row| row.kind == TaskKind::Workflow as i32)?;
        let kind = if row.sticky { TaskQueueKind::Sticky } else { TaskQueueKind::Normal } as i32;
        let body = StartWorkflowTask {
            run_id: row.run_id.clone(),
            scheduled_event_id: row.scheduled_event_id,
            stamp: row.stamp,
            poll_id: self.poll_id(),
            task_queue: Some(TaskQueue { name: row.task_queue, kind, ..TaskQueue::default() }),
            ..StartWorkflowTask::default()
        };
        match self.decide(Body::StartWorkflowTask(body)) {
            Ok(Answer::WorkflowTaskStarted(task)) => Some(task_token(&task)),
            other => panic!("a task that waits can be started: {other:?}"),
        }
    }

    pub fn complete_task(&mut self, task: &TaskToken, commands: &[Command], sticky: bool, again: bool) -> Result<(), Refusal> {
        let worker_task_queue = TaskQueue { name: "sticky".to_owned(), kind: TaskQueueKind::Sticky as i32, normal_name: "q".to_owned() };
        let attributes = StickyExecutionAttributes {
            worker_task_queue: Some(worker_task_queue),
            schedule_to_start_timeout: duration(klamm_spec::pending::STICKY_TIMEOUT),
        };
        let request = RespondWorkflowTaskCompletedRequest {
            commands: commands.iter().map(log_command).collect(),
            sticky_attributes: sticky.then_some(attributes),
            force_create_new_workflow_task: again,
            ..RespondWorkflowTaskCompletedRequest::default()
        };
        let body = CompleteWorkflowTask { token: Some(token(task)), request: Some(request), poll_id: String::new() };
        self.decide(Body::CompleteWorkflowTask(body)).map(|_| ())
    }

    pub fn fail_task(&mut self, task: &TaskToken) -> Result<(), Refusal> {
        let cause = WorkflowTaskFailedCause::NonDeterministicError as i32;
        let request = RespondWorkflowTaskFailedRequest { cause, ..RespondWorkflowTaskFailedRequest::default() };
        self.decide(Body::FailWorkflowTask(FailWorkflowTask { token: Some(token(task)), request: Some(request) })).map(|_| ())
    }

    pub fn start_activity(&mut self, row: &TaskRow) -> Option<ActivityToken> {
        let body = StartActivityTask {
            run_id: row.run_id.clone(),
            scheduled_event_id: row.scheduled_event_id,
            stamp: row.stamp,
            poll_id: self.poll_id(),
            ..StartActivityTask::default()
        };
        match self.decide(Body::StartActivityTask(body)) {
            Ok(Answer::ActivityTaskStarted(task)) => Some(ActivityToken {
                run: task.run_id,
                scheduled: task.scheduled_event_id,
                attempt: task.attempt.unsigned_abs(),
                stamp: task.stamp,
            }),
            _ => None,
        }
    }

    pub fn complete_activity(&mut self, token: &ActivityToken) -> Result<(), Refusal> {
        self.decide(Body::CompleteActivityTask(CompleteActivityTask { token: activity_token(token), ..CompleteActivityTask::default() }))
            .map(|_| ())
    }

    pub fn fail_activity(&mut self, token: &ActivityToken) -> Result<(), Refusal> {
        let body = FailActivityTask { token: activity_token(token), failure: Some(failure()), ..FailActivityTask::default() };
        self.decide(Body::FailActivityTask(body)).map(|_| ())
    }

    pub fn heartbeat(&mut self, token: &ActivityToken) -> Result<bool, Refusal> {
        match self.decide(Body::HeartbeatActivityTask(HeartbeatActivityTask { token: activity_token(token), details: None }))? {
            Answer::Heartbeat { cancel_requested, .. } => Ok(cancel_requested),
            other => panic!("{other:?}"),
        }
    }

    pub fn confirm_canceled(&mut self, token: &ActivityToken) -> Result<(), Refusal> {
        self.decide(Body::CancelActivityTask(CancelActivityTask { token: activity_token(token), details: None })).map(|_| ())
    }

    /// Lets time pass; the scheduler wakes the machine at each time that it asked for.
    pub fn pass(&mut self, until: Millis) {
        while let Some(row) = self.wake_rows().into_iter().find(|row| due(row) <= until) {
            self.now = self.now.max(due(&row));
            let body = WakeUp { machine: MACHINE.to_owned(), namespace: row.namespace, id: row.id, run_id: row.run_id, due: row.due };
            self.decide(Body::WakeUp(body)).expect("a wake-up is always accepted");
        }
        self.now = until;
    }

    /// When the newest run wants to be woken, while it is open.
    pub fn next_due(&self) -> Option<Millis> {
        let run = self.newest_run();
        let is_open =
            self.rows.get::<klamm_workflow::tables::Runs>(&RunKey::new(NAMESPACE, ID, &run)).is_some_and(|run| run.close_time.is_none());
        self.wake_rows().iter().find(|row| row.run_id == run && is_open).map(due)
    }

    /// Id of the newest run.
    pub fn newest_run(&self) -> String {
        self.rows.get::<Workflows>(&(NAMESPACE.to_owned(), ID.to_owned())).map(|row| row.current_run_id.clone()).unwrap_or_default()
    }

    /// A run's history, as the model's is shown.
    pub fn history(&self, run: &str) -> Vec<String> {
        let (from, to) = History::range(&RunKey::new(NAMESPACE, ID, run), 1, i64::MAX);
        self.rows.range::<History>(&from, &to, usize::MAX).iter().map(|(_, event)| shown::event(event)).collect()
    }

    /// Tasks that wait, as the model's are shown.
    pub fn waiting(&self) -> Vec<(i64, String)> {
        let queue = |row: &TaskRow| match row.kind == TaskKind::Workflow as i32 {
            true => shown::queue(row.sticky),
            false => row.task_queue.clone(),
        };
        let mut all: Vec<_> = self.tasks().iter().map(|row| (row.scheduled_event_id, queue(row))).collect();
        all.sort();
        all
    }

    /// Activities that wait for a worker.
    pub fn waiting_activities(&self) -> Vec<TaskRow> {
        self.tasks().into_iter().filter(|row| row.kind == TaskKind::Activity as i32).collect()
    }

    fn tasks(&self) -> Vec<TaskRow> {
        let from = KeyBytes::new(Kind::Task).finish();
        self.rows.range::<Tasks>(&from, &key::prefix_end(&from), usize::MAX).into_iter().map(|(_, row)| (*row).clone()).collect()
    }

    fn wake_rows(&self) -> Vec<WakeRow> {
        let from = KeyBytes::new(Kind::Wake).finish();
        self.rows.range::<Wakes>(&from, &key::prefix_end(&from), usize::MAX).into_iter().map(|(_, row)| (*row).clone()).collect()
    }

    fn poll_id(&mut self) -> String {
        self.polls += 1;
        format!("poll-{}", self.polls)
    }
}

fn refusal(rejection: &Rejection) -> Refusal {
    match rejection {
        Rejection::NotFound(_) => Refusal::NotFound,
        Rejection::WorkflowExecutionAlreadyStarted { .. } => Refusal::AlreadyStarted,
        Rejection::BusyWorkflow(_) => Refusal::Closing,
        Rejection::InvalidArgument(_) => Refusal::Invalid,
        other => panic!("a refusal that the specification does not know: {other:?}"),
    }
}

fn task_token(task: &StartedWorkflowTask) -> TaskToken {
    TaskToken {
        run: task.run_id.clone(),
        scheduled: task.scheduled_event_id,
        started: task.started_event_id,
        attempt: task.attempt.unsigned_abs(),
        stamp: task.stamp,
    }
}

fn token(task: &TaskToken) -> WorkflowTaskToken {
    WorkflowTaskToken {
        namespace: NAMESPACE.to_owned(),
        workflow_id: ID.to_owned(),
        run_id: task.run.clone(),
        scheduled_event_id: task.scheduled,
        started_event_id: task.started,
        attempt: task.attempt as i32,
        stamp: task.stamp,
        ..WorkflowTaskToken::default()
    }
}

fn activity_token(token: &ActivityToken) -> Option<ActivityTaskToken> {
    Some(ActivityTaskToken {
        namespace: NAMESPACE.to_owned(),
        workflow_id: ID.to_owned(),
        run_id: token.run.clone(),
        scheduled_event_id: token.scheduled,
        attempt: token.attempt as i32,
        stamp: token.stamp,
        ..ActivityTaskToken::default()
    })
}

fn log_command(command: &Command) -> commands::Command {
    let (command_type, attributes) = match command {
        Command::Activity(options) => {
            let attributes = commands::ScheduleActivityTaskCommandAttributes {
                activity_id: options.id.clone(),
                activity_type: Some(ActivityType { name: "A".to_owned() }),
                task_queue: queue("activities"),
                schedule_to_close_timeout: duration(options.schedule_to_close),
                schedule_to_start_timeout: duration(options.schedule_to_start),
                start_to_close_timeout: duration(options.start_to_close),
                heartbeat_timeout: duration(options.heartbeat),
                retry_policy: Some(RetryPolicy {
                    initial_interval: duration(options.first_pause),
                    maximum_attempts: options.attempts_max as i32,
                    ..RetryPolicy::default()
                }),
                ..Default::default()
            };
            (CommandType::ScheduleActivityTask, Attributes::ScheduleActivityTaskCommandAttributes(attributes))
        }
        Command::CancelActivity(scheduled_event_id) => (
            CommandType::RequestCancelActivityTask,
            Attributes::RequestCancelActivityTaskCommandAttributes(commands::RequestCancelActivityTaskCommandAttributes {
                scheduled_event_id: *scheduled_event_id,
            }),
        ),
        Command::Timer { id, duration: length } => {
            let attributes = commands::StartTimerCommandAttributes { timer_id: id.clone(), start_to_fire_timeout: duration(*length) };
            (CommandType::StartTimer, Attributes::StartTimerCommandAttributes(attributes))
        }
        Command::CancelTimer(id) => (
            CommandType::CancelTimer,
            Attributes::CancelTimerCommandAttributes(commands::CancelTimerCommandAttributes { timer_id: id.clone() }),
        ),
        Command::End(End::Completed) => {
            (CommandType::CompleteWorkflowExecution, Attributes::CompleteWorkflowExecutionCommandAttributes(Default::default()))
        }
        Command::End(End::Failed) => {
            let attributes = commands::FailWorkflowExecutionCommandAttributes { failure: Some(Failure::default()) };
            (CommandType::FailWorkflowExecution, Attributes::FailWorkflowExecutionCommandAttributes(attributes))
        }
        Command::End(End::Canceled) => {
            (CommandType::CancelWorkflowExecution, Attributes::CancelWorkflowExecutionCommandAttributes(Default::default()))
        }
        Command::End(End::ContinuedAsNew) => {
            (CommandType::ContinueAsNewWorkflowExecution, Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(Default::default()))
        }
        Command::End(End::Terminated | End::TimedOut) => panic!("no command of a workflow: {command:?}"),
    };
    commands::Command { command_type: command_type as i32, attributes: Some(attributes), ..Default::default() }
}

/// What an application reports.
fn failure() -> Failure {
    Failure { failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo::default())), ..Failure::default() }
}

fn queue(name: &str) -> Option<TaskQueue> {
    Some(TaskQueue { name: name.to_owned(), kind: TaskQueueKind::Normal as i32, ..TaskQueue::default() })
}

fn execution() -> Option<WorkflowExecution> {
    Some(WorkflowExecution { workflow_id: ID.to_owned(), run_id: String::new() })
}

/// Milliseconds as protobuf's duration; zero is not told.
fn duration(millis: Millis) -> Option<prost_types::Duration> {
    (millis != 0).then(|| prost_types::Duration { seconds: millis / 1000, nanos: (millis % 1000 * 1_000_000) as i32 })
}

fn due(row: &WakeRow) -> Millis {
    Time::or_epoch(row.due).millis()
}
