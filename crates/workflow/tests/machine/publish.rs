//! The activity klamm.publish: its record and its end come with the command that lets it wait.

use klamm_machine::{ForeignRecord, Publication};
use klamm_messages::{
    klamm::v1::{
        Command, CommandSettings, CompleteWorkflowTask, Destination, DestinationSchema, SignalWorkflow, UnpauseActivity, WakeUp,
        command::Body,
    },
    temporal::{
        command::v1::{Command as WorkerCommand, ScheduleActivityTaskCommandAttributes},
        common::v1::{Header, Payload, Payloads, RetryPolicy},
        enums::v1::EventType,
        failure::v1::failure::FailureInfo,
        history::v1::history_event,
        workflowservice::v1::RespondWorkflowTaskCompletedRequest,
    },
};

use crate::{
    Attributes, activity, complete,
    env::{Env, queue, tasks},
    operations::{Operation, operate},
    pause, payload, riders,
};

/// Settings with two destinations; the second one's topic is missing.
pub fn publishing(settings: CommandSettings) -> CommandSettings {
    let invoices = Destination {
        name: "invoices".to_owned(),
        topic: "shop.invoices".to_owned(),
        partitions: 3,
        record_bytes_max: 1000,
        needs_key: false,
        schema: None,
    };
    let missing = Destination { name: "missing".to_owned(), topic: "shop.missing".to_owned(), ..Destination::default() };
    CommandSettings { destinations: vec![invoices, missing], ..settings }
}

/// The activity with this argument, as JSON text.
pub fn publish(id: &str, argument: &str) -> Attributes {
    with(id, argument, |_| ())
}

fn with(id: &str, argument: &str, change: impl FnOnce(&mut ScheduleActivityTaskCommandAttributes)) -> Attributes {
    let Attributes::ScheduleActivityTaskCommandAttributes(mut attributes) = activity(id) else { unreachable!("it is one") };
    attributes.activity_type.get_or_insert_default().name = "klamm.publish".to_owned();
    attributes.task_queue = Some(queue("klamm"));
    let metadata = [("encoding".to_owned(), "json/plain".into())].into();
    attributes.input = Some(Payloads { payloads: vec![Payload { metadata, data: argument.to_owned().into(), ..Payload::default() }] });
    change(&mut attributes);
    Attributes::ScheduleActivityTaskCommandAttributes(attributes)
}

fn started() -> Env {
    let mut env = Env::started();
    env.settings = publishing(env.settings);
    env
}

/// All that was published on topics of others.
fn published(env: &Env) -> Vec<&ForeignRecord> {
    env.publications.iter().filter_map(foreign).collect()
}

fn foreign(publication: &Publication) -> Option<&ForeignRecord> {
    if let Publication::Foreign(record) = publication { Some(record) } else { None }
}

