//! One run, driven through the machine as the engine drives it: decide on scratch tables, keep what was accepted, wake what is due.
//!
//! After each accepted command the records so far are folded into empty tables, once whole and once compacted by key: both must give the
//! same activities, timers, tasks and wake rows as live.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use klamm_machine::{Context, Decision, Machine, Memory, Outcome, Rejection, TablesExt, Time, Tx, key::KeyBytes, wakes::Wakes};
use klamm_messages::{
    klamm::v1::{
        ActivityTaskToken, Command, CommandSettings, CompleteWorkflowTask, RunState, StartActivityTask, StartWorkflow, StartWorkflowTask,
        TaskKind, TaskRow, WakeRow, WakeUp, WorkflowTaskToken, command::Body,
    },
    temporal::{
        self,
        command::v1::{
            CancelTimerCommandAttributes, RequestCancelActivityTaskCommandAttributes, ScheduleActivityTaskCommandAttributes,
            StartTimerCommandAttributes, command::Attributes,
        },
        common::v1::{ActivityType, Payload, Payloads, WorkflowType},
        enums::v1::CommandType,
        history::v1::{HistoryEvent, history_event},
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{RespondWorkflowTaskCompletedRequest, StartWorkflowExecutionRequest},
    },
};

use crate::{
    Answer, Event, MACHINE, Workflow,
    answer::StartedActivityTask,
    event::key_suffix,
    tables::{History, RunKey, Runs, Tasks},
};

/// One run and its clock.
pub(crate) struct Env {
    rows: Memory,
    log: Vec<Event>,
    now: Time,
    offset: i64,
    /// Stamped on every command.
    pub(crate) settings: CommandSettings,
    /// Identity of every caller.
    pub(crate) identity: &'static str,
}

/// When the run starts.
pub(crate) const START: i64 = 1_000_000;

impl Env {
    /// A started run without time-outs, its first workflow task scheduled.
    pub(crate) fn new() -> Self {
        Self::with_start(|_| ())
    }

    /// The same with something told differently at the start.
    pub(crate) fn with_start(change: impl FnOnce(&mut StartWorkflowExecutionRequest)) -> Self {
        let mut env = Self {
            rows: Memory::default(),
            log: Vec::new(),
            now: Time::from_millis(START),
            offset: 0,
            settings: CommandSettings::default(),
            identity: "worker",
        };
        let mut request = StartWorkflowExecutionRequest {
            workflow_id: "w".to_owned(),
            workflow_type: Some(WorkflowType { name: "W".to_owned() }),
            task_queue: Some(queue("workflows")),
            request_id: "start".to_owned(),
            ..StartWorkflowExecutionRequest::default()
        };
        change(&mut request);
        env.accept(Body::StartWorkflow(Box::new(StartWorkflow {
            request: Some(request),
            run_id: "run".to_owned(),
            ..StartWorkflow::default()
        })));
        env
    }

    /// Decides a command; what it wanted is kept when it was accepted.
    pub(crate) fn decide(&mut self, body: Body) -> Decision<Answer> {
        self.offset += 1;
        let command = Command {
            namespace: "default".to_owned(),
            workflow_id: "w".to_owned(),
            identity: self.identity.to_owned(),
            settings: Some(self.settings.clone()),
            body: Some(body),
            ..Command::default()
        };
        let mut scratch = self.rows.clone();
        let mut context = Context::new(self.now, 1, "topic", 0, self.offset);
        let mut tx = Tx::new(&Workflow, &mut scratch, &mut context);
        let decision = Workflow.decide(&mut tx, &command);
        let effects = tx.finish();
        if decision.is_ok() {
            self.rows = scratch;
            self.log.extend(effects.events);
            self.check_folds();
        }
        decision.map(|outcome| match outcome {
            Outcome::Answer(answered) => Outcome::Answer(answered.answer),
            Outcome::Refused(rejection) => Outcome::Refused(rejection),
        })
    }

    /// Decides a command that must be accepted.
    pub(crate) fn accept(&mut self, body: Body) -> Answer {
        match self.decide(body) {
            Ok(Outcome::Answer(answer)) => answer,
            other => panic!("not accepted: {other:?}"),
        }
    }

