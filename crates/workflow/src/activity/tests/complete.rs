//! CompleteActivityTask.

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::{CompleteActivityTask, FailActivityTask, StartActivityTask, command::Body},
    temporal::{
        common::v1::{Payload, Payloads, RetryPolicy, WorkerVersionStamp},
        failure::v1::failure::FailureInfo,
        history::v1::history_event::Attributes,
    },
};

use super::env::{Env, START, by_id, jsons, millis, schedule, schedule_with, token};
use crate::answer::StartedActivityTask;

const NOT_FOUND: &str = "invalid activityID or activity already timed out or invoking workflow is completed";

fn complete(task: &StartedActivityTask) -> Body {
    Body::CompleteActivityTask(CompleteActivityTask { token: token(task), result: jsons("\"done\""), ..CompleteActivityTask::default() })
}

fn complete_by_id(activity_id: &str) -> Body {
    Body::CompleteActivityTask(CompleteActivityTask {
        token: by_id(activity_id),
        result: jsons("\"done\""),
        ..CompleteActivityTask::default()
    })
}

#[test]
fn started_is_written_with_its_real_time_just_before_completed() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    env.advance(100);
    let task = env.start_activity(5);
    env.advance(400);
    env.accept(complete(&task));
    assert_eq!(
        env.history_from(5),
        ["5 ActivityTaskScheduled a", "6 ActivityTaskStarted 5 attempt=1", "7 ActivityTaskCompleted 5/6", "8 WorkflowTaskScheduled",]
    );
    let times: Vec<_> = env.events()[5..7].iter().map(|event| event.event_time.unwrap().nanos / 1_000_000).collect();
    assert_eq!(times, [100, 500]);
    let Some(Attributes::ActivityTaskStartedEventAttributes(started)) = &env.events()[5].attributes else { panic!() };
    assert_eq!((started.identity.as_str(), started.request_id.starts_with("poll-")), ("worker", true));
    let Some(Attributes::ActivityTaskCompletedEventAttributes(completed)) = &env.events()[6].attributes else { panic!() };
    assert_eq!((completed.result.clone(), completed.identity.as_str()), (jsons("\"done\""), "worker"));
    assert!(env.state().activities.is_empty() && env.state().activity_ids.is_empty());
}

#[test]
fn while_a_workflow_task_runs_both_events_wait_and_are_linked_when_it_ends() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a"), schedule("b")]);
    let (a, b) = (env.start_activity(5), env.start_activity(6));
    env.accept(complete(&a));
    let workflow_task = env.start_workflow_task();
    env.advance(10);
    env.accept(complete(&b));
    assert_eq!(
        env.history_from(7),
        ["7 ActivityTaskStarted 5 attempt=1", "8 ActivityTaskCompleted 5/7", "9 WorkflowTaskScheduled", "10 WorkflowTaskStarted",]
    );
    assert!(env.state().activities.is_empty(), "what waits has ended already");
    assert_eq!(env.refuse(complete(&b)), Rejection::not_found(NOT_FOUND));
    env.complete_workflow_task(workflow_task, vec![]).unwrap();
    assert_eq!(
        env.history_from(11),
        ["11 WorkflowTaskCompleted", "12 ActivityTaskStarted 6 attempt=1", "13 ActivityTaskCompleted 6/12", "14 WorkflowTaskScheduled",]
    );
}

#[test]
fn a_completion_of_what_is_no_longer_there_is_not_found() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let task = env.start_activity(5);
    env.accept(complete(&task));
    assert_eq!(env.refuse(complete(&task)), Rejection::not_found(NOT_FOUND));
    assert_eq!(
        env.refuse(complete_by_id("a")),
        Rejection::not_found("cannot find pending activity with ActivityID a, check workflow execution history for more details")
    );
    assert_eq!(env.refuse(complete_by_id("")), Rejection::invalid("activityID cannot be empty"));
}

#[test]
fn a_token_of_another_attempt_or_scheduling_is_not_found() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let task = env.start_activity(5);
    for (attempt, stamp) in [(2, 1), (1, 2)] {
        let stale = StartedActivityTask { attempt, stamp, ..(*task).clone() };
        assert_eq!(env.refuse(complete(&stale)), Rejection::not_found(NOT_FOUND));
    }
    env.accept(complete(&task));
}

