//! Stream task queues: an activity there is under way as soon as it waits, and its task is published.

use std::{collections::BTreeSet, time::Duration};

use klamm_machine::{
    Publication, StreamTask, Time,
    stream_queue::{self, Format},
};
use klamm_messages::{
    klamm::v1::{
        ActivityTaskToken, CancelActivityTask, CommandSettings, CompleteActivityTask, FailActivityTask, HeartbeatActivityTask, WakeUp,
        command::Body,
    },
    temporal::{
        command::v1::ScheduleActivityTaskCommandAttributes,
        common::v1::{Header, Payload, Payloads},
        failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
        history::v1::history_event,
    },
};
use klamm_workflow::{Answer, MACHINE};

use crate::{
    Attributes, activity, cancel_activity, complete,
    env::{Env, START, seconds, tasks},
    operations::{Operation, operate},
    pause, payload, riders,
};

/// Settings that declare the queue of these tests' activities.
pub fn streaming(settings: CommandSettings) -> CommandSettings {
    CommandSettings { stream_queues: vec!["other".to_owned(), "activ*=avro".to_owned()], ..settings }
}

/// A started workflow in a namespace whose activities are streamed.
fn started() -> Env {
    let mut env = Env::started();
    env.settings = streaming(env.settings);
    env
}

/// The tasks published so far.
fn published(env: &Env) -> Vec<&StreamTask> {
    env.publications.iter().filter_map(task).collect()
}

fn task(publication: &Publication) -> Option<&StreamTask> {
    if let Publication::Task(task) = publication { Some(task) } else { None }
}

/// The only task published since the last look.
fn taken(env: &mut Env) -> StreamTask {
    let taken: Vec<_> = std::mem::take(&mut env.publications).iter().filter_map(task).cloned().collect();
    let [task] = &taken[..] else { panic!("{taken:?}") };
    task.clone()
}

fn complete_activity(token: &ActivityTaskToken) -> Body {
    let result = Some(Payloads { payloads: vec![payload(b"7")] });
    Body::CompleteActivityTask(CompleteActivityTask { token: Some(token.clone()), result, ..CompleteActivityTask::default() })
}

