//! Workflows driven through the machine as the engine drives it: decide on scratch tables, keep what was accepted, wake what is due.
//!
//! After each accepted command the events so far are folded into empty tables, once whole and once without the internal records that a newer
//! one of the same key supersedes: both must give the rows that live has.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use klamm_avro::frame;
use klamm_machine::{
    Context, Decision, Machine, Memory, Outcome, Publication, Rejection, Row, Savepoint, Table, Tables, TablesExt, Time, Tx, key::KeyBytes,
    table::downcast, wakes::Wakes,
};
use klamm_messages::{
    klamm::v1::{
        Command, CommandSettings, CompleteWorkflowTask, FailWorkflowTask, RequestCancelWorkflow, Reservation, RunState,
        SignalWithStartWorkflow, SignalWorkflow, StartWorkflow, StartWorkflowTask, TaskKind, TaskRow, TerminateWorkflow,
        VisibilityDocument, WakeRow, WakeUp, WorkflowTaskToken, command::Body,
    },
    temporal::{
        self,
        command::v1::command::Attributes as CommandAttributes,
        common::v1::{WorkflowExecution, WorkflowType},
        enums::v1::{IndexedValueType, TaskQueueKind, WorkflowTaskFailedCause},
        history::v1::HistoryEvent,
        taskqueue::v1::{StickyExecutionAttributes, TaskQueue},
        workflowservice::v1::{
            RequestCancelWorkflowExecutionRequest, RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskFailedRequest,
            SignalWithStartWorkflowExecutionRequest, SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest,
            TerminateWorkflowExecutionRequest,
        },
    },
};
use klamm_workflow::{
    Answer, Answered, Event, MACHINE, Workflow,
    answer::{Started, StartedReservation, StartedWorkflowTask},
    event::key_suffix,
    tables::{Callbacks, CompletedUpdates, History, RunKey, Runs, Tasks, Updates, Workflows},
};

use crate::{riders, text};

/// When every test begins.
pub const START: i64 = 1_000_000;
/// The workflow id of most tests.
pub const ID: &str = "w";

/// A partition with its clock.
pub struct Env {
    /// The tables.
    pub rows: Memory,
    /// All events.
    pub log: Vec<Event>,
    /// What was published since it was last looked at.
    pub publications: Vec<Publication>,
    /// What was sent to other machines since it was last looked at.
    pub sent: Vec<Command>,
    /// Stamped on every command.
    pub settings: CommandSettings,
    /// Pollers that ride in the next command.
    pub riders: Vec<Reservation>,
    /// What was started for pollers that rode along, since it was last looked at.
    pub started: Vec<StartedReservation>,
    /// The limits that came near, since they were last looked at.
    pub warnings: Vec<&'static str>,
    now: Time,
    offset: i64,
    run_count: usize,
    /// Fold after each command.
    pub checks_folds: bool,
}

impl Env {
    /// An empty partition.
    pub fn new() -> Self {
        let settings = CommandSettings { retention: Some(seconds(86_400)), ..CommandSettings::default() };
        Self {
            rows: Memory::default(),
            log: Vec::new(),
            publications: Vec::new(),
            sent: Vec::new(),
            settings,
            riders: Vec::new(),
            started: Vec::new(),
            warnings: Vec::new(),
            now: Time::from_millis(START),
            offset: 0,
            run_count: 0,
            checks_folds: true,
        }
    }

    /// What stands on the topics of all that was said, sent and published so far: the Avro bytes of each record.
    pub fn on_the_topics(&self) -> Vec<Vec<u8>> {
        let events = self.log.iter().map(|event| match event {
            Event::Record(record) => frame::encode(&**record),
            // Tombstones have no value.
            Event::Delete { key_suffixes, .. } => key_suffixes.join(" ").into_bytes(),
        });
        let published = self.publications.iter().map(|publication| match publication {
            Publication::Visibility(document) => frame::encode(&**document),
            Publication::VisibilityDeleted { run_id, .. } => run_id.clone().into_bytes(),
            Publication::DeadLetter(_) => unreachable!("the workflow machine has no triggers"),
            Publication::Outcome { outcome, headers } => {
                let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
                [headers.collect::<String>().into_bytes(), frame::encode(&**outcome)].concat()
            }
            Publication::Task(task) => format!("{task:?}").into_bytes(),
            Publication::Foreign(record) => format!("{record:?}").into_bytes(),
            Publication::Lineage(record) => format!("{record:?}").into_bytes(),
        });
        events.chain(self.sent.iter().map(frame::encode::<Command>)).chain(published).collect()
    }

