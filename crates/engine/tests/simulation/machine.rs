//! The machine that the tests run: accounts, timers and notes, each with a log of what took effect.

use klamm_machine::{
    Decision, Kind, Machine, Outcome, Publication, Rejection, StreamTask, Table, Tables, TablesExt, Time, Tx, key::KeyBytes, wakes,
};
use klamm_messages::klamm::v1::{
    ActivityTaskToken, Command, Outcome as Published, TestCommand, TestRecord, VisibilityDocument, WakeRow, WakeUp, command::Body,
};

/// Namespace of all entities.
pub const NAMESPACE: &str = "test";
/// What the machine says when it panics.
pub const PANIC: &str = "the test machine was told to panic";

/// Rows under Kind::Run: the overlay keeps that kind in its cache.
pub struct Accounts;
/// Timers and notes, under the tests' own kind.
pub struct Others;

impl Table for Accounts {
    const KIND: Kind = Kind::Run;
    type Key = str;
    type Row = TestRecord;

    fn key(key: &str) -> Vec<u8> {
        KeyBytes::new(Self::KIND).str(key).finish()
    }
}

impl Table for Others {
    const KIND: Kind = Kind::Test;
    type Key = str;
    type Row = TestRecord;

    fn key(key: &str) -> Vec<u8> {
        KeyBytes::new(Self::KIND).str(key).finish()
    }
}

/// A fact: each states the whole row, so that superseded ones may be compacted away.
pub enum Event {
    /// The row is this now.
    Set(TestRecord),
    /// The row under this key is gone.
    Delete(String),
}

/// See [`Machine::decide`] for the kinds of commands.
///
/// A row's log has one line per effect: `<kind> <id> <amount> <value after>`; `id` is the request's. Client commands are repeated when
/// their answer is lost and rest on that log; commands of the machine itself rest on the engine alone.
pub struct TestMachine;

impl Machine for TestMachine {
    type Event = Event;
    type Answer = i64;

    fn decide(&self, tx: &mut Tx<'_, Self>, command: &Command) -> Decision<i64> {
        match &command.body {
            Some(Body::Test(test)) => match test.kind.as_str() {
                "add" | "refuse" => add(tx, command, test),
                "transfer" => transfer(tx, command, test),
                "credit" => credit(tx, command, test),
                "panic" | "reject" => nothing(tx, command, test),
                "timer" => set_timer(tx, command, test),
                "put" => put_note(tx, command, test),
                "delete" => delete_note(tx, command),
                "task" => publish_task(tx, command, test),
                other => Err(Rejection::Unimplemented(format!("no test command {other}"))),
            },
            Some(Body::WakeUp(wake_up)) => fire(tx, wake_up),
            _ => Err(Rejection::Unimplemented("not a test command".to_owned())),
        }
    }

    fn apply(&self, tables: &mut dyn Tables, event: &Event) {
        match event {
            Event::Set(row) if row.key.starts_with("account/") => tables.put::<Accounts>(&row.key, row.clone()),
            Event::Set(row) => {
                if let Some(timer) = row.key.strip_prefix("timer/") {
                    let entity =
                        WakeRow { machine: "test".to_owned(), namespace: NAMESPACE.to_owned(), id: timer.to_owned(), ..WakeRow::default() };
                    let old = tables.get::<Others>(&row.key).and_then(|row| due(row.value));
                    wakes::set(tables, entity, old, due(row.value));
                }
                tables.put::<Others>(&row.key, row.clone());
            }
            Event::Delete(key) => tables.remove::<Others>(key),
        }
    }
}

/// A command of the test machine for an entity.
pub fn command(kind: &str, entity: &str, request: &str, value: i64, targets: &[&str]) -> Command {
    let targets = targets.iter().map(|target| (*target).to_owned()).collect();
    let test = TestCommand { kind: kind.to_owned(), key: String::new(), value, targets };
    Command {
        version: 1,
        namespace: NAMESPACE.to_owned(),
        workflow_id: entity.to_owned(),
        request_id: request.to_owned(),
        body: Some(Body::Test(test)),
        ..Command::default()
    }
}