fn fail_activity(token: &ActivityTaskToken, non_retryable: bool) -> Body {
    let info = ApplicationFailureInfo { r#type: "Lost".to_owned(), non_retryable, ..ApplicationFailureInfo::default() };
    let failure =
        Failure { message: "lost".to_owned(), failure_info: Some(FailureInfo::ApplicationFailureInfo(info)), ..Failure::default() };
    Body::FailActivityTask(FailActivityTask { token: Some(token.clone()), failure: Some(failure), ..FailActivityTask::default() })
}

fn heartbeat(token: &ActivityTaskToken, details: &[u8]) -> Body {
    let details = Some(Payloads { payloads: vec![payload(details)] });
    Body::HeartbeatActivityTask(HeartbeatActivityTask { token: Some(token.clone()), details })
}

/// The usual activity with something told differently.
fn with(change: impl FnOnce(&mut ScheduleActivityTaskCommandAttributes)) -> Attributes {
    let Attributes::ScheduleActivityTaskCommandAttributes(mut attributes) = activity("a") else { unreachable!("it is one") };
    change(&mut attributes);
    Attributes::ScheduleActivityTaskCommandAttributes(attributes)
}

/// What must hold of all that was published, whatever has happened: nothing waits on a declared queue, and no attempt was published twice.
pub fn check(env: &Env) {
    if env.settings.stream_queues.is_empty() {
        assert_eq!(published(env), Vec::<&StreamTask>::new());
        return;
    }
    let is_declared = |queue: &str| stream_queue::declaration(&env.settings.stream_queues, "default", queue).is_some();
    let waiting: Vec<_> = tasks(&env.rows).into_iter().filter(|row| is_declared(&row.task_queue)).collect();
    assert_eq!(waiting, [], "it waits on a stream task queue");
    let mut seen = BTreeSet::new();
    for StreamTask { token, scheduled, .. } in published(env) {
        assert!(seen.insert((token.run_id.clone(), token.scheduled_event_id, token.stamp)), "published twice: {token:?}");
        let queue = scheduled.task_queue.as_ref().map_or("", |queue| &queue.name);
        assert!(is_declared(queue), "{queue} is no stream");
    }
}

#[test]
fn a_task_is_published_when_its_activity_is_scheduled() {
    let mut env = started();
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    env.advance(500);
    env.work(vec![with(|activity| {
        activity.input = Some(Payloads { payloads: vec![payload(b"1")] });
        let data = Payload { data: format!("{{\"traceparent\":\"{trace}\"}}").into_bytes().into(), ..Payload::default() };
        activity.header = Some(Header { fields: [("_tracer-data".to_owned(), data)].into() });
        activity.schedule_to_close_timeout = Some(seconds(90));
        activity.heartbeat_timeout = Some(seconds(5));
    })]);
    assert_eq!(tasks(&env.rows), [], "no poller gets it");
    let task = taken(&mut env);
    let expected = ActivityTaskToken {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        run_id: "run-1".to_owned(),
        scheduled_event_id: 5,
        attempt: 1,
        activity_id: "a".to_owned(),
        activity_type: "A".to_owned(),
        stamp: 1,
    };
    assert_eq!(task.token, expected);
    assert_eq!(task.format, Format::Avro);
    let at = Time::from_millis(START + 500);
    assert_eq!((task.workflow_type.as_str(), task.scheduled_time, task.started_time), ("W", at, at));
    assert_eq!(task.deadline, Some(at.after(Duration::from_secs(60))), "start-to-close; heartbeats are the worker's business");
    assert_eq!((task.traceparent.as_deref(), task.last_failure), (Some(trace), None));
    assert_eq!(task.scheduled.input.map(|input| input.payloads[0].data.to_vec()), Some(b"1".to_vec()));
    env.accept(complete_activity(&task.token));
    insta::assert_snapshot!(env.history_from(5), @"
    5 ActivityTaskScheduled {id: a}
    6 ActivityTaskStarted {scheduled: 5}
    7 ActivityTaskCompleted {scheduled: 5, started: 6}
    8 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    let events = env.events(&env.current());
    let identity = events.iter().find_map(|event| match &event.attributes {
        Some(history_event::Attributes::ActivityTaskStartedEventAttributes(started)) => Some(started.identity.as_str()),
        _ => None,
    });
    assert_eq!(identity, Some("stream"));
    assert!(env.refuse(complete_activity(&task.token)).contains("invalid activityID"));
    env.work(vec![complete("done")]);
    check(&env);
}

#[test]
fn each_attempt_is_published_with_a_token_of_its_own() {
    let mut env = started();
    env.work(vec![with(|activity| activity.heartbeat_timeout = Some(seconds(10)))]);
    let first = taken(&mut env);
    env.accept(heartbeat(&first.token, b"half"));
    env.accept(fail_activity(&first.token, false));
    assert_eq!(published(&env), Vec::<&StreamTask>::new(), "it backs off");
    env.run_to(1_000);
    let second = taken(&mut env);
    assert_eq!((second.token.attempt, second.token.stamp), (2, 2));
    assert_eq!(second.heartbeat_details.map(|details| details.payloads[0].data.to_vec()), Some(b"half".to_vec()));
    assert_eq!(second.last_failure.map(|failure| failure.message).as_deref(), Some("lost"));
    assert!(env.refuse(complete_activity(&first.token)).contains("invalid activityID"), "the first attempt is over");
    // Nobody is heard of: the attempt times out, and another one follows.
    env.run_to(11_000);
    assert_eq!(published(&env), Vec::<&StreamTask>::new(), "it backs off");
    env.run_to(13_000);
    let third = taken(&mut env);
    assert_eq!(
        (third.token.attempt, third.last_failure.map(|failure| failure.message).as_deref()),
        (3, Some("activity Heartbeat timeout"))
    );
    env.accept(fail_activity(&third.token, true));
    insta::assert_snapshot!(env.history_from(5), @"
    5 ActivityTaskScheduled {id: a}
    6 ActivityTaskStarted {scheduled: 5}
    7 ActivityTaskFailed
    8 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_worker_is_told_of_a_cancellation_by_the_answer_to_its_heartbeat() {
    let mut env = started();
    env.work(vec![activity("a")]);
    let task = taken(&mut env);
    assert!(matches!(env.accept(heartbeat(&task.token, b"1")), Answer::Heartbeat { cancel_requested: false, .. }));
    env.signal("stop");
    env.work(vec![cancel_activity(5)]);
    assert!(matches!(env.accept(heartbeat(&task.token, b"2")), Answer::Heartbeat { cancel_requested: true, .. }));
    let body = CancelActivityTask { token: Some(task.token), ..CancelActivityTask::default() };
    env.accept(Body::CancelActivityTask(body));
    insta::assert_snapshot!(env.history_from(10), @"
    10 ActivityTaskCancelRequested
    11 ActivityTaskStarted {scheduled: 5}
    12 ActivityTaskCanceled {scheduled: 5, started: 11}
    13 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn nobody_else_gets_the_task() {
    let mut env = started();
    env.riders = vec![riders::workflow(crate::env::queue("q"), "p1")];
    let task = env.poll();
    env.riders = vec![riders::activity(crate::env::queue("activities"), "p2")];
    env.complete(&task, vec![with(|activity| activity.request_eager_execution = true)]);
    assert!(env.started.is_empty(), "neither a poller that rides along, nor the worker itself");
    taken(&mut env);
}

#[test]
fn what_is_held_back_is_published_when_it_may_go_on() {
    let mut env = started();
    let task = env.poll();
    env.accept(pause::pause("r1"));
    env.complete(&task, vec![activity("a")]);
    assert_eq!(published(&env), Vec::<&StreamTask>::new(), "the run is paused");
    env.accept(pause::unpause());
    let first = taken(&mut env);
    env.accept(operate(&Operation::Pause(0), true));
    env.accept(fail_activity(&first.token, false));
    env.run_to(10_000);
    assert_eq!(published(&env), Vec::<&StreamTask>::new(), "the activity is paused");
    env.accept(operate(&Operation::Unpause { resets: false, jitter: 0 }, true));
    assert_eq!(taken(&mut env).token.attempt, 2);
}

#[test]
fn of_a_pattern_only_queues_that_can_have_a_topic_are_streams() {
    let mut env = started();
    let on = |queue: &str| {
        with(|activity| {
            activity.activity_id = queue.to_owned();
            activity.task_queue = Some(crate::env::queue(queue));
        })
    };
    env.work(["activities", "activ", "activ.x", "act"].map(on).into());
    let mut waiting: Vec<_> = tasks(&env.rows).into_iter().map(|row| row.task_queue).collect();
    waiting.sort();
    assert_eq!(waiting, ["act", "activ.x"]);
    let queues: Vec<_> = published(&env).iter().map(|task| task.token.activity_id.as_str()).collect();
    assert_eq!(queues, ["activities", "activ"]);
    check(&env);
}

#[test]
fn what_waits_when_its_queue_is_declared_is_published_with_the_next_command() {
    let mut env = Env::started();
    env.work(vec![activity("a")]);
    assert_eq!((tasks(&env.rows).len(), published(&env).len()), (1, 0));
    env.settings = streaming(env.settings);
    let wake = WakeUp { machine: MACHINE.to_owned(), namespace: "default".to_owned(), id: "w".to_owned(), ..WakeUp::default() };
    env.accept(Body::WakeUp(WakeUp { run_id: "run-1".to_owned(), ..wake }));
    assert_eq!(taken(&mut env).token.attempt, 1);
    check(&env);
}