    /// A partition with one started workflow, its first task scheduled.
    pub fn started() -> Self {
        let mut env = Self::new();
        env.start(|_| ());
        env
    }

    /// Decides a command about workflow `id`; what it wanted is kept when it was accepted.
    pub fn decide_for(&mut self, id: &str, body: Body) -> Decision<Answer> {
        let reservations = std::mem::take(&mut self.riders);
        self.decide_command(&Command {
            namespace: "default".to_owned(),
            workflow_id: id.to_owned(),
            settings: Some(self.settings.clone()),
            reservations,
            body: Some(body),
            ..Command::default()
        })
    }

    /// Decides a command as it is.
    pub fn decide_command(&mut self, command: &Command) -> Decision<Answer> {
        self.offset += 1;
        let mut scratch = Savepoint::over(&self.rows);
        let mut context = Context::new(self.now, 1, "topic", 0, self.offset);
        let mut tx = Tx::new(&Workflow, &mut scratch, &mut context);
        let decision = Workflow.decide(&mut tx, command);
        let effects = tx.finish();
        if let Ok(outcome) = &decision
            && !command.reservations.is_empty()
        {
            self.check_riders(command, outcome, &effects.events);
        }
        if decision.is_ok() {
            for (key, row) in scratch.into_changes() {
                self.rows.save(key, row);
            }
            self.log.extend(effects.events);
            self.publications.extend(effects.publications);
            self.sent.extend(effects.commands);
            self.warnings.extend(effects.warnings.iter().map(|warning| warning.limit));
            if self.checks_folds {
                self.check_folds();
            }
        }
        decision.map(|outcome| match outcome {
            Outcome::Answer(answered) => {
                self.started.extend(answered.started);
                Outcome::Answer(answered.answer)
            }
            Outcome::Refused(rejection) => Outcome::Refused(rejection),
        })
    }

    /// What came of the command is what comes of it and its riders' own start commands right after it.
    fn check_riders(&self, command: &Command, outcome: &Outcome<Answered>, events: &[Event]) {
        let mut scratch = Savepoint::over(&self.rows);
        riders::check(command, outcome, events, |command| {
            let waiting = tasks(&scratch);
            let command = &command(&waiting);
            let mut context = Context::new(self.now, 1, "topic", 0, self.offset);
            let mut tx = Tx::new(&Workflow, &mut scratch, &mut context);
            let outcome = Workflow.decide(&mut tx, command).expect("it was accepted with its riders");
            (outcome, tx.finish().events)
        });
    }

    /// Decides a command about the workflow of most tests.
    pub fn decide(&mut self, body: Body) -> Decision<Answer> {
        self.decide_for(ID, body)
    }

    /// Decides a command that must be accepted.
    pub fn accept(&mut self, body: Body) -> Answer {
        match self.decide(body) {
            Ok(Outcome::Answer(answer)) => answer,
            other => panic!("not accepted: {other:?}"),
        }
    }

    /// Decides a command that must be refused; what is said.
    pub fn refuse(&mut self, body: Body) -> String {
        match self.decide(body) {
            Err(rejection) | Ok(Outcome::Refused(rejection)) => refusal(&rejection),
            other => panic!("not refused: {other:?}"),
        }
    }

    /// A start of the usual workflow with something told differently; run ids are run-1, run-2, …
    pub fn start_body(&mut self, change: impl FnOnce(&mut StartWorkflowExecutionRequest)) -> Body {
        self.run_count += 1;
        let mut request = StartWorkflowExecutionRequest {
            workflow_id: ID.to_owned(),
            workflow_type: Some(WorkflowType { name: "W".to_owned() }),
            task_queue: Some(queue("q")),
            request_id: format!("start-{}", self.run_count),
            identity: "client".to_owned(),
            ..StartWorkflowExecutionRequest::default()
        };
        change(&mut request);
        Body::StartWorkflow(Box::new(StartWorkflow {
            request: Some(request),
            run_id: format!("run-{}", self.run_count),
            ..StartWorkflow::default()
        }))
    }