/// Key of an account's row.
pub fn account_key(entity: &str) -> String {
    format!("account/{entity}")
}

fn due(value: i64) -> Option<Time> {
    (value > 0).then(|| Time::from_millis(value))
}

fn account(tx: &Tx<'_, TestMachine>, entity: &str) -> TestRecord {
    let key = account_key(entity);
    tx.get::<Accounts>(&key).map_or_else(|| TestRecord { key, ..TestRecord::default() }, |row| TestRecord::clone(&row))
}

fn other(tx: &Tx<'_, TestMachine>, key: String) -> TestRecord {
    tx.get::<Others>(&key).map_or_else(|| TestRecord { key, ..TestRecord::default() }, |row| TestRecord::clone(&row))
}

/// What was answered when the request took effect before.
fn answered(row: &TestRecord, request: &str) -> Option<i64> {
    let line = row.log.iter().find(|line| line.split(' ').nth(1) == Some(request))?;
    line.split(' ').nth(3)?.parse().ok()
}

fn note(row: &mut TestRecord, kind: &str, id: &str, amount: i64) {
    row.log.push(format!("{kind} {id} {amount} {}", row.value));
}

/// `add`: the account grows by `value`. `refuse`: the same, and the caller gets an error nevertheless.
fn add(tx: &mut Tx<'_, TestMachine>, command: &Command, test: &TestCommand) -> Decision<i64> {
    let mut row = account(tx, &command.workflow_id);
    let before = answered(&row, &command.request_id);
    let answer = before.unwrap_or(row.value + test.value);
    if before.is_none() {
        row.value = answer;
        note(&mut row, &test.kind, &command.request_id, test.value);
        tx.emit(Event::Set(row));
        let document = VisibilityDocument {
            namespace: NAMESPACE.to_owned(),
            workflow_id: command.workflow_id.clone(),
            run_id: answer.to_string(),
            ..VisibilityDocument::default()
        };
        tx.publish(Publication::Visibility(Box::new(document)));
        let outcome = Published {
            namespace: NAMESPACE.to_owned(),
            workflow_id: command.workflow_id.clone(),
            run_id: answer.to_string(),
            ..Published::default()
        };
        let headers = vec![("account".to_owned(), command.workflow_id.clone())];
        tx.publish(Publication::Outcome { outcome: Box::new(outcome), headers });
    }
    if test.kind == "refuse" {
        return Ok(Outcome::Refused(Rejection::FailedPrecondition(format!("refused at {answer}"))));
    }
    Ok(Outcome::Answer(answer))
}

/// `transfer`: `value` goes to each of `targets`; a target `a>b>c` is a way: a and b pass it on.
fn transfer(tx: &mut Tx<'_, TestMachine>, command: &Command, test: &TestCommand) -> Decision<i64> {
    let mut row = account(tx, &command.workflow_id);
    if let Some(answer) = answered(&row, &command.request_id) {
        return Ok(Outcome::Answer(answer));
    }
    let total = test.value * test.targets.len() as i64;
    row.value -= total;
    let answer = row.value;
    note(&mut row, "transfer", &command.request_id, -total);
    tx.emit(Event::Set(row));
    for (n, target) in test.targets.iter().enumerate() {
        send_credit(tx, &format!("{}/{n}", command.request_id), test.value, target);
    }
    Ok(Outcome::Answer(answer))
}

/// `credit`, sent by machines: looks at no id, so that a repetition that the engine let through is seen.
fn credit(tx: &mut Tx<'_, TestMachine>, command: &Command, test: &TestCommand) -> Decision<i64> {
    let mut row = account(tx, &command.workflow_id);
    let way = test.targets.first();
    if way.is_none() {
        row.value += test.value;
    }
    let answer = row.value;
    note(&mut row, if way.is_some() { "hop" } else { "credit" }, &command.request_id, if way.is_some() { 0 } else { test.value });
    tx.emit(Event::Set(row));
    if let Some(way) = way {
        send_credit(tx, &command.request_id, test.value, way);
    }
    Ok(Outcome::Answer(answer))
}

