//! Schedules driven through the machine as the engine drives it: decide on scratch tables, keep what was accepted, wake what is due.
//!
//! After each accepted command the events so far are folded into empty tables, once whole, once without the records that a newer one of the
//! same key supersedes, and once without some of those: all must give the rows that live has. [`Env::check_replay`] decides all again.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use klamm_machine::{
    Context, Decision, Machine, Memory, Outcome, Publication, Rejection, Savepoint, Tables, TablesExt, Time, Tx, key::KeyBytes,
    wakes::Wakes,
};
use klamm_messages::{
    klamm::v1::{
        Command, CommandSettings, CreateSchedule, DeleteSchedule, PatchSchedule, ScheduleDecision, ScheduleDefinition, ScheduleOutcome,
        ScheduleProgress, ScheduleRemains, ScheduledBy, ScheduledRunClosed, ScheduledStartAnswered, StartWorkflow, UpdateSchedule, WakeRow,
        WakeUp, command::Body,
    },
    temporal::{
        common::v1::{Payload, Payloads, WorkflowType},
        enums::v1::{ScheduleOverlapPolicy, WorkflowExecutionStatus as Status},
        failure::v1::Failure,
        schedule::v1::{
            BackfillRequest, IntervalSpec, Schedule, ScheduleAction, SchedulePatch, SchedulePolicies, ScheduleSpec,
            TriggerImmediatelyRequest, schedule_action::Action,
        },
        taskqueue::v1::TaskQueue,
        workflow::v1::NewWorkflowExecutionInfo,
        workflowservice::v1::{CreateScheduleRequest, PatchScheduleRequest, UpdateScheduleRequest},
    },
};
use klamm_schedule::{
    Answer, Event, MACHINE, Schedule as Machine_, audit_number, audit_suffix,
    event::{REMAINS, SCHEDULE},
    key_suffix,
    tables::{Decisions, Definitions, Outcomes, Progresses, Remains, ScheduleKey},
};

/// Applies events to empty tables.
pub fn fold<'e>(events: impl IntoIterator<Item = &'e Event>) -> Memory {
    let mut rows = Memory::default();
    let machine = Machine_::default();
    for event in events {
        machine.apply(&mut rows, event);
    }
    rows
}

/// When every test begins: 2026-01-01T00:00:00Z.
pub const START: i64 = 1_767_225_600_000;
/// The schedule of most tests.
pub const ID: &str = "s";
/// Its namespace.
pub const NAMESPACE: &str = "default";

/// A partition with its clock.
pub struct Env {
    /// The tables.
    pub rows: Memory,
    /// All events.
    pub log: Vec<Event>,
    /// What was sent to other machines since it was last looked at.
    pub sent: Vec<Command>,
    /// What was published since it was last looked at.
    pub publications: Vec<Publication>,
    /// Stamped on every command.
    pub settings: CommandSettings,
    /// Fold after each command.
    pub checks_folds: bool,
    /// Starts are answered at once, as the workflow machine does where nothing is in their way.
    pub answers: bool,
    /// Starts so far, by workflow id: the newest.
    pub starts: BTreeMap<String, StartWorkflow>,
    unanswered: VecDeque<(String, StartWorkflow)>,
    is_answering: bool,
    now: Time,
    offset: i64,
    commands: Vec<(Time, Command)>,
    machine: Machine_,
}

impl Env {
    /// An empty partition.
    pub fn new() -> Self {
        Self {
            rows: Memory::default(),
            log: Vec::new(),
            sent: Vec::new(),
            publications: Vec::new(),
            settings: CommandSettings::default(),
            checks_folds: true,
            answers: true,
            starts: BTreeMap::new(),
            unanswered: VecDeque::new(),
            is_answering: false,
            now: Time::from_millis(START),
            offset: 0,
            commands: Vec::new(),
            machine: Machine_::default(),
        }
    }

    /// A partition with the usual schedule, something of it told differently.
    pub fn created(change: impl FnOnce(&mut Schedule)) -> Self {
        let mut env = Self::new();
        env.create(change);
        env
    }