    /// Starts it.
    pub fn start(&mut self, change: impl FnOnce(&mut StartWorkflowExecutionRequest)) -> Started {
        let body = self.start_body(change);
        match self.accept(body) {
            Answer::Started(started) => started,
            other => panic!("not started: {other:?}"),
        }
    }

    /// What a start that must fail is told.
    pub fn start_refused(&mut self, change: impl FnOnce(&mut StartWorkflowExecutionRequest)) -> String {
        let body = self.start_body(change);
        self.refuse(body)
    }

    /// A signal with start of the usual workflow.
    pub fn signal_with_start_body(&mut self, change: impl FnOnce(&mut SignalWithStartWorkflowExecutionRequest)) -> Body {
        self.run_count += 1;
        let mut request = SignalWithStartWorkflowExecutionRequest {
            workflow_id: ID.to_owned(),
            workflow_type: Some(WorkflowType { name: "W".to_owned() }),
            task_queue: Some(queue("q")),
            request_id: format!("start-{}", self.run_count),
            signal_name: "hello".to_owned(),
            ..SignalWithStartWorkflowExecutionRequest::default()
        };
        change(&mut request);
        let run_id = format!("run-{}", self.run_count);
        Body::SignalWithStartWorkflow(Box::new(SignalWithStartWorkflow { request: Some(request), run_id }))
    }

    /// Starts or signals it.
    pub fn signal_with_start(&mut self, change: impl FnOnce(&mut SignalWithStartWorkflowExecutionRequest)) -> Started {
        let body = self.signal_with_start_body(change);
        match self.accept(body) {
            Answer::Started(started) => started,
            other => panic!("not started: {other:?}"),
        }
    }

    /// A signal.
    pub fn signal(&mut self, name: &str) {
        self.accept(signal_body(name, ""));
    }

    /// A poller of the queue takes the workflow task that waits there.
    pub fn poll_as(&mut self, poll_id: &str) -> StartedWorkflowTask {
        let row = self.waiting_workflow_task().expect("a workflow task waits");
        match self.accept(start_task_body(&row, poll_id)) {
            Answer::WorkflowTaskStarted(task) => *task,
            other => panic!("not started: {other:?}"),
        }
    }

    /// The same, whoever it is.
    pub fn poll(&mut self) -> StartedWorkflowTask {
        self.poll_as("poll")
    }

    /// The worker completes its task with these commands.
    pub fn complete(&mut self, task: &StartedWorkflowTask, commands: Vec<CommandAttributes>) -> Option<Box<StartedWorkflowTask>> {
        self.complete_with(task, commands, |_| ())
    }

    /// The same with something told differently.
    pub fn complete_with(
        &mut self,
        task: &StartedWorkflowTask,
        commands: Vec<CommandAttributes>,
        change: impl FnOnce(&mut RespondWorkflowTaskCompletedRequest),
    ) -> Option<Box<StartedWorkflowTask>> {
        match self.accept(complete_body(task, commands, change)) {
            Answer::WorkflowTaskCompleted { new_workflow_task, .. } => new_workflow_task,
            other => panic!("not completed: {other:?}"),
        }
    }

    /// The same with commands that are refused; what the worker is told.
    pub fn complete_refused(&mut self, task: &StartedWorkflowTask, commands: Vec<CommandAttributes>) -> String {
        self.refuse(complete_body(task, commands, |_| ()))
    }

    /// A worker does the waiting task with these commands.
    pub fn work(&mut self, commands: Vec<CommandAttributes>) {
        let task = self.poll();
        self.complete(&task, commands);
    }

    /// The worker fails its task.
    pub fn fail(&mut self, task: &StartedWorkflowTask, cause: WorkflowTaskFailedCause) {
        let request = RespondWorkflowTaskFailedRequest { cause: cause as i32, identity: "worker".to_owned(), ..Default::default() };
        self.accept(Body::FailWorkflowTask(FailWorkflowTask { token: Some(token(task)), request: Some(request) }));
    }

