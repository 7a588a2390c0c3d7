//! FailActivityTask and the attempts that follow.

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::{ActivityPhase, FailActivityTask, command::Body},
    temporal::{
        common::v1::{Payload, Payloads, RetryPolicy},
        failure::v1::{ApplicationFailureInfo, CanceledFailureInfo, Failure, failure::FailureInfo},
        history::v1::history_event::Attributes,
    },
};

use super::env::{Env, by_id, jsons, millis, request_cancel, schedule, schedule_with, token};
use crate::answer::StartedActivityTask;

fn failure(message: &str, change: impl FnOnce(&mut ApplicationFailureInfo)) -> Failure {
    let mut info = ApplicationFailureInfo { r#type: "Broken".to_owned(), ..ApplicationFailureInfo::default() };
    change(&mut info);
    Failure { message: message.to_owned(), failure_info: Some(FailureInfo::ApplicationFailureInfo(info)), ..Failure::default() }
}

fn fail_with(task: &StartedActivityTask, failure: Failure) -> Body {
    Body::FailActivityTask(FailActivityTask { token: token(task), failure: Some(failure), ..FailActivityTask::default() })
}

fn fail(task: &StartedActivityTask) -> Body {
    fail_with(task, failure("broken", |_| ()))
}

fn policy(change: impl FnOnce(&mut RetryPolicy)) -> Option<RetryPolicy> {
    let mut policy = RetryPolicy::default();
    change(&mut policy);
    Some(policy)
}

#[test]
fn a_failed_attempt_is_followed_by_another_without_any_public_event() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let task = env.start_activity(5);
    env.advance(300);
    env.accept(fail(&task));
    assert_eq!(env.history_from(5), ["5 ActivityTaskScheduled a"]);
    assert!(env.tasks().is_empty(), "no task waits during the back-off");
    let state = env.state();
    let activity = state.activities[&5].state.as_ref().unwrap();
    assert_eq!((activity.phase(), activity.attempt, activity.stamp), (ActivityPhase::BackingOff, 2, 2));
    assert_eq!(activity.last_failure.as_ref().unwrap().message, "broken");
    assert_eq!(activity.last_worker_identity, "worker");
    assert_eq!(activity.retry_interval, millis(1_000));
    assert_eq!(env.next_wake(), Some(1_300));
}

#[test]
fn the_next_attempt_is_on_the_queue_when_its_time_comes_and_not_before() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let task = env.start_activity(5);
    env.accept(fail(&task));
    env.advance(999);
    env.wake();
    assert!(env.tasks().is_empty());
    env.advance(1);
    env.wake();
    let [task] = &env.tasks()[..] else { panic!("{:?}", env.tasks()) };
    assert_eq!((task.attempt, task.stamp), (2, 2));
    env.advance(40);
    let task = env.start_activity(5);
    assert_eq!((task.attempt, task.last_failure.as_ref().unwrap().message.as_str()), (2, "broken"));
    assert_eq!(task.attempt_scheduled_time.since(task.scheduled_time).as_millis(), 1_000);
    assert_eq!(task.started_time.since(task.attempt_scheduled_time).as_millis(), 40);
}

#[test]
fn the_event_of_the_start_tells_the_last_attempt_and_the_failure_before() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let task = env.start_activity(5);
    env.accept(fail(&task));
    env.run_to(1_000);
    let task = env.start_activity(5);
    env.accept(fail_with(&task, failure("broken for good", |info| info.non_retryable = true)));
    assert_eq!(
        env.history_from(6),
        [
            "6 ActivityTaskStarted 5 attempt=2",
            "7 ActivityTaskFailed 5/6 NON_RETRYABLE_FAILURE \"broken for good\"",
            "8 WorkflowTaskScheduled",
        ]
    );
    let Some(Attributes::ActivityTaskStartedEventAttributes(started)) = &env.events()[5].attributes else { panic!() };
    assert_eq!(started.last_failure.as_ref().unwrap().message, "broken");
}

#[test]
fn intervals_grow_by_the_coefficient_up_to_the_maximum() {
    let mut env = Env::new();
    let policy = policy(|policy| {
        policy.initial_interval = millis(100);
        policy.backoff_coefficient = 3.0;
        policy.maximum_interval = millis(1_000);
    });
    env.workflow(vec![schedule_with("a", |a| a.retry_policy = policy)]);
    let mut intervals = Vec::new();
    for _ in 0..5 {
        let task = env.start_activity(5);
        env.accept(fail(&task));
        let due = env.next_wake().unwrap();
        intervals.push(due - env.elapsed());
        env.run_to(due);
    }
    assert_eq!(intervals, [100, 300, 900, 1_000, 1_000]);
}

#[test]
fn a_type_that_the_policy_names_is_not_retried() {
    let mut env = Env::new();
    let policy = policy(|policy| policy.non_retryable_error_types = vec!["Broken".to_owned()]);
    env.workflow(vec![schedule_with("a", |a| a.retry_policy = policy)]);
    let task = env.start_activity(5);
    env.accept(fail(&task));
    assert_eq!(env.history_from(7)[0], "7 ActivityTaskFailed 5/6 NON_RETRYABLE_FAILURE \"broken\"");
}

#[test]
fn the_last_allowed_attempt_ends_the_activity() {
    let mut env = Env::new();
    env.workflow(vec![schedule_with("a", |a| a.retry_policy = policy(|policy| policy.maximum_attempts = 2))]);
    let task = env.start_activity(5);
    env.accept(fail(&task));
    env.run_to(1_000);
    let task = env.start_activity(5);
    env.accept(fail(&task));
    assert_eq!(
        env.history_from(6)[..2],
        ["6 ActivityTaskStarted 5 attempt=2", "7 ActivityTaskFailed 5/6 MAXIMUM_ATTEMPTS_REACHED \"broken\"",]
    );
}

