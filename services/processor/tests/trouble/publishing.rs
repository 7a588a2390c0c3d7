//! Topics of others to which workflows publish, and which take nothing: history goes on, and nothing is lost.

use std::time::{Duration, Instant};

use klamm_log::{
    Error as LogError, Log, ReadLimit, Stored, TopicSpec,
    memory::{Fault, Operation},
};
use klamm_messages::{
    klamm::v1::{Command, CommandSettings, CompleteWorkflowTask, Destination, StartWorkflow, WorkflowTaskToken, command::Body},
    temporal::{
        self,
        command::v1::{ScheduleActivityTaskCommandAttributes, command::Attributes},
        common::v1::{ActivityType, Payload, Payloads, WorkflowType},
        enums::v1::{CommandType, TaskQueueKind},
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{RespondWorkflowTaskCompletedRequest, StartWorkflowExecutionRequest},
    },
};
use klamm_processor::{Backend, Processor, backend::Poll};

use super::{config, logs, start};

pub fn queue(name: &str) -> Option<TaskQueue> {
    Some(TaskQueue { name: name.to_owned(), kind: TaskQueueKind::Normal as i32, ..TaskQueue::default() })
}

/// The topic is there with one partition, says the command.
fn settings() -> Option<CommandSettings> {
    let destination = Destination {
        name: "invoices".to_owned(),
        topic: "shop.invoices".to_owned(),
        partitions: 1,
        record_bytes_max: 10_000,
        needs_key: false,
        schema: None,
    };
    Some(CommandSettings { destinations: vec![destination], ..CommandSettings::default() })
}

async fn submit(processor: &Processor, id: &str, settings: Option<CommandSettings>, body: Body) {
    let command =
        Command { version: 1, settings, namespace: "shop".to_owned(), workflow_id: id.to_owned(), body: Some(body), ..Command::default() };
    processor.submit(Box::new(command)).await.expect("accepted");
}

/// A workflow, on a task queue of its own, publishes a text.
async fn publish(processor: &Processor, id: &str) {
    let argument = format!(r#"{{"destination": "invoices", "key": "{id}", "text": "of {id}"}}"#);
    let metadata = [("encoding".to_owned(), "json/plain".into())].into();
    let activity = ScheduleActivityTaskCommandAttributes {
        activity_id: "1".to_owned(),
        activity_type: Some(ActivityType { name: "klamm.publish".to_owned() }),
        task_queue: queue("klamm"),
        start_to_close_timeout: Some(prost_types::Duration { seconds: 10, nanos: 0 }),
        input: Some(Payloads { payloads: vec![Payload { metadata, data: argument.into(), ..Payload::default() }] }),
        ..ScheduleActivityTaskCommandAttributes::default()
    };
    schedule(processor, id, settings(), activity).await;
}

/// A workflow, on a task queue of its own, schedules an activity.
pub async fn schedule(processor: &Processor, id: &str, settings: Option<CommandSettings>, activity: ScheduleActivityTaskCommandAttributes) {
    let request = StartWorkflowExecutionRequest {
        namespace: "shop".to_owned(),
        workflow_id: id.to_owned(),
        workflow_type: Some(WorkflowType { name: "W".to_owned() }),
        task_queue: queue(id),
        request_id: id.to_owned(),
        ..StartWorkflowExecutionRequest::default()
    };
    let started = StartWorkflow { request: Some(request), run_id: format!("run-of-{id}"), ..StartWorkflow::default() };
    submit(processor, id, settings.clone(), Body::StartWorkflow(Box::new(started))).await;
    let poll = Poll {
        namespace: "shop".to_owned(),
        task_queue: queue(id).expect("a queue"),
        identity: "me".to_owned(),
        worker_version: None,
        worker_instance_key: String::new(),
        max_tasks_per_second: None,
        deadline: Instant::now() + Duration::from_secs(10),
    };
    let polled = processor.poll_workflow_task(poll).await.expect("an answer").expect("a task");
    let command = temporal::command::v1::Command {
        command_type: CommandType::ScheduleActivityTask as i32,
        attributes: Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)),
        ..temporal::command::v1::Command::default()
    };
    let token = WorkflowTaskToken {
        namespace: "shop".to_owned(),
        workflow_id: polled.run.workflow_id.clone(),
        run_id: polled.run.run_id.clone(),
        scheduled_event_id: polled.task.scheduled_event_id,
        started_event_id: polled.task.started_event_id,
        attempt: polled.task.attempt,
        stamp: polled.task.stamp,
        ..WorkflowTaskToken::default()
    };
    let request = RespondWorkflowTaskCompletedRequest { commands: vec![command], ..RespondWorkflowTaskCompletedRequest::default() };
    submit(
        processor,
        id,
        settings,
        Body::CompleteWorkflowTask(CompleteWorkflowTask { token: Some(token), request: Some(request), poll_id: "p".to_owned() }),
    )
    .await;
}