    /// The time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Decides a command about schedule `id`; what it wanted is kept when it was accepted.
    pub fn decide_for(&mut self, id: &str, body: Body) -> Decision<Answer> {
        self.offset += 1;
        let command = Command {
            namespace: NAMESPACE.to_owned(),
            workflow_id: id.to_owned(),
            settings: Some(self.settings.clone()),
            body: Some(body),
            ..Command::default()
        };
        let mut scratch = Savepoint::over(&self.rows);
        let mut context = Context::new(self.now, 1, "topic", 0, self.offset);
        let mut tx = Tx::new(&self.machine, &mut scratch, &mut context);
        let decision = self.machine.decide(&mut tx, &command);
        let effects = tx.finish();
        if decision.is_ok() {
            for (key, row) in scratch.into_changes() {
                self.rows.save(key, row);
            }
            self.log.extend(effects.events);
            self.publications.extend(effects.publications);
            let sent = effects.commands;
            self.sent.extend(sent.iter().cloned());
            self.commands.push((self.now, command));
            // Long logs are folded now and then.
            if self.checks_folds && (self.log.len() < 100 || self.log.len().is_multiple_of(50)) {
                self.check_folds();
            }
            for command in sent {
                self.remember_start(command);
            }
            self.answer_starts(id);
        } else {
            self.offset -= 1;
        }
        decision
    }

    /// Remembers a start, to be answered if that is wanted.
    fn remember_start(&mut self, command: Command) {
        let Some(Body::StartWorkflow(start)) = command.body else { return };
        self.starts.insert(command.workflow_id.clone(), (*start).clone());
        if self.answers {
            self.unanswered.push_back((command.workflow_id, *start));
        }
    }

    /// Answers starts, those too that are sent meanwhile.
    fn answer_starts(&mut self, id: &str) {
        if std::mem::replace(&mut self.is_answering, true) {
            return;
        }
        while let Some((workflow_id, start)) = self.unanswered.pop_front() {
            self.accept_for(id, answered(&workflow_id, &start));
        }
        self.is_answering = false;
    }

    /// Decides a command about the usual schedule.
    pub fn decide(&mut self, body: Body) -> Decision<Answer> {
        self.decide_for(ID, body)
    }

    /// Decides a command that must be accepted.
    pub fn accept_for(&mut self, id: &str, body: Body) -> Answer {
        match self.decide_for(id, body) {
            Ok(Outcome::Answer(answer)) => answer,
            other => panic!("not accepted: {other:?}"),
        }
    }

    /// The same about the usual schedule.
    pub fn accept(&mut self, body: Body) -> Answer {
        self.accept_for(ID, body)
    }

    /// Decides a command that must be refused; what is said.
    pub fn refuse(&mut self, body: Body) -> String {
        let (rows, events) = (self.rows.bytes(), self.log.len());
        match self.decide(body) {
            Err(rejection) => {
                assert_eq!((self.rows.bytes(), self.log.len()), (rows, events), "a rejection changes nothing");
                refusal(&rejection)
            }
            other => panic!("not refused: {other:?}"),
        }
    }

    /// Decides a command that must change nothing.
    pub fn ignores(&mut self, body: Body) {
        let (rows, events) = (self.rows.bytes(), self.log.len());
        assert_eq!(self.accept(body), Answer::Empty);
        assert_eq!((self.rows.bytes(), self.log.len()), (rows, events), "nothing changes");
    }

    /// Creates the usual schedule (each minute, workflow `w`), something of it told differently.
    pub fn create(&mut self, change: impl FnOnce(&mut Schedule)) -> Vec<u8> {
        let mut schedule = minutely();
        change(&mut schedule);
        match self.accept(create_body(schedule, "create-1", None)) {
            Answer::Token(token) => token,
            other => panic!("{other:?}"),
        }
    }

    /// Updates the usual schedule to the usual one with something told differently.
    pub fn update(&mut self, change: impl FnOnce(&mut Schedule)) {
        let mut schedule = minutely();
        change(&mut schedule);
        self.accept(update_body(schedule, |_| ()));
    }

    /// Patches it.
    pub fn patch(&mut self, change: impl FnOnce(&mut SchedulePatch)) {
        self.accept(patch_body("", change));
    }