#[test]
fn a_token_of_a_closed_or_unknown_run_is_not_found() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let task = env.start_activity(5);
    let foreign = StartedActivityTask { run_id: "another".to_owned(), ..(*task).clone() };
    assert!(matches!(env.refuse(complete(&foreign)), Rejection::NotFound(_)));
    let task_of_workflow = env.state();
    assert!(task_of_workflow.activities.contains_key(&5));
}

#[test]
fn by_id_an_activity_is_completed_without_having_been_started() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    env.advance(70);
    env.identity = "client";
    env.accept(complete_by_id("a"));
    assert_eq!(env.history_from(6), ["6 ActivityTaskStarted 5 attempt=1", "7 ActivityTaskCompleted 5/6", "8 WorkflowTaskScheduled",]);
    let started = &env.events()[5];
    assert_eq!(started.event_time.unwrap().nanos / 1_000_000, 70);
    let Some(Attributes::ActivityTaskStartedEventAttributes(started)) = &started.attributes else { panic!() };
    assert_eq!((started.identity.as_str(), started.request_id.as_str()), ("client", ""));
    assert!(env.tasks().is_empty());
}

#[test]
fn by_id_no_attempt_is_asked_for() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    env.start_activity(5);
    env.accept(complete_by_id("a"));
    assert_eq!(env.history_from(7)[0], "7 ActivityTaskCompleted 5/6");
}

#[test]
fn a_result_larger_than_a_payload_may_be_fails_the_activity_for_good() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let task = env.start_activity(5);
    let result = Payloads { payloads: vec![Payload { data: vec![0; 2 * 1024 * 1024 + 1].into(), ..Payload::default() }] };
    env.accept(Body::CompleteActivityTask(CompleteActivityTask {
        token: token(&task),
        result: Some(result),
        ..CompleteActivityTask::default()
    }));
    assert_eq!(
        env.history_from(6)[..2],
        ["6 ActivityTaskStarted 5 attempt=1", "7 ActivityTaskFailed 5/6 NON_RETRYABLE_FAILURE \"Complete result exceeds size limit.\"",]
    );
    let Some(Attributes::ActivityTaskFailedEventAttributes(failed)) = &env.events()[6].attributes else { panic!() };
    let Some(FailureInfo::ServerFailureInfo(info)) = &failed.failure.as_ref().unwrap().failure_info else { panic!() };
    assert!(info.non_retryable);
}

#[test]
fn an_id_is_free_again_once_its_activity_has_ended() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let task = env.start_activity(5);
    env.accept(complete(&task));
    env.workflow(vec![schedule("a")]);
    assert_eq!(env.history_from(11), ["11 ActivityTaskScheduled a"]);
    assert_eq!(env.tasks()[0].scheduled_time.unwrap().seconds, START / 1000);
}

#[test]
fn started_shows_the_version_of_whoever_answered_and_none_after_a_time_out() {
    let version = |build_id: &str| Some(WorkerVersionStamp { build_id: build_id.to_owned(), use_versioning: false });
    let shown = |env: &Env| match env
        .events()
        .into_iter()
        .find_map(|event| event.attributes.filter(|attributes| matches!(attributes, Attributes::ActivityTaskStartedEventAttributes(_))))
    {
        Some(Attributes::ActivityTaskStartedEventAttributes(started)) => started.worker_version,
        other => panic!("not started: {other:?}"),
    };

    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let task = env.start_activity(5);
    let result = jsons("1");
    env.accept(Body::CompleteActivityTask(CompleteActivityTask { token: token(&task), result, worker_version: version("1.0") }));
    assert_eq!(shown(&env), version("1.0"));

    let mut env = Env::new();
    env.workflow(vec![schedule_with("a", |a| a.retry_policy = Some(RetryPolicy { maximum_attempts: 1, ..RetryPolicy::default() }))]);
    let task = env.start_activity(5);
    env.accept(Body::FailActivityTask(FailActivityTask { token: token(&task), worker_version: version("2.0"), ..Default::default() }));
    assert_eq!(shown(&env), version("2.0"));

    let mut env = Env::new();
    env.workflow(vec![schedule_with("a", |a| a.schedule_to_close_timeout = millis(5_000))]);
    let Body::StartActivityTask(start) = env.start_activity_body(5, "poll") else { panic!() };
    env.accept(Body::StartActivityTask(StartActivityTask { worker_version: version("3.0"), ..start }));
    env.run_to(5_000);
    assert_eq!(shown(&env), None, "the poller's own is not shown");
}