fn send_credit(tx: &mut Tx<'_, TestMachine>, id: &str, value: i64, way: &str) {
    let (first, rest) = way.split_once('>').map_or((way, None), |(first, rest)| (first, Some(rest)));
    tx.send(command("credit", first, id, value, rest.as_slice()));
}

/// `panic` and `reject`: emit, send, and then come to nothing.
fn nothing(tx: &mut Tx<'_, TestMachine>, command: &Command, test: &TestCommand) -> Decision<i64> {
    let mut row = account(tx, &command.workflow_id);
    row.value += 1_000_000;
    note(&mut row, &test.kind, &command.request_id, 1_000_000);
    tx.emit(Event::Set(row));
    send_credit(tx, &command.request_id, 1_000_000, &command.workflow_id);
    if test.kind == "panic" {
        panic!("{PANIC}");
    }
    Err(Rejection::InvalidArgument("rejected".to_owned()))
}

/// `timer`: fires `value` milliseconds from now, once; replaces the one before.
fn set_timer(tx: &mut Tx<'_, TestMachine>, command: &Command, test: &TestCommand) -> Decision<i64> {
    let mut row = other(tx, format!("timer/{}", command.workflow_id));
    if let Some(answer) = answered(&row, &command.request_id) {
        return Ok(Outcome::Answer(answer));
    }
    row.value = tx.context.now.millis() + test.value;
    let due = row.value;
    note(&mut row, "set", &command.request_id, test.value);
    tx.emit(Event::Set(row));
    Ok(Outcome::Answer(due))
}

/// A wake-up: stale, early and doubled ones are rejected. A timer that fires sends a credit of nothing to the account of its name.
fn fire(tx: &mut Tx<'_, TestMachine>, wake_up: &WakeUp) -> Decision<i64> {
    let mut row = other(tx, format!("timer/{}", wake_up.id));
    let now = tx.context.now;
    let at = wake_up.due.as_ref().map_or(Time::default(), Time::from);
    if due(row.value) != Some(at) || now < at {
        return Err(Rejection::NotFound("no such timer is due".to_owned()));
    }
    row.value = 0;
    let count = row.log.len();
    row.log.push(format!("fired {} {}", at.millis(), now.millis()));
    tx.emit(Event::Set(row));
    send_credit(tx, &format!("fired-{}-{count}", wake_up.id), 0, &wake_up.id);
    Ok(Outcome::Answer(at.millis()))
}

/// `put`: the note is `value`.
fn put_note(tx: &mut Tx<'_, TestMachine>, command: &Command, test: &TestCommand) -> Decision<i64> {
    tx.emit(Event::Set(TestRecord { key: format!("note/{}", command.workflow_id), value: test.value, log: Vec::new() }));
    Ok(Outcome::Answer(test.value))
}

/// `task`: as `put`, and a task goes to the stream task queue of each of `targets`.
fn publish_task(tx: &mut Tx<'_, TestMachine>, command: &Command, test: &TestCommand) -> Decision<i64> {
    for target in &test.targets {
        let token = ActivityTaskToken {
            namespace: NAMESPACE.to_owned(),
            workflow_id: command.workflow_id.clone(),
            activity_type: target.clone(),
            stamp: test.value,
            ..ActivityTaskToken::default()
        };
        let task = StreamTask {
            format: klamm_machine::stream_queue::Format::Json,
            token,
            workflow_type: String::new(),
            scheduled: Default::default(),
            scheduled_time: tx.context.now,
            started_time: tx.context.now,
            deadline: None,
            heartbeat_details: None,
            last_failure: None,
            traceparent: None,
        };
        tx.publish(Publication::Task(Box::new(task)));
    }
    put_note(tx, command, test)
}

/// `delete`: the note is gone, by a tombstone.
fn delete_note(tx: &mut Tx<'_, TestMachine>, command: &Command) -> Decision<i64> {
    let key = format!("note/{}", command.workflow_id);
    if tx.get::<Others>(&key).is_none() {
        return Err(Rejection::NotFound("no such note".to_owned()));
    }
    tx.emit(Event::Delete(key));
    Ok(Outcome::Answer(0))
}
