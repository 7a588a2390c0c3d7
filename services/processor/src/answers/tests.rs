//! Polls that ride in a doubtful command wait until the doubt is settled, and no longer.

use std::{sync::Arc, time::Duration};

use klamm_machine::Time;
use klamm_messages::temporal::taskqueue::v1::TaskQueue;
use klamm_workflow::{
    answer::{StartedReservation, StartedTask, StartedWorkflowTask},
    tables::RunKey,
};

use super::*;
use crate::{
    backend::Poll,
    task_queues::{Offer, Parked, QueueId, TaskQueues, TaskType},
};

const WORKFLOW: TaskType = TaskType::Workflow;
const OPEN: &str = "answers are given";

fn id(queue: &str) -> QueueId {
    QueueId::normal("default", queue, TaskType::Workflow)
}

/// A queue with a poll, and the poll as a rider.
fn riding() -> (TaskQueues, Parked, Reserved) {
    let queues = TaskQueues::default();
    let poll = Poll {
        namespace: "default".to_owned(),
        task_queue: TaskQueue { name: "q".to_owned(), ..TaskQueue::default() },
        identity: "me".to_owned(),
        worker_version: None,
        worker_instance_key: String::new(),
        max_tasks_per_second: None,
        deadline: Instant::now() + Duration::from_secs(60),
    };
    let parked = queues.park(WORKFLOW, Arc::new(poll));
    let reserved = queues.reserve(&id("q")).expect("a rider").0;
    (queues, parked, reserved)
}

fn command(partition: u32) -> Arc<Command> {
    Arc::new(Command { namespace: "default".to_owned(), workflow_id: format!("w{partition}"), ..Command::default() })
}

fn about(partition: u32) -> About {
    About { partition, namespace: "default".to_owned(), workflow_id: format!("w{partition}") }
}

fn empty() -> Result<Outcome<Answered>, Rejection> {
    let reply = Reply::Workflow(klamm_workflow::Answer::Empty);
    Ok(Outcome::Answer(Answered { reply, started: Vec::new(), waited: Vec::new() }))
}

fn record() -> Record {
    Record::new("k", "v")
}

/// True when the rider is back in its queue.
fn is_back(queues: &TaskQueues) -> bool {
    queues.reserve(&id("q")).is_some()
}

/// A command with a rider whose append is in doubt.
fn in_doubt(answers: &Answers, partition: u32, reserved: Reserved) -> Record {
    let (record, expected) = answers.expect(partition, command(partition), (record(), true), vec![reserved]).expect(OPEN);
    expected.doubt(Instant::now());
    record
}

/// A command that is answered while its caller waits.
fn answered(answers: &Answers, partition: u32) {
    let (record, _expected) = answers.expect(partition, command(partition), (record(), true), Vec::new()).expect(OPEN);
    answers.answer(&record, empty());
}

#[tokio::test]
async fn a_rider_gets_its_task_when_a_doubtful_command_turns_out_to_stand() {
    let (queues, mut parked, reserved) = riding();
    let poll_id = reserved.poll_id().to_owned();
    let answers = Answers::new("a".to_owned());
    let record = in_doubt(&answers, 0, reserved);
    assert!(!is_back(&queues), "the record may come to stand");
    let run = RunKey::new("default", "w", "r");
    let task = StartedWorkflowTask {
        run_id: "r".to_owned(),
        workflow_type: "W".to_owned(),
        scheduled_event_id: 2,
        started_event_id: 3,
        attempt: 1,
        stamp: 1,
        previous_started_event_id: 0,
        scheduled_time: Time::default(),
        started_time: Time::default(),
        transient_events: Vec::new(),
        last_stored_event_id: 3,
        workflow_task_queue: TaskQueue::default(),
        sticky: false,
        messages: Vec::new(),
        history_size_bytes: 0,
    };
    let task = StartedTask::Workflow(Box::new(task));
    let started = vec![StartedReservation { poll_id, run, task }];
    answers.answer(
        &record,
        Ok(Outcome::Answer(Answered { reply: Reply::Workflow(klamm_workflow::Answer::Empty), started, waited: Vec::new() })),
    );
    assert!(matches!(parked.offer().await, Some(Offer::Started(_))));
    assert!(answers.doubtful(Instant::now()).is_empty());
}

#[test]
fn a_rider_goes_back_when_a_later_command_of_the_partition_was_handled_instead() {
    let (queues, _parked, reserved) = riding();
    let answers = Answers::new("a".to_owned());
    let (before, _waits) = answers.expect(0, command(0), (record(), true), Vec::new()).expect(OPEN);
    in_doubt(&answers, 0, reserved);
    answers.answer(&before, empty());
    assert!(!is_back(&queues), "it was marked before the doubt arose, and may have been appended before");
    answered(&answers, 1);
    assert!(!is_back(&queues), "another partition tells nothing");
    assert_eq!(answers.doubtful(Instant::now()), [about(0)]);
    answered(&answers, 0);
    assert!(is_back(&queues));
    assert!(answers.doubtful(Instant::now()).is_empty());
}

#[test]
fn a_caller_that_goes_away_leaves_its_rider_in_doubt() {
    let (queues, _parked, reserved) = riding();
    let answers = Answers::new("a".to_owned());
    drop(answers.expect(0, command(0), (record(), true), vec![reserved]).expect(OPEN));
    assert!(!is_back(&queues));
    answered(&answers, 0);
    assert!(is_back(&queues));
}

#[test]
fn riders_of_a_partition_that_has_stopped_go_back() {
    let (queues, _parked, reserved) = riding();
    let answers = Answers::new("a".to_owned());
    in_doubt(&answers, 3, reserved);
    answers.end(2);
    assert!(!is_back(&queues));
    answers.end(3);
    assert!(is_back(&queues));
}

#[tokio::test]
async fn a_caller_that_waits_for_a_doubt_is_told_when_it_is_settled() {
    let answers = Answers::new("a".to_owned());
    let (_, mut expected) = answers.expect(0, command(0), (record(), true), Vec::new()).expect(OPEN);
    expected.doubt(Instant::now());
    answered(&answers, 0);
    assert!(expected.wait().await.is_none());
}

#[tokio::test]
async fn nobody_waits_for_an_answer_that_can_come_no_more() {
    let answers = Answers::new("me".to_owned());
    let (_, mut before) = answers.expect(0, command(0), (record(), true), Vec::new()).expect(OPEN);
    answers.close();
    assert!(before.wait().await.is_none());
    assert!(answers.expect(0, command(0), (record(), true), Vec::new()).is_none(), "it came too late: it would wait for ever");
}

#[test]
fn a_command_is_known_by_its_own_record_alone() {
    let answers = Answers::new("a".to_owned());
    let (mine, _expected) = answers.expect(0, command(0), (record(), true), Vec::new()).expect(OPEN);
    assert_eq!(answers.command(&mine), Some(command(0)));
    let copied = Record { value: Some("another".into()), ..mine.clone() };
    assert_eq!(answers.command(&copied), None, "its value is to be decoded");
    assert_eq!(Answers::new("b".to_owned()).command(&mine), None, "another process has appended it");
    answers.answer(&mine, empty());
    assert_eq!(answers.command(&mine), None, "it has been handled");
    let (cut, _expected) = answers.expect(0, command(0), (record(), false), Vec::new()).expect(OPEN);
    assert_eq!(answers.command(&cut), None, "its record says something else");
}