/// Commits until nothing waits.
fn commit_all(processor: &Processor) {
    let mut attempts = 0;
    while processor.uncommitted_bytes() > 0 {
        processor.commit(0, true);
        processor.commit(1, true);
        attempts += 1;
        assert!(attempts < 100, "nothing is written");
    }
}

/// A commit that did not take place, though the log does not know.
fn in_doubt(reason: &str) -> Fault {
    Fault::Refuse(LogError::InDoubt { reason: reason.to_owned() })
}

pub fn records(log: &dyn Log, topic: &str) -> Vec<Stored> {
    let Ok(found) = log.topic(topic) else { return Vec::new() };
    let all = |partition| log.read(topic, partition, 0, ReadLimit::default()).expect("a read").records;
    (0..found.spec.partitions).flat_map(all).collect()
}

fn texts(records: &[Stored]) -> Vec<String> {
    let mut texts: Vec<_> =
        records.iter().map(|it| String::from_utf8_lossy(it.record.value.as_deref().unwrap_or_default()).into_owned()).collect();
    texts.sort();
    texts
}

#[tokio::test]
async fn a_topic_that_is_gone_gets_its_records_as_dead_letters_of_the_same_transactions() {
    let (memory, gated) = logs();
    let processor = start(&config(), gated);
    publish(&processor, "a").await;
    publish(&processor, "b").await;
    commit_all(&processor);
    let letters = records(&memory, "klamm.dlq.publish");
    assert_eq!(texts(&letters), ["of a", "of b"]);
    for letter in &letters {
        let header = |name| letter.record.header(name).map(|value| String::from_utf8_lossy(value).into_owned());
        assert_eq!(header("__dlq.errors.topic").as_deref(), Some("shop.invoices"));
        assert_eq!(header("__dlq.errors.message").as_deref(), Some("no topic shop.invoices"));
        assert_eq!(header("klamm-dlq-class").as_deref(), Some("destination"));
        assert!(header("klamm-workflow-id").is_some() && letter.record.key.is_some());
    }
    for partition in 0..2 {
        assert_eq!(processor.verify(partition).expect("verified").differences, Vec::<String>::new());
    }
    // For a while the topic is not tried again, and nothing waits for it.
    memory.ensure_topics(&[TopicSpec::kept("shop.invoices", 1)]).expect("a topic");
    publish(&processor, "c").await;
    commit_all(&processor);
    assert_eq!((records(&memory, "klamm.dlq.publish").len(), records(&memory, "shop.invoices").len()), (3, 0));
}

#[tokio::test]
async fn a_topic_that_the_log_names_again_and_again_is_taken_for_the_cause() {
    let (memory, gated) = logs();
    memory.ensure_topics(&[TopicSpec::kept("shop.invoices", 1)]).expect("a topic");
    let processor = start(&config(), gated);
    publish(&processor, "a").await;
    commit_all(&processor);
    assert_eq!(texts(&records(&memory, "shop.invoices")), ["of a"]);
    memory.set_fault_hook(Some(Box::new(|operation| match operation {
        Operation::Commit { outputs, .. } if outputs.iter().any(|output| &*output.topic == "shop.invoices") => {
            Some(in_doubt("Failed to add partition \"shop.invoices\" [0] to transaction: Broker: Topic authorization failed"))
        }
        _ => None,
    })));
    publish(&processor, "b").await;
    commit_all(&processor);
    assert_eq!(texts(&records(&memory, "shop.invoices")), ["of a"]);
    assert_eq!(texts(&records(&memory, "klamm.dlq.publish")), ["of b"]);
    for partition in 0..2 {
        assert_eq!(processor.verify(partition).expect("verified").differences, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_log_that_is_in_trouble_itself_costs_no_record_its_topic() {
    let (memory, gated) = logs();
    memory.ensure_topics(&[TopicSpec::kept("shop.invoices", 1)]).expect("a topic");
    let processor = start(&config(), gated);
    publish(&processor, "a").await;
    let mut left = 3;
    memory.set_fault_hook(Some(Box::new(move |operation| {
        let fails = matches!(operation, Operation::Commit { .. }) && left > 0;
        left -= i32::from(fails);
        fails.then(|| in_doubt("no answer"))
    })));
    commit_all(&processor);
    assert_eq!(texts(&records(&memory, "shop.invoices")), ["of a"]);
    assert!(memory.topic("klamm.dlq.publish").is_err());
}