    /// Lets time pass without anybody looking.
    pub fn advance(&mut self, millis: u64) {
        self.now = self.now.after(Duration::from_millis(millis));
    }

    /// Milliseconds since the test began.
    pub fn elapsed(&self) -> i64 {
        self.now.millis() - START
    }

    /// When the first run wants to be looked at, milliseconds since the test began.
    pub fn next_wake(&self) -> Option<i64> {
        wake_rows(&self.rows).first().and_then(|row| row.due.as_ref()).map(|due| Time::from(due).millis() - START)
    }

    /// The scheduler's word that something is due.
    pub fn wake(&mut self) {
        let Some(row) = wake_rows(&self.rows).into_iter().next() else { return };
        let wake = WakeUp { machine: MACHINE.to_owned(), namespace: row.namespace, id: row.id, run_id: row.run_id, due: row.due };
        let id = wake.id.clone();
        let decision = self.decide_for(&id, Body::WakeUp(wake));
        assert!(decision.is_ok(), "{decision:?}");
    }

    /// Lets time pass up to `millis` since the test began, with every wake-up at its very time.
    pub fn run_to(&mut self, millis: i64) {
        let mut count = 0;
        while let Some(due) = self.next_wake().filter(|due| *due <= millis) {
            self.now = self.now.max(Time::from_millis(START + due));
            self.wake();
            count += 1;
            assert!(count < 1000, "wakes for ever: {:?}", wake_rows(&self.rows));
        }
        self.now = Time::from_millis(START + millis);
    }

    /// The newest run's state.
    pub fn state(&self) -> Arc<RunState> {
        self.rows.get::<Runs>(&self.current()).unwrap_or_default()
    }

    /// Key of the newest run.
    pub fn current(&self) -> RunKey {
        let row = self.rows.get::<Workflows>(&("default".to_owned(), ID.to_owned())).unwrap_or_default();
        RunKey::new("default", ID, &row.current_run_id)
    }

    /// The workflow task that waits on a queue.
    pub fn waiting_workflow_task(&self) -> Option<TaskRow> {
        tasks(&self.rows).into_iter().find(|row| row.kind == TaskKind::Workflow as i32)
    }

    /// Public events of a run.
    pub fn events(&self, key: &RunKey) -> Vec<HistoryEvent> {
        let (from, to) = History::range(key, 1, i64::MAX);
        self.rows.range::<History>(&from, &to, usize::MAX).into_iter().map(|(_, event)| (*event).clone()).collect()
    }

    /// The newest run's public events from this id on, a line each.
    pub fn history_from(&self, event_id: i64) -> String {
        let events = self.events(&self.current());
        let lines: Vec<_> = events.iter().filter(|event| event.event_id >= event_id).map(text::line).collect();
        text::with_plain_run_ids(&lines.join("\n"), &self.log)
    }

    /// All of the newest run's public events.
    pub fn history(&self) -> String {
        self.history_from(1)
    }

    /// Every record since the given place of the log, in order, a line each: internal ones begin with "~".
    pub fn records_from(&self, at: usize) -> String {
        let lines: Vec<_> = self.log[at..].iter().map(text::record_line).collect();
        text::with_plain_run_ids(&lines.join("\n"), &self.log)
    }

    /// The visibility documents published since the last look.
    pub fn documents(&mut self) -> Vec<VisibilityDocument> {
        let document = |publication| if let Publication::Visibility(document) = publication { Some(*document) } else { None };
        self.publications.drain(..).filter_map(document).collect()
    }

