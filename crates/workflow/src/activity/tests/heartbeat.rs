//! HeartbeatActivityTask.

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::{HeartbeatActivityTask, command::Body},
    temporal::{
        common::v1::{Payload, Payloads},
        failure::v1::failure::FailureInfo,
        history::v1::history_event::Attributes,
    },
};

use super::env::{Env, by_id, jsons, millis, schedule, schedule_with, token};
use crate::Answer;

fn heartbeating(id: &str) -> klamm_messages::temporal::command::v1::command::Attributes {
    schedule_with(id, |a| a.heartbeat_timeout = millis(1_000))
}

#[test]
fn an_attempt_that_is_not_heard_of_in_time_is_followed_by_another_that_gets_the_details() {
    let mut env = Env::new();
    env.workflow(vec![heartbeating("a")]);
    let task = env.start_activity(5);
    env.advance(900);
    let beat = Body::HeartbeatActivityTask(HeartbeatActivityTask { token: token(&task), details: jsons("3") });
    assert_eq!(env.accept(beat.clone()), Answer::Heartbeat { cancel_requested: false, paused: false, reset: false });
    assert_eq!(env.next_wake(), Some(1_900), "each heartbeat starts the time-out anew");
    env.run_to(1_899);
    assert_eq!(env.state().activities[&5].state.as_ref().unwrap().attempt, 1);
    env.run_to(2_900);
    assert!(matches!(env.refuse(beat), Rejection::NotFound(_)));
    let task = env.start_activity(5);
    assert_eq!((task.attempt, task.heartbeat_details.clone()), (2, jsons("3")));
    let last = task.last_failure.as_ref().unwrap();
    assert_eq!((last.message.as_str(), last.source.as_str()), ("activity Heartbeat timeout", "Server"));
    assert_eq!(env.history_from(5), ["5 ActivityTaskScheduled a"]);
}

#[test]
fn the_event_of_a_heartbeat_timeout_tells_the_last_details() {
    let mut env = Env::new();
    env.workflow(vec![schedule_with("a", |a| {
        a.heartbeat_timeout = millis(1_000);
        a.retry_policy = Some(klamm_messages::temporal::common::v1::RetryPolicy { maximum_attempts: 1, ..Default::default() });
    })]);
    let task = env.start_activity(5);
    env.accept(Body::HeartbeatActivityTask(HeartbeatActivityTask { token: token(&task), details: jsons("3") }));
    env.run_to(1_000);
    assert_eq!(
        env.history_from(6),
        [
            "6 ActivityTaskStarted 5 attempt=1",
            "7 ActivityTaskTimedOut 5/6 MAXIMUM_ATTEMPTS_REACHED \"activity Heartbeat timeout\"",
            "8 WorkflowTaskScheduled",
        ]
    );
    let Some(Attributes::ActivityTaskTimedOutEventAttributes(timed_out)) = &env.events()[6].attributes else { panic!() };
    let Some(FailureInfo::TimeoutFailureInfo(info)) = &timed_out.failure.as_ref().unwrap().failure_info else { panic!() };
    assert_eq!(info.last_heartbeat_details, jsons("3"));
}

#[test]
fn without_a_heartbeat_timeout_nobody_has_to_be_heard_of() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    env.start_activity(5);
    assert_eq!(env.next_wake(), Some(10_000), "start-to-close alone");
}

#[test]
fn only_a_started_activity_beats_by_task_and_by_id() {
    let mut env = Env::new();
    env.workflow(vec![heartbeating("a")]);
    let by_id = || Body::HeartbeatActivityTask(HeartbeatActivityTask { token: by_id("a"), details: jsons("1") });
    assert!(matches!(env.refuse(by_id()), Rejection::NotFound(_)));
    env.start_activity(5);
    assert_eq!(env.accept(by_id()), Answer::Heartbeat { cancel_requested: false, paused: false, reset: false });
    assert_eq!(env.state().activities[&5].state.as_ref().unwrap().heartbeat_details, jsons("1"));
}

#[test]
fn details_larger_than_a_payload_may_be_fail_the_activity_and_tell_the_worker_to_stop() {
    let mut env = Env::new();
    env.workflow(vec![heartbeating("a")]);
    let task = env.start_activity(5);
    let details = Payloads { payloads: vec![Payload { data: vec![0; 2 * 1024 * 1024 + 1].into(), ..Payload::default() }] };
    let beat = Body::HeartbeatActivityTask(HeartbeatActivityTask { token: token(&task), details: Some(details) });
    assert_eq!(env.accept(beat), Answer::Heartbeat { cancel_requested: true, paused: false, reset: false });
    assert_eq!(env.history_from(7)[0], "7 ActivityTaskFailed 5/6 NON_RETRYABLE_FAILURE \"Heartbeat details exceed size limit.\"");
}