    /// Decides a command that must be refused.
    pub(crate) fn refuse(&mut self, body: Body) -> Rejection {
        match self.decide(body) {
            Err(rejection) | Ok(Outcome::Refused(rejection)) => rejection,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// A worker takes the scheduled workflow task.
    pub(crate) fn start_workflow_task(&mut self) -> WorkflowTaskToken {
        let task = self.state().workflow_task.clone().unwrap_or_default();
        let answer = self.accept(Body::StartWorkflowTask(StartWorkflowTask {
            run_id: "run".to_owned(),
            scheduled_event_id: task.scheduled_event_id,
            stamp: task.stamp,
            poll_id: format!("workflow-poll-{}", self.offset),
            identity: self.identity.to_owned(),
            task_queue: task.task_queue,
            ..StartWorkflowTask::default()
        }));
        let Answer::WorkflowTaskStarted(started) = answer else { panic!("no workflow task: {answer:?}") };
        WorkflowTaskToken {
            namespace: "default".to_owned(),
            workflow_id: "w".to_owned(),
            run_id: started.run_id,
            scheduled_event_id: started.scheduled_event_id,
            started_event_id: started.started_event_id,
            attempt: started.attempt,
            stamp: started.stamp,
            query_id: String::new(),
        }
    }

    /// The worker completes the workflow task with these commands.
    pub(crate) fn complete_workflow_task(&mut self, token: WorkflowTaskToken, commands: Vec<Attributes>) -> Decision<Answer> {
        let commands = commands
            .into_iter()
            .map(|attributes| temporal::command::v1::Command {
                command_type: command_type(&attributes) as i32,
                attributes: Some(attributes),
                ..temporal::command::v1::Command::default()
            })
            .collect();
        let request = RespondWorkflowTaskCompletedRequest {
            commands,
            identity: self.identity.to_owned(),
            ..RespondWorkflowTaskCompletedRequest::default()
        };
        self.decide(Body::CompleteWorkflowTask(CompleteWorkflowTask {
            token: Some(token),
            request: Some(request),
            ..CompleteWorkflowTask::default()
        }))
    }

    /// The workflow runs its scheduled task and gives these commands.
    pub(crate) fn workflow(&mut self, commands: Vec<Attributes>) {
        let token = self.start_workflow_task();
        let decision = self.complete_workflow_task(token, commands);
        assert!(matches!(decision, Ok(Outcome::Answer(_))), "{decision:?}");
    }

    /// The same with commands that are refused; what the worker is told.
    pub(crate) fn workflow_refused(&mut self, commands: Vec<Attributes>) -> String {
        let token = self.start_workflow_task();
        match self.complete_workflow_task(token, commands) {
            Err(rejection) | Ok(Outcome::Refused(rejection)) => rejection.to_string(),
            other => panic!("not refused: {other:?}"),
        }
    }

    /// The body with which poll `poll_id` starts the task that waits for the activity.
    pub(crate) fn start_activity_body(&self, scheduled_event_id: i64, poll_id: &str) -> Body {
        let tasks = self.tasks();
        let task = tasks.iter().find(|task| task.scheduled_event_id == scheduled_event_id);
        let task = task.unwrap_or_else(|| panic!("no task waits for activity {scheduled_event_id}: {tasks:?}"));
        Body::StartActivityTask(StartActivityTask {
            run_id: task.run_id.clone(),
            scheduled_event_id,
            stamp: task.stamp,
            poll_id: poll_id.to_owned(),
            identity: self.identity.to_owned(),
            ..StartActivityTask::default()
        })
    }

    /// A worker takes the activity's task.
    pub(crate) fn start_activity(&mut self, scheduled_event_id: i64) -> Box<StartedActivityTask> {
        let body = self.start_activity_body(scheduled_event_id, &format!("poll-{}", self.offset));
        match self.accept(body) {
            Answer::ActivityTaskStarted(task) => task,
            other => panic!("not started: {other:?}"),
        }
    }

    /// Lets time pass.
    pub(crate) fn advance(&mut self, millis: u64) {
        self.now = self.now.after(Duration::from_millis(millis));
    }

    /// Milliseconds since the run started.
    pub(crate) fn elapsed(&self) -> i64 {
        self.now.millis() - START
    }

    /// When the run wants to be looked at again, milliseconds since it started.
    pub(crate) fn next_wake(&self) -> Option<i64> {
        self.wake_rows().first().and_then(|row| row.due.as_ref()).map(|due| Time::from(due).millis() - START)
    }

    /// The scheduler's word that something is due.
    pub(crate) fn wake(&mut self) {
        let body = Body::WakeUp(WakeUp {
            machine: MACHINE.to_owned(),
            namespace: "default".to_owned(),
            id: "w".to_owned(),
            run_id: "run".to_owned(),
            due: Some(self.now.into()),
        });
        self.accept(body);
    }

    /// Lets time pass up to `millis` since the start, with every wake-up at its very time.
    pub(crate) fn run_to(&mut self, millis: i64) {
        while let Some(due) = self.next_wake().filter(|due| *due <= millis) {
            self.now = self.now.max(Time::from_millis(START + due));
            self.wake();
        }
        self.now = Time::from_millis(START + millis);
    }

    /// The run's state.
    pub(crate) fn state(&self) -> Arc<RunState> {
        self.rows.get::<Runs>(&key()).unwrap_or_default()
    }

    /// Activity tasks that wait for workers.
    pub(crate) fn tasks(&self) -> Vec<TaskRow> {
        tasks(&self.rows).into_iter().filter(|task| task.kind == TaskKind::Activity as i32).collect()
    }

    /// Public events.
    pub(crate) fn events(&self) -> Vec<HistoryEvent> {
        let (from, to) = History::range(&key(), 1, i64::MAX);
        self.rows.range::<History>(&from, &to, usize::MAX).into_iter().map(|(_, event)| event.as_ref().clone()).collect()
    }

    /// Public events from this id on, a line each.
    pub(crate) fn history_from(&self, event_id: i64) -> Vec<String> {
        self.events().iter().filter(|event| event.event_id >= event_id).map(line).collect()
    }

    /// The last public event's attributes.
    pub(crate) fn last_attributes(&self) -> history_event::Attributes {
        self.events().pop().and_then(|event| event.attributes).unwrap()
    }

    fn wake_rows(&self) -> Vec<WakeRow> {
        wake_rows(&self.rows)
    }

    /// Folds what was emitted: whole, and compacted by key.
    fn check_folds(&self) {
        let mut whole = Memory::default();
        self.log.iter().for_each(|event| Workflow.apply(&mut whole, event));
        assert_eq!(whole.get::<Runs>(&key()), self.rows.get::<Runs>(&key()), "folded run");
        assert_eq!(tasks(&whole), tasks(&self.rows), "folded tasks");
        assert_eq!(wake_rows(&whole), wake_rows(&self.rows), "folded wake rows");

        let mut newest = BTreeMap::new();
        for (at, event) in self.log.iter().enumerate() {
            if let Event::Record(record) = event {
                newest.insert(key_suffix(record), at);
            }
        }
        let mut kept: Vec<_> = newest.into_values().collect();
        kept.sort_unstable();
        let mut compacted = Memory::default();
        kept.into_iter().for_each(|at| Workflow.apply(&mut compacted, &self.log[at]));
        let (folded, live) = (compacted.get::<Runs>(&key()).unwrap_or_default(), self.state());
        assert_eq!(folded.activities, live.activities, "activities of the compacted fold");
        assert_eq!(folded.activity_ids, live.activity_ids, "activity ids of the compacted fold");
        assert_eq!(folded.timers, live.timers, "timers of the compacted fold");
        assert_eq!(tasks(&compacted), tasks(&self.rows), "tasks of the compacted fold");
    }
}

fn key() -> RunKey {
    RunKey::new("default", "w", "run")
}

fn tasks(rows: &Memory) -> Vec<TaskRow> {
    let kind = <Tasks as klamm_machine::Table>::KIND;
    let from = KeyBytes::new(kind).finish();
    rows.range::<Tasks>(&from, &klamm_machine::key::prefix_end(&from), usize::MAX)
        .into_iter()
        .map(|(_, row)| row.as_ref().clone())
        .collect()
}

fn wake_rows(rows: &Memory) -> Vec<WakeRow> {
    let from = KeyBytes::new(klamm_machine::Kind::Wake).finish();
    rows.range::<Wakes>(&from, &klamm_machine::key::prefix_end(&from), usize::MAX)
        .into_iter()
        .map(|(_, row)| row.as_ref().clone())
        .collect()
}

/// A task queue.
pub(crate) fn queue(name: &str) -> TaskQueue {
    TaskQueue { name: name.to_owned(), ..TaskQueue::default() }
}

/// A duration of so many milliseconds.
pub(crate) fn millis(millis: u64) -> Option<prost_types::Duration> {
    Some(klamm_machine::time::to_proto(Duration::from_millis(millis)))
}

/// A JSON payload.
pub(crate) fn json(text: &str) -> Payload {
    Payload { metadata: [("encoding".to_owned(), "json/plain".into())].into(), data: text.as_bytes().to_vec().into(), ..Payload::default() }
}

/// One JSON payload as a list.
pub(crate) fn jsons(text: &str) -> Option<Payloads> {
    Some(Payloads { payloads: vec![json(text)] })
}

/// Schedules activity `id`, whose attempts may last 10 s.
pub(crate) fn schedule(id: &str) -> Attributes {
    schedule_with(id, |_| ())
}

/// The same with other options.
pub(crate) fn schedule_with(id: &str, change: impl FnOnce(&mut ScheduleActivityTaskCommandAttributes)) -> Attributes {
    let mut attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: id.to_owned(),
        activity_type: Some(ActivityType { name: "A".to_owned() }),
        task_queue: Some(queue("activities")),
        start_to_close_timeout: millis(10_000),
        ..ScheduleActivityTaskCommandAttributes::default()
    };
    change(&mut attributes);
    Attributes::ScheduleActivityTaskCommandAttributes(attributes)
}

/// Asks for the cancellation of an activity.
pub(crate) fn request_cancel(scheduled_event_id: i64) -> Attributes {
    Attributes::RequestCancelActivityTaskCommandAttributes(RequestCancelActivityTaskCommandAttributes { scheduled_event_id })
}

/// Starts a timer.
pub(crate) fn start_timer(id: &str, duration: Option<prost_types::Duration>) -> Attributes {
    Attributes::StartTimerCommandAttributes(StartTimerCommandAttributes { timer_id: id.to_owned(), start_to_fire_timeout: duration })
}

/// Cancels a timer.
pub(crate) fn cancel_timer(id: &str) -> Attributes {
    Attributes::CancelTimerCommandAttributes(CancelTimerCommandAttributes { timer_id: id.to_owned() })
}

/// The token of a task in a worker's hands.
pub(crate) fn token(task: &StartedActivityTask) -> Option<ActivityTaskToken> {
    Some(ActivityTaskToken {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        run_id: task.run_id.clone(),
        scheduled_event_id: task.scheduled_event_id,
        attempt: task.attempt,
        activity_id: task.scheduled.activity_id.clone(),
        activity_type: "A".to_owned(),
        stamp: task.stamp,
    })
}

/// What stands for a token where an activity is named by its id alone.
pub(crate) fn by_id(activity_id: &str) -> Option<ActivityTaskToken> {
    Some(ActivityTaskToken { activity_id: activity_id.to_owned(), ..ActivityTaskToken::default() })
}

fn command_type(attributes: &Attributes) -> CommandType {
    match attributes {
        Attributes::ScheduleActivityTaskCommandAttributes(_) => CommandType::ScheduleActivityTask,
        Attributes::RequestCancelActivityTaskCommandAttributes(_) => CommandType::RequestCancelActivityTask,
        Attributes::StartTimerCommandAttributes(_) => CommandType::StartTimer,
        Attributes::CancelTimerCommandAttributes(_) => CommandType::CancelTimer,
        Attributes::RecordMarkerCommandAttributes(_) => CommandType::RecordMarker,
        Attributes::UpsertWorkflowSearchAttributesCommandAttributes(_) => CommandType::UpsertWorkflowSearchAttributes,
        Attributes::ModifyWorkflowPropertiesCommandAttributes(_) => CommandType::ModifyWorkflowProperties,
        Attributes::CompleteWorkflowExecutionCommandAttributes(_) => CommandType::CompleteWorkflowExecution,
        other => panic!("no test uses {other:?}"),
    }
}

/// An event in one line: id, type, and of activities and timers what links them.
fn line(event: &HistoryEvent) -> String {
    use history_event::Attributes as A;
    let name = event.event_type().as_str_name().trim_start_matches("EVENT_TYPE_");
    let name: String = name.split('_').map(|word| format!("{}{}", &word[..1], word[1..].to_lowercase())).collect();
    let details = match event.attributes.as_ref().unwrap() {
        A::WorkflowTaskFailedEventAttributes(a) => {
            format!(" {}", a.cause().as_str_name().trim_start_matches("WORKFLOW_TASK_FAILED_CAUSE_"))
        }
        A::ActivityTaskScheduledEventAttributes(a) => format!(" {}", a.activity_id),
        A::ActivityTaskStartedEventAttributes(a) => format!(" {} attempt={}", a.scheduled_event_id, a.attempt),
        A::ActivityTaskCompletedEventAttributes(a) => format!(" {}/{}", a.scheduled_event_id, a.started_event_id),
        A::ActivityTaskFailedEventAttributes(a) => format!(
            " {}/{} {} {:?}",
            a.scheduled_event_id,
            a.started_event_id,
            a.retry_state().as_str_name().trim_start_matches("RETRY_STATE_"),
            a.failure.as_ref().map_or("", |failure| &failure.message)
        ),
        A::ActivityTaskTimedOutEventAttributes(a) => format!(
            " {}/{} {} {:?}",
            a.scheduled_event_id,
            a.started_event_id,
            a.retry_state().as_str_name().trim_start_matches("RETRY_STATE_"),
            a.failure.as_ref().map_or("", |failure| &failure.message)
        ),
        A::ActivityTaskCancelRequestedEventAttributes(a) => format!(" {}", a.scheduled_event_id),
        A::ActivityTaskCanceledEventAttributes(a) => {
            format!(" {}/{} requested={}", a.scheduled_event_id, a.started_event_id, a.latest_cancel_requested_event_id)
        }
        A::TimerStartedEventAttributes(a) => format!(" {}", a.timer_id),
        A::TimerFiredEventAttributes(a) => format!(" {}/{}", a.timer_id, a.started_event_id),
        A::TimerCanceledEventAttributes(a) => format!(" {}/{}", a.timer_id, a.started_event_id),
        _ => String::new(),
    };
    format!("{} {name}{details}", event.event_id)
}