    /// Folds what was emitted: whole, and without superseded records and those of deleted runs.
    pub fn check_folds(&self) {
        let mut whole = Memory::default();
        self.log.iter().for_each(|event| Workflow.apply(&mut whole, event));
        assert_same_rows(&whole, &self.rows, "a fold of all events");

        let mut newest: BTreeMap<_, usize> = BTreeMap::new();
        let mut kept: Vec<usize> = Vec::new();
        for (at, event) in self.log.iter().enumerate() {
            match event {
                Event::Record(record) => {
                    newest.insert((record.workflow_id.clone(), record.run_id.clone(), key_suffix(record)), at);
                }
                Event::Delete { workflow_id, run_id, .. } => {
                    newest.retain(|(id, run, _), _| (id, run) != (workflow_id, run_id));
                    kept.push(at);
                }
            }
        }
        kept.extend(newest.into_values());
        kept.sort_unstable();
        let mut compacted = Memory::default();
        kept.into_iter().for_each(|at| Workflow.apply(&mut compacted, &self.log[at]));
        assert_same_rows(&compacted, &self.rows, "a fold of the newest records");
    }
}

/// Compares tables row by row: the same keys, and the same under each.
fn assert_same_rows(folded: &Memory, live: &Memory, what: &str) {
    let keys = |rows: &Memory| rows.0.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(folded), keys(live), "keys of {what}");
    for (key, row) in &live.0 {
        let rows = (folded.0[key].clone(), row.clone());
        match key[0] {
            kind if kind == Workflows::KIND as u8 => assert_same::<Workflows>(rows, what),
            kind if kind == Runs::KIND as u8 => assert_same::<Runs>(rows, what),
            kind if kind == History::KIND as u8 => assert_same::<History>(rows, what),
            kind if kind == Tasks::KIND as u8 => assert_same::<Tasks>(rows, what),
            kind if kind == Wakes::KIND as u8 => assert_same::<Wakes>(rows, what),
            kind if kind == Updates::KIND as u8 => assert_same::<Updates>(rows, what),
            kind if kind == CompletedUpdates::KIND as u8 => assert_same::<CompletedUpdates>(rows, what),
            kind if kind == Callbacks::KIND as u8 => assert_same::<Callbacks>(rows, what),
            kind => panic!("nobody compares rows of kind {kind}"),
        }
    }
}

fn assert_same<T: Table<Row: PartialEq + std::fmt::Debug>>((folded, live): (Arc<dyn Row>, Arc<dyn Row>), what: &str) {
    assert_eq!(downcast::<T>(folded), downcast::<T>(live), "a row of {:?} of {what}", T::KIND);
}

/// What commands about workflows bring of klamm's own configuration as it is by default, and of a namespace with one attribute of its own.
pub fn production() -> CommandSettings {
    CommandSettings {
        retention: Some(seconds(72 * 3600)),
        blob_size_limit_bytes: 2 << 20,
        history_count_limit: 51_200,
        history_size_limit_bytes: 50 << 20,
        history_count_suggest_continue_as_new: 4096,
        history_size_suggest_continue_as_new_bytes: 4 << 20,
        search_attribute_types: [("Keyword".to_owned(), IndexedValueType::Keyword as i32)].into(),
        schedule_audit_retention: None,
        namespace_id: "id".to_owned(),
        limits: None,
        outcome_only: Vec::new(),
        outcomes: Vec::new(),
        stream_queues: Vec::new(),
        destinations: Vec::new(),
        lineage: None,
    }
}

/// All tasks that wait for workers.
pub fn tasks(rows: &dyn Tables) -> Vec<TaskRow> {
    let from = KeyBytes::new(klamm_machine::Kind::Task).finish();
    let to = klamm_machine::key::prefix_end(&from);
    rows.range::<Tasks>(&from, &to, usize::MAX).into_iter().map(|(_, row)| (*row).clone()).collect()
}

/// All wake rows, earliest first.
pub fn wake_rows(rows: &Memory) -> Vec<WakeRow> {
    let from = KeyBytes::new(klamm_machine::Kind::Wake).finish();
    let to = klamm_machine::key::prefix_end(&from);
    rows.range::<Wakes>(&from, &to, usize::MAX).into_iter().map(|(_, row)| (*row).clone()).collect()
}

/// What a rejection says, behind its kind.
pub fn refusal(rejection: &Rejection) -> String {
    let debug = format!("{rejection:?}");
    let kind: String = debug.chars().take_while(char::is_ascii_alphanumeric).collect();
    format!("{kind}: {rejection}")
}