    /// Triggers it with this policy.
    pub fn trigger(&mut self, policy: ScheduleOverlapPolicy) {
        self.patch(|patch| patch.trigger_immediately = Some(trigger(policy)));
    }

    /// Lets time pass, with nothing looked at (an outage).
    pub fn pass(&mut self, millis: i64) {
        self.now = Time::from_millis(self.now.millis() + millis);
    }

    /// Lets time pass; what becomes due meanwhile is woken at its time.
    pub fn advance(&mut self, millis: i64) {
        let end = Time::from_millis(self.now.millis() + millis);
        self.run_until(end);
        self.now = end;
    }

    /// Wakes what is due, until nothing is.
    pub fn settle(&mut self) {
        self.run_until(self.now);
    }

    fn run_until(&mut self, end: Time) {
        let mut rounds = 0;
        while let Some(row) = self.wakes().into_iter().next().filter(|row| due(row) <= end) {
            self.now = self.now.max(due(&row));
            self.accept(wake_body(&row));
            rounds += 1;
            assert!(rounds < 100_000, "wakes for ever");
        }
    }

    /// The run of this workflow id ends: with a result for a success, a failure for a failure.
    pub fn close(&mut self, workflow_id: &str, status: Status, told: &str) {
        let start = self.starts[workflow_id].clone();
        self.accept(closed(workflow_id, &start, status, told));
    }

    /// The oldest run that the schedule looks at completes.
    pub fn complete(&mut self) {
        let id = self.progress().running[0].workflow_id.clone();
        self.close(&id, Status::Completed, "");
    }

    /// The schedule, as it is defined.
    pub fn definition(&self) -> Arc<ScheduleDefinition> {
        self.rows.get::<Definitions>(&key()).expect("the schedule")
    }

    /// Where it stands.
    pub fn progress(&self) -> Arc<ScheduleProgress> {
        self.rows.get::<Progresses>(&key()).expect("the schedule")
    }

    /// Whether it is there; where it is not, no row tells of it but its decisions and what is left to tell of them.
    pub fn exists(&self) -> bool {
        let exists = self.rows.get::<Definitions>(&key()).is_some();
        assert_eq!(self.rows.get::<Progresses>(&key()).is_some(), exists);
        assert!(exists || self.rows.get::<Outcomes>(&key()).is_none());
        assert!(!(exists && self.remains().is_some()));
        exists
    }

    /// What is left of it.
    pub fn remains(&self) -> Option<Arc<ScheduleRemains>> {
        self.rows.get::<Remains>(&key())
    }

    /// What its last run left.
    pub fn outcome(&self) -> ScheduleOutcome {
        self.rows.get::<Outcomes>(&key()).map(|outcome| ScheduleOutcome::clone(&outcome)).unwrap_or_default()
    }

    /// What it decided.
    pub fn decisions(&self) -> Vec<Arc<ScheduleDecision>> {
        let (from, to) = Decisions::all(&key());
        self.rows.range::<Decisions>(&from, &to, usize::MAX).into_iter().map(|(_, row)| row).collect()
    }

    /// All wake rows, the earliest first.
    pub fn wakes(&self) -> Vec<Arc<WakeRow>> {
        let from = KeyBytes::new(klamm_machine::Kind::Wake).finish();
        let to = klamm_machine::key::prefix_end(&from);
        self.rows.range::<Wakes>(&from, &to, usize::MAX).into_iter().map(|(_, row)| row).collect()
    }

    /// Folds give what is there.
    pub fn check_folds(&self) {
        let live = self.rows.bytes();
        assert!(fold(&self.log).bytes() == live, "the fold of all events");
        let newest = newest(&self.log);
        assert!(fold(newest.iter().map(|index| &self.log[*index])).bytes() == live, "the fold of the newest of each key");
        let some = (0..self.log.len()).filter(|index| newest.contains(index) || index % 3 == 0);
        assert!(fold(some.map(|index| &self.log[index])).bytes() == live, "the fold of a compaction under way");
    }