/// The newest event's failure: type, message, whether it is final.
fn failure(env: &Env) -> (String, String, bool) {
    let events = env.events(&env.current());
    let failed = events.iter().rev().find_map(|event| match &event.attributes {
        Some(history_event::Attributes::ActivityTaskFailedEventAttributes(failed)) => failed.failure.clone(),
        _ => None,
    });
    let failed = failed.expect("a failed activity");
    let Some(FailureInfo::ApplicationFailureInfo(info)) = failed.failure_info else { panic!("{failed:?}") };
    (info.r#type, failed.message, info.non_retryable)
}

/// What must hold whatever has happened: nothing waits for a worker that could be published, and there is one record for each activity that
/// is completed.
pub fn check(env: &Env) {
    if env.settings.destinations.is_empty() {
        assert_eq!(published(env), Vec::<&ForeignRecord>::new());
        return;
    }
    assert!(tasks(&env.rows).iter().all(|row| row.task_queue != "klamm"), "it waits on klamm's own queue");
    assert!(published(env).iter().all(|record| record.topic == "shop.invoices" && record.partition < 3));
}

#[test]
fn a_record_and_the_activitys_end_come_with_the_command_that_schedules_it() {
    let mut env = started();
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    env.work(vec![with(
        "a",
        r#"{"destination": "invoices", "key": "o-1", "value": {"total": 1.50}, "headers": {"kind": "invoice"}}"#,
        |activity| {
            let data = Payload { data: format!("{{\"traceparent\":\"{trace}\"}}").into_bytes().into(), ..Payload::default() };
            activity.header = Some(Header { fields: [("_tracer-data".to_owned(), data)].into() });
        },
    )]);
    insta::assert_snapshot!(env.history_from(5), @"
    5 ActivityTaskScheduled {id: a}
    6 ActivityTaskStarted {scheduled: 5}
    7 ActivityTaskCompleted {scheduled: 5, started: 6}
    8 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    let [record] = published(&env)[..] else { panic!("one record") };
    assert_eq!(
        (record.topic.as_str(), record.key.as_deref(), record.value.as_deref()),
        ("shop.invoices", Some(&b"o-1"[..]), Some(&br#"{"total": 1.50}"#[..]))
    );
    let headers: Vec<_> = record.headers.iter().map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value))).collect();
    let expected = ["kind=invoice", "klamm-namespace=default", "klamm-workflow-id=w", "klamm-run-id=run-1", "klamm-activity-id=a"];
    assert_eq!(headers[..5], expected);
    assert_eq!(headers[5..], [format!("traceparent={trace}")]);
    // murmur2 of "o-1", as Java's default partitioner has it.
    assert_eq!(record.partition, klamm_machine::key::hash("o-1") % 3);
    let events = env.events(&env.current());
    let result = events.iter().find_map(|event| match &event.attributes {
        Some(history_event::Attributes::ActivityTaskCompletedEventAttributes(completed)) => completed.result.clone(),
        _ => None,
    });
    let result = result.expect("a result").payloads[0].data.to_vec();
    let expected = format!(r#"{{"destination":"invoices","partition":{},"topic":"shop.invoices"}}"#, record.partition);
    assert_eq!(String::from_utf8(result).expect("text"), expected);
    env.work(vec![complete("done")]);
    check(&env);
}

#[test]
fn values_are_written_as_they_were_said() {
    for (said, value) in [
        (r#""value": {"b":1,  "a":1e3}"#, Some(&br#"{"b":1,  "a":1e3}"#[..])),
        (r#""value": null"#, None),
        (r#""text": "a\nb""#, Some(&b"a\nb"[..])),
        (r#""base64": "AP8=""#, Some(&b"\x00\xff"[..])),
        (r#""tombstone": true"#, None),
    ] {
        let mut env = started();
        env.work(vec![publish("a", &format!(r#"{{"destination": "invoices", {said}}}"#))]);
        if said == r#""value": null"# {
            // Whether JSON's null or nothing was meant, nobody knows.
            assert_eq!(failure(&env).0, "InvalidInput");
            continue;
        }
        assert_eq!(published(&env)[0].value.as_deref(), value, "{said}");
        assert_eq!(published(&env)[0].key, None);
    }
}

#[test]
fn what_cannot_be_written_fails_for_good_and_says_why() {
    let long = format!(r#"{{"destination": "invoices", "text": "{}"}}"#, "x".repeat(800));
    for (argument, kind, message) in [
        ("7", "InvalidInput", "invalid type"),
        (r#"{"destination": "invoices"}"#, "InvalidInput", "needs one of value (JSON), avro, text, base64 and tombstone"),
        (r#"{"destination": "invoices", "text": "a", "tombstone": true}"#, "InvalidInput", "needs one of"),
        (r#"{"destination": "invoices", "avro": 1}"#, "InvalidInput", "takes no values in Avro"),
        (r#"{"destination": "invoices", "json": 1}"#, "InvalidInput", "unknown field `json`"),
        (r#"{"destination": "invoices", "base64": "!"}"#, "InvalidInput", "base64"),
        (
            r#"{"destination": "receipts", "text": "a"}"#,
            "UnknownDestination",
            "no destination \"receipts\"; the namespace has invoices, missing",
        ),
        (&long, "RecordTooLarge", "takes records of up to 1000 bytes"),
    ] {
        let mut env = started();
        env.work(vec![publish("a", argument)]);
        let (found, text, is_final) = failure(&env);
        assert!(found == kind && text.contains(message) && is_final, "{argument}: {found}: {text}");
        assert_eq!(published(&env), Vec::<&ForeignRecord>::new());
        assert!(env.waiting_workflow_task().is_some(), "the workflow hears of it");
    }
    let mut env = started();
    env.work(vec![with("a", "1", |activity| activity.input = None)]);
    assert!(failure(&env).1.contains("takes one argument, and was given 0"));
    let mut env = started();
    env.work(vec![with("a", "1", |activity| activity.activity_type.get_or_insert_default().name = "klamm.shout".to_owned())]);
    assert!(failure(&env).1.contains("klamm has no activity \"klamm.shout\""));
    let mut env = started();
    env.work(vec![with("a", "1", |activity| activity.input = Some(Payloads { payloads: vec![payload(b"1")] }))]);
    assert!(failure(&env).1.contains("takes JSON"));
}

#[test]
fn without_destinations_it_fails_at_once_and_other_activities_on_the_queue_are_a_workers() {
    let mut env = Env::started();
    let other = with("b", "1", |activity| activity.activity_type.get_or_insert_default().name = "mine".to_owned());
    env.work(vec![publish("a", r#"{"destination": "invoices", "text": "a"}"#), other]);
    assert!(failure(&env).1.contains("the namespace has none"));
    assert_eq!(tasks(&env.rows).iter().filter(|row| row.task_queue == "klamm").count(), 1, "the worker's");
    check(&env);
}

#[test]
fn a_compacted_topic_takes_nothing_without_a_key() {
    let mut env = started();
    env.settings.destinations[0].needs_key = true;
    env.work(vec![publish("a", r#"{"destination": "invoices", "text": "a"}"#)]);
    assert!(failure(&env).1.contains("needs a key"));
    env.work(vec![publish("b", r#"{"destination": "invoices", "text": "a", "key": ""}"#)]);
    assert_eq!(published(&env).len(), 1);
}

#[test]
fn a_topic_that_is_missing_is_tried_again() {
    let mut env = started();
    let argument = r#"{"destination": "missing", "key": "k", "text": "a"}"#;
    env.work(vec![with("a", argument, |activity| {
        activity.retry_policy = Some(RetryPolicy { maximum_attempts: 5, ..RetryPolicy::default() })
    })]);
    assert_eq!(published(&env), Vec::<&ForeignRecord>::new());
    assert_eq!(env.state().activities[&5].state.as_ref().map(|state| state.attempt), Some(2), "it backs off");
    env.run_to(1_500);
    env.settings.destinations[1] = Destination { partitions: 1, record_bytes_max: 1000, ..env.settings.destinations[1].clone() };
    env.run_to(10_000);
    let [record] = published(&env)[..] else { panic!("one record") };
    assert_eq!(record.topic, "shop.missing");
    let completed = env.events(&env.current()).iter().filter(|event| event.event_type() == EventType::ActivityTaskCompleted).count();
    assert_eq!(completed, 1);
}

#[test]
fn what_is_held_back_is_published_when_it_may_go_on() {
    let mut env = started();
    let task = env.poll();
    env.accept(pause::pause("r1"));
    env.complete(&task, vec![publish("a", r#"{"destination": "invoices", "text": "a"}"#)]);
    assert_eq!(published(&env), Vec::<&ForeignRecord>::new(), "the run is paused");
    env.accept(pause::unpause());
    assert_eq!(published(&env).len(), 1);
    // An activity that backs off may be paused by itself.
    env.work(vec![with("b", r#"{"destination": "missing", "text": "a"}"#, |activity| {
        activity.retry_policy = Some(RetryPolicy::default())
    })]);
    env.accept(operate(&Operation::Pause(0), true));
    env.settings.destinations[1] = Destination { partitions: 1, record_bytes_max: 1000, ..env.settings.destinations[1].clone() };
    env.run_to(100_000);
    assert_eq!(published(&env).len(), 1, "the activity is paused");
    env.accept(operate(&Operation::Unpause { resets: false, jitter: 0 }, true));
    env.run_to(300_000);
    assert_eq!(published(&env).len(), 2);
}

#[test]
fn nobody_else_gets_the_task() {
    let mut env = started();
    env.riders = vec![riders::workflow(queue("q"), "p1")];
    let task = env.poll();
    env.riders = vec![riders::activity(queue("klamm"), "p2")];
    env.complete(&task, vec![with("a", r#"{"destination": "invoices", "text": "a"}"#, |activity| activity.request_eager_execution = true)]);
    assert!(env.started.is_empty(), "neither a poller that rides along, nor the worker itself");
    assert_eq!(published(&env).len(), 1);
}

/// The destination's values have this schema.
fn with_schema(env: &mut Env, id: u32, text: &str, problem: &str) {
    let schema = DestinationSchema { subject: "invoices-value".to_owned(), id, text: text.to_owned().into(), problem: problem.to_owned() };
    env.settings.destinations[0].schema = Some(schema);
}

const INVOICE: &str = r#"{"type": "record", "name": "Invoice", "fields": [
    {"name": "order", "type": "long"}, {"name": "note", "type": ["null", "string"], "default": null}]}"#;

#[test]
fn a_value_in_avro_is_written_by_the_schema_that_came_with_the_command() {
    let mut env = started();
    with_schema(&mut env, 258, INVOICE, "");
    env.work(vec![publish("a", r#"{"destination": "invoices", "key": "k", "avro": {"order": 3, "note": "ab"}}"#)]);
    assert_eq!(published(&env)[0].value.as_deref(), Some(&b"\x00\x00\x00\x01\x02\x06\x02\x04ab"[..]));
    // A value that is no Avro needs no schema.
    with_schema(&mut env, 0, "", "the registry has no such subject");
    env.work(vec![publish("b", r#"{"destination": "invoices", "text": "plain"}"#)]);
    assert_eq!(published(&env).len(), 2);
    check(&env);
}

#[test]
fn a_value_that_does_not_fit_its_schema_fails_for_good_with_the_place() {
    let long = format!(r#"{{"destination": "invoices", "avro": {{"order": 1, "note": "{}"}}}}"#, "x".repeat(1200));
    for (argument, kind, message) in [
        (
            r#"{"destination": "invoices", "avro": {"order": "7"}}"#,
            "SchemaMismatch",
            "subject invoices-value: order: a whole number of 64 bits",
        ),
        (r#"{"destination": "invoices", "avro": {"order": 1, "nota": "x"}}"#, "SchemaMismatch", "Invoice has no field \"nota\""),
        (r#"{"destination": "invoices", "avro": {"order": 1}, "text": "a"}"#, "InvalidInput", "needs one of"),
        (&long, "RecordTooLarge", "a record in Avro: topic shop.invoices takes records of up to 1000 bytes"),
    ] {
        let mut env = started();
        with_schema(&mut env, 258, INVOICE, "");
        env.work(vec![publish("a", argument)]);
        let (found, text, is_final) = failure(&env);
        assert!(found == kind && text.contains(message) && is_final, "{argument}: {found}: {text}");
        assert_eq!(published(&env), Vec::<&ForeignRecord>::new());
    }
}

#[test]
fn a_schema_that_is_not_known_is_waited_for() {
    for (id, text, problem, message) in [
        (0, "", "the registry has no such subject", "cannot be used: the registry has no such subject"),
        (3, "", "", "did not come with the command"),
        (3, "{}", "", "cannot be used: a type has no \"type\""),
    ] {
        let mut env = started();
        with_schema(&mut env, id, text, problem);
        let argument = r#"{"destination": "invoices", "avro": {"order": 1}}"#;
        let once = RetryPolicy { maximum_attempts: 1, ..RetryPolicy::default() };
        env.work(vec![with("once", argument, |activity| activity.retry_policy = Some(once))]);
        let (kind, text, is_final) = failure(&env);
        assert!(kind == "SchemaMissing" && text.contains(message) && !is_final, "{kind}: {text}");
        env.work(vec![with("a", argument, |activity| activity.retry_policy = Some(RetryPolicy::default()))]);
        env.run_to(1_500);
        assert_eq!(published(&env), Vec::<&ForeignRecord>::new());
        with_schema(&mut env, 258, INVOICE, "");
        env.run_to(30_000);
        assert_eq!(published(&env).len(), 1);
    }
}

#[test]
fn only_commands_that_may_publish_carry_the_schema() {
    let mut env = started();
    with_schema(&mut env, 258, INVOICE, "");
    let settings = env.settings.clone();
    let carries = |body: Body| {
        let mut command = Command { settings: Some(settings.clone()), body: Some(body), ..Command::default() };
        klamm_workflow::drop_unused_schemas(&mut command);
        let schema = command.settings.expect("settings").destinations[0].schema.clone().expect("a subject");
        assert_eq!((schema.subject.as_str(), schema.id), ("invoices-value", 258));
        !schema.text.is_empty()
    };
    let completed = |attributes: Attributes| {
        let command = WorkerCommand { attributes: Some(attributes), ..WorkerCommand::default() };
        let request = RespondWorkflowTaskCompletedRequest { commands: vec![command], ..Default::default() };
        Body::CompleteWorkflowTask(CompleteWorkflowTask { request: Some(request), ..CompleteWorkflowTask::default() })
    };
    assert!(carries(completed(publish("a", "1"))));
    assert!(!carries(completed(activity("a"))));
    let wake_up = |machine: &str| Body::WakeUp(WakeUp { machine: machine.to_owned(), ..WakeUp::default() });
    assert!(carries(wake_up(klamm_workflow::MACHINE)) && !carries(wake_up("schedule")));
    assert!(carries(Body::UnpauseActivity(UnpauseActivity::default())));
    assert!(!carries(Body::StartWorkflow(Box::default())) && !carries(Body::SignalWorkflow(SignalWorkflow::default())));
}