/// A normal task queue.
pub fn queue(name: &str) -> TaskQueue {
    TaskQueue { name: name.to_owned(), kind: TaskQueueKind::Normal as i32, ..TaskQueue::default() }
}

/// Seconds as protobuf's duration.
pub fn seconds(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: 0 }
}

/// The run of the usual workflow.
pub fn execution(run_id: &str) -> WorkflowExecution {
    WorkflowExecution { workflow_id: ID.to_owned(), run_id: run_id.to_owned() }
}

/// A signal to the newest run.
pub fn signal_body(name: &str, request_id: &str) -> Body {
    Body::SignalWorkflow(SignalWorkflow {
        request: Some(SignalWorkflowExecutionRequest {
            workflow_execution: Some(execution("")),
            signal_name: name.to_owned(),
            identity: "client".to_owned(),
            request_id: request_id.to_owned(),
            ..Default::default()
        }),
    })
}

/// A cancel request to the newest run.
pub fn cancel_body(first_execution_run_id: &str) -> Body {
    Body::RequestCancelWorkflow(RequestCancelWorkflow {
        request: Some(RequestCancelWorkflowExecutionRequest {
            workflow_execution: Some(execution("")),
            identity: "client".to_owned(),
            reason: "enough".to_owned(),
            first_execution_run_id: first_execution_run_id.to_owned(),
            ..Default::default()
        }),
    })
}

/// A termination of a run, the newest where none is named.
pub fn terminate_body(run_id: &str) -> Body {
    Body::TerminateWorkflow(TerminateWorkflow {
        request: Some(TerminateWorkflowExecutionRequest {
            workflow_execution: Some(execution(run_id)),
            identity: "client".to_owned(),
            reason: "because".to_owned(),
            ..Default::default()
        }),
    })
}

/// A start of the task that the row stands for.
pub fn start_task_body(row: &TaskRow, poll_id: &str) -> Body {
    let kind = if row.sticky { TaskQueueKind::Sticky } else { TaskQueueKind::Normal };
    Body::StartWorkflowTask(StartWorkflowTask {
        run_id: row.run_id.clone(),
        scheduled_event_id: row.scheduled_event_id,
        stamp: row.stamp,
        poll_id: poll_id.to_owned(),
        identity: "worker".to_owned(),
        task_queue: Some(TaskQueue { name: row.task_queue.clone(), kind: kind as i32, ..TaskQueue::default() }),
        ..StartWorkflowTask::default()
    })
}

/// The token of a started task.
pub fn token(task: &StartedWorkflowTask) -> WorkflowTaskToken {
    WorkflowTaskToken {
        namespace: "default".to_owned(),
        workflow_id: ID.to_owned(),
        run_id: task.run_id.clone(),
        scheduled_event_id: task.scheduled_event_id,
        started_event_id: task.started_event_id,
        attempt: task.attempt,
        stamp: task.stamp,
        query_id: String::new(),
    }
}

/// A completion of the task with these commands.
pub fn complete_body(
    task: &StartedWorkflowTask,
    commands: Vec<CommandAttributes>,
    change: impl FnOnce(&mut RespondWorkflowTaskCompletedRequest),
) -> Body {
    let commands = commands
        .into_iter()
        .map(|attributes| temporal::command::v1::Command {
            command_type: text::command_type(&attributes) as i32,
            attributes: Some(attributes),
            ..Default::default()
        })
        .collect();
    let mut request =
        RespondWorkflowTaskCompletedRequest { commands, identity: "worker".to_owned(), ..RespondWorkflowTaskCompletedRequest::default() };
    change(&mut request);
    Body::CompleteWorkflowTask(CompleteWorkflowTask { token: Some(token(task)), request: Some(request), poll_id: "inline".to_owned() })
}

/// Sticky attributes for a completion: worker queue "sticky", 5 s.
pub fn sticky() -> Option<StickyExecutionAttributes> {
    let worker_task_queue = TaskQueue { name: "sticky".to_owned(), kind: TaskQueueKind::Sticky as i32, normal_name: "q".to_owned() };
    Some(StickyExecutionAttributes { worker_task_queue: Some(worker_task_queue), schedule_to_start_timeout: Some(seconds(5)) })
}