    /// The same commands give the same events, from a machine that begins anew with each command and so has kept nothing.
    pub fn check_replay(&self) {
        let (mut rows, mut log) = (Memory::default(), Vec::new());
        for (index, (now, command)) in self.commands.iter().enumerate() {
            let mut context = Context::new(*now, 1, "topic", 0, index as i64 + 1);
            let machine = Machine_::default();
            let mut tx = Tx::new(&machine, &mut rows, &mut context);
            machine.decide(&mut tx, command).expect("accepted before");
            log.extend(tx.finish().events);
        }
        assert!(log == self.log, "a replay gives the same events");
    }
}

/// Indices of the events that compaction keeps for ever: the newest of each key. A key that is tombstoned has none.
fn newest(log: &[Event]) -> Vec<usize> {
    let mut newest: BTreeMap<String, usize> = BTreeMap::new();
    let mut forgotten = Vec::new();
    for (index, event) in log.iter().enumerate() {
        match event {
            Event::Record(record) => {
                newest.insert(key_suffix(record).expect("a key"), index);
            }
            Event::Delete { .. } => {
                for suffix in SCHEDULE {
                    newest.remove(suffix);
                }
                assert!(newest.keys().all(|suffix| audit_number(suffix).is_some()), "every other key is tombstoned: {newest:?}");
            }
            Event::ForgetRemains { .. } => assert!(newest.remove(REMAINS).is_some(), "the remains stand"),
            Event::ForgetDecisions { first, end, .. } => {
                for n in *first..*end {
                    assert!(newest.remove(&audit_suffix(n)).is_some(), "{n} stands");
                    forgotten.push(n);
                }
            }
        }
    }
    let mut kept: Vec<_> = newest.into_values().collect();
    // Tombstones stay for a while.
    kept.extend(log.iter().enumerate().filter(|(_, event)| !matches!(event, Event::Record(_))).map(|(index, _)| index));
    kept.sort_unstable();
    kept
}

/// The usual schedule's key.
pub fn key() -> ScheduleKey {
    ScheduleKey::new(NAMESPACE, ID)
}

/// A schedule of every minute that starts workflow `w`.
pub fn minutely() -> Schedule {
    Schedule {
        spec: Some(every(60)),
        action: Some(ScheduleAction {
            action: Some(Action::StartWorkflow(NewWorkflowExecutionInfo {
                workflow_id: "w".to_owned(),
                workflow_type: Some(WorkflowType { name: "W".to_owned() }),
                task_queue: Some(TaskQueue { name: "q".to_owned(), ..TaskQueue::default() }),
                ..NewWorkflowExecutionInfo::default()
            })),
        }),
        policies: None,
        state: None,
    }
}

/// A spec of every so many seconds.
pub fn every(seconds: i64) -> ScheduleSpec {
    let interval = Some(prost_types::Duration { seconds, nanos: 0 });
    ScheduleSpec { interval: vec![IntervalSpec { interval, phase: None }], ..ScheduleSpec::default() }
}

/// Sets the schedule's overlap policy.
pub fn overlap(policy: ScheduleOverlapPolicy) -> impl FnOnce(&mut Schedule) {
    move |schedule| schedule.policies = Some(SchedulePolicies { overlap_policy: policy as i32, ..SchedulePolicies::default() })
}

/// A number of seconds.
pub fn seconds(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: 0 }
}

/// So many seconds after the beginning.
pub fn at(seconds: i64) -> prost_types::Timestamp {
    Time::from_millis(START + seconds * 1000).into()
}

/// A trigger.
pub fn trigger(policy: ScheduleOverlapPolicy) -> TriggerImmediatelyRequest {
    TriggerImmediatelyRequest { overlap_policy: policy as i32, scheduled_time: None }
}

/// A backfill of seconds after the beginning.
pub fn backfill(start: i64, end: i64, policy: ScheduleOverlapPolicy) -> BackfillRequest {
    BackfillRequest { start_time: Some(at(start)), end_time: Some(at(end)), overlap_policy: policy as i32 }
}

/// A create.
pub fn create_body(schedule: Schedule, request_id: &str, initial_patch: Option<SchedulePatch>) -> Body {
    create_with(schedule, request_id, |request| request.initial_patch = initial_patch)
}