#[test]
fn the_application_may_tell_the_delay_even_above_the_maximum_interval() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let task = env.start_activity(5);
    env.accept(fail_with(&task, failure("later", |info| info.next_retry_delay = millis(500_000))));
    assert_eq!(env.next_wake(), Some(500_000));
}

#[test]
fn no_attempt_begins_after_schedule_to_close() {
    let mut env = Env::new();
    env.workflow(vec![schedule_with("a", |a| a.schedule_to_close_timeout = millis(1_200))]);
    let task = env.start_activity(5);
    env.advance(300);
    env.accept(fail(&task));
    assert_eq!(env.history_from(7)[0], "7 ActivityTaskFailed 5/6 TIMEOUT \"broken\"");
}

#[test]
fn an_attempt_at_the_very_end_of_schedule_to_close_is_made() {
    let mut env = Env::new();
    env.workflow(vec![schedule_with("a", |a| a.schedule_to_close_timeout = millis(1_300))]);
    let task = env.start_activity(5);
    env.advance(300);
    env.accept(fail(&task));
    assert_eq!(env.state().activities[&5].state.as_ref().unwrap().phase(), ActivityPhase::BackingOff);
}

#[test]
fn a_failure_after_the_cancel_request_is_not_retried() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a"), schedule("b")]);
    let (a, b) = (env.start_activity(5), env.start_activity(6));
    env.accept(fail_with(&b, failure("b", |info| info.non_retryable = true)));
    env.workflow(vec![request_cancel(5)]);
    env.accept(fail(&a));
    let last = env.history_from(1);
    assert!(last.iter().any(|line| line.contains("ActivityTaskFailed 5/") && line.contains("CANCEL_REQUESTED")), "{last:?}");
}

#[test]
fn what_the_worker_reports_as_last_heartbeat_goes_to_the_next_attempt() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let task = env.start_activity(5);
    env.accept(Body::FailActivityTask(FailActivityTask {
        token: token(&task),
        failure: Some(failure("broken", |_| ())),
        last_heartbeat_details: jsons("7"),
        ..FailActivityTask::default()
    }));
    env.run_to(1_000);
    assert_eq!(env.start_activity(5).heartbeat_details, jsons("7"));
}

#[test]
fn reports_of_the_attempt_before_are_not_found() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let first = env.start_activity(5);
    env.accept(fail(&first));
    assert!(matches!(env.refuse(fail(&first)), Rejection::NotFound(_)));
    env.run_to(1_000);
    env.start_activity(5);
    assert!(matches!(env.refuse(fail(&first)), Rejection::NotFound(_)));
    assert_eq!(env.state().activities[&5].state.as_ref().unwrap().attempt, 2);
}

#[test]
fn by_id_only_a_started_activity_fails_but_any_completes() {
    use klamm_messages::klamm::v1::CompleteActivityTask;
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let fail_by_id = || {
        Body::FailActivityTask(FailActivityTask {
            token: by_id("a"),
            failure: Some(failure("broken", |_| ())),
            ..FailActivityTask::default()
        })
    };
    assert!(matches!(env.refuse(fail_by_id()), Rejection::NotFound(_)));
    env.start_activity(5);
    env.accept(fail_by_id());
    assert!(matches!(env.refuse(fail_by_id()), Rejection::NotFound(_)));
    env.accept(Body::CompleteActivityTask(CompleteActivityTask { token: by_id("a"), result: None, ..CompleteActivityTask::default() }));
    assert_eq!(env.history_from(6)[..2], ["6 ActivityTaskStarted 5 attempt=2", "7 ActivityTaskCompleted 5/6"]);
}

#[test]
fn a_failure_must_be_an_applications() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let task = env.start_activity(5);
    let canceled = Failure { failure_info: Some(FailureInfo::CanceledFailureInfo(CanceledFailureInfo::default())), ..Failure::default() };
    assert_eq!(env.refuse(fail_with(&task, canceled)), Rejection::invalid("Failure must have ApplicationFailureInfo."));
    assert_eq!(env.refuse(fail_with(&task, Failure::default())), Rejection::invalid("Failure must have ApplicationFailureInfo."));
}

#[test]
fn a_large_failure_is_kept_cut_between_attempts_and_whole_in_the_event() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let task = env.start_activity(5);
    env.accept(fail_with(&task, failure(&"x".repeat(10_000), |_| ())));
    let state = env.state();
    let kept = state.activities[&5].state.as_ref().unwrap().last_failure.as_ref().unwrap();
    assert_eq!(kept.message, "Failure exceeds size limit.");
    assert!(kept.cause.as_ref().unwrap().message.len() <= 4096);
    env.run_to(1_000);
    let task = env.start_activity(5);
    env.accept(fail_with(&task, failure(&"y".repeat(10_000), |info| info.non_retryable = true)));
    let Some(Attributes::ActivityTaskFailedEventAttributes(failed)) = &env.events()[6].attributes else { panic!() };
    assert_eq!(failed.failure.as_ref().unwrap().message.len(), 10_000);
}

#[test]
fn a_failure_larger_than_a_payload_may_be_ends_the_activity() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    let task = env.start_activity(5);
    let details = Payloads { payloads: vec![Payload { data: vec![0; 2 * 1024 * 1024].into(), ..Payload::default() }] };
    env.accept(fail_with(&task, failure("large", |info| info.details = Some(details))));
    assert_eq!(env.history_from(7)[0], "7 ActivityTaskFailed 5/6 NON_RETRYABLE_FAILURE \"Failure exceeds size limit.\"");
}