/// A create with something told differently.
pub fn create_with(schedule: Schedule, request_id: &str, change: impl FnOnce(&mut CreateScheduleRequest)) -> Body {
    let mut request = CreateScheduleRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: ID.to_owned(),
        schedule: Some(schedule),
        request_id: request_id.to_owned(),
        ..CreateScheduleRequest::default()
    };
    change(&mut request);
    Body::CreateSchedule(Box::new(CreateSchedule { request: Some(request), namespace_id: "ns-id".to_owned() }))
}

/// An update.
pub fn update_body(schedule: Schedule, change: impl FnOnce(&mut UpdateScheduleRequest)) -> Body {
    let mut request = UpdateScheduleRequest { schedule: Some(schedule), ..UpdateScheduleRequest::default() };
    change(&mut request);
    Body::UpdateSchedule(Box::new(UpdateSchedule { request: Some(request) }))
}

/// A patch.
pub fn patch_body(request_id: &str, change: impl FnOnce(&mut SchedulePatch)) -> Body {
    let mut patch = SchedulePatch::default();
    change(&mut patch);
    let request = PatchScheduleRequest { patch: Some(patch), request_id: request_id.to_owned(), ..PatchScheduleRequest::default() };
    Body::PatchSchedule(PatchSchedule { request: Some(request) })
}

/// A delete.
pub fn delete_body() -> Body {
    Body::DeleteSchedule(DeleteSchedule::default())
}

/// The wake-up that a row asks for.
pub fn wake_body(row: &WakeRow) -> Body {
    assert_eq!((row.machine.as_str(), row.run_id.as_str()), (MACHINE, ""));
    Body::WakeUp(WakeUp {
        machine: row.machine.clone(),
        namespace: row.namespace.clone(),
        id: row.id.clone(),
        run_id: row.run_id.clone(),
        due: row.due,
    })
}

/// When a row is due.
pub fn due(row: &WakeRow) -> Time {
    row.due.as_ref().map(Time::from).expect("due")
}

/// The answer to a start: its run runs.
pub fn answered(workflow_id: &str, start: &StartWorkflow) -> Body {
    Body::ScheduledStartAnswered(ScheduledStartAnswered {
        scheduled_by: start.scheduled_by.clone(),
        workflow_id: workflow_id.to_owned(),
        run_id: start.run_id.clone(),
        ..ScheduledStartAnswered::default()
    })
}

/// The answer to a start that was rejected.
pub fn rejected(workflow_id: &str, start: &StartWorkflow, rejection: &str, already_started: bool) -> Body {
    Body::ScheduledStartAnswered(ScheduledStartAnswered {
        scheduled_by: start.scheduled_by.clone(),
        workflow_id: workflow_id.to_owned(),
        run_id: String::new(),
        rejection: rejection.to_owned(),
        already_started,
    })
}

/// A run has ended.
pub fn closed(workflow_id: &str, start: &StartWorkflow, status: Status, told: &str) -> Body {
    let is_success = status == Status::Completed;
    Body::ScheduledRunClosed(ScheduledRunClosed {
        scheduled_by: start.scheduled_by.clone(),
        workflow_id: workflow_id.to_owned(),
        first_run_id: start.run_id.clone(),
        run_id: format!("{}-last", start.run_id),
        status: status as i32,
        result: if is_success && !told.is_empty() { Some(payloads(told)) } else { None },
        failure: if status == Status::Failed { Some(Failure { message: told.to_owned(), ..Failure::default() }) } else { None },
    })
}

/// Who started it.
pub fn scheduled_by(incarnation: &str, action: i64) -> Option<ScheduledBy> {
    Some(ScheduledBy { schedule_id: ID.to_owned(), incarnation: incarnation.to_owned(), action })
}

/// One payload of this text.
pub fn payloads(text: &str) -> Payloads {
    Payloads { payloads: vec![Payload { data: text.as_bytes().to_vec().into(), ..Payload::default() }] }
}

/// A rejection as text.
pub fn refusal(rejection: &Rejection) -> String {
    let debug = format!("{rejection:?}");
    let name: String = debug.chars().take_while(|char| char.is_alphanumeric()).collect();
    format!("{name}: {rejection}")
}
