//! The four time-outs.

use klamm_messages::{
    klamm::v1::{FailActivityTask, command::Body},
    temporal::{
        common::v1::RetryPolicy,
        enums::v1::{RetryState, TimeoutType},
        failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
        history::v1::{ActivityTaskTimedOutEventAttributes, history_event::Attributes},
    },
};

use super::env::{Env, millis, request_cancel, schedule, schedule_with, start_timer, token};

/// The only ActivityTaskTimedOut of the history.
fn timed_out(env: &Env) -> ActivityTaskTimedOutEventAttributes {
    let mut all = env.events().into_iter().filter_map(|event| match event.attributes {
        Some(Attributes::ActivityTaskTimedOutEventAttributes(attributes)) => Some(attributes),
        _ => None,
    });
    let one = all.next().unwrap();
    assert!(all.next().is_none());
    one
}

fn timeout_type(failure: &Failure) -> TimeoutType {
    let Some(FailureInfo::TimeoutFailureInfo(info)) = &failure.failure_info else { panic!("{failure:?}") };
    info.timeout_type()
}

#[test]
fn an_attempt_longer_than_start_to_close_is_followed_by_another() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    env.advance(500);
    env.start_activity(5);
    assert_eq!(env.next_wake(), Some(10_500));
    env.run_to(11_500);
    let task = env.start_activity(5);
    assert_eq!(task.attempt, 2);
    assert_eq!(task.last_failure.as_ref().unwrap().message, "activity StartToClose timeout");
    assert_eq!(env.history_from(5), ["5 ActivityTaskScheduled a"]);
}

#[test]
fn the_last_attempt_longer_than_start_to_close_ends_the_activity() {
    let mut env = Env::new();
    let policy = RetryPolicy { maximum_attempts: 2, ..RetryPolicy::default() };
    env.workflow(vec![schedule_with("a", |a| a.retry_policy = Some(policy))]);
    env.start_activity(5);
    env.run_to(11_000);
    env.start_activity(5);
    env.run_to(21_000);
    assert_eq!(
        env.history_from(6),
        [
            "6 ActivityTaskStarted 5 attempt=2",
            "7 ActivityTaskTimedOut 5/6 MAXIMUM_ATTEMPTS_REACHED \"activity StartToClose timeout\"",
            "8 WorkflowTaskScheduled",
        ]
    );
    let failure = timed_out(&env).failure.unwrap();
    assert_eq!(timeout_type(&failure), TimeoutType::StartToClose);
    assert_eq!(failure.cause.unwrap().message, "activity StartToClose timeout", "the attempt before");
}

#[test]
fn a_timeout_named_by_the_policy_is_not_retried() {
    let mut env = Env::new();
    let policy = RetryPolicy { non_retryable_error_types: vec!["TemporalTimeout:StartToClose".to_owned()], ..RetryPolicy::default() };
    env.workflow(vec![schedule_with("a", |a| a.retry_policy = Some(policy))]);
    env.start_activity(5);
    env.run_to(10_000);
    assert_eq!(env.history_from(7)[0], "7 ActivityTaskTimedOut 5/6 NON_RETRYABLE_FAILURE \"activity StartToClose timeout\"");
}

#[test]
fn a_task_that_waits_longer_than_schedule_to_start_is_never_retried_and_has_no_start() {
    let mut env = Env::new();
    env.workflow(vec![schedule_with("a", |a| a.schedule_to_start_timeout = millis(2_000))]);
    assert_eq!(env.next_wake(), Some(2_000));
    env.run_to(2_000);
    assert_eq!(
        env.history_from(6),
        ["6 ActivityTaskTimedOut 5/0 TIMEOUT \"activity ScheduleToStart timeout\"", "7 WorkflowTaskScheduled",]
    );
    assert_eq!(timeout_type(&timed_out(&env).failure.unwrap()), TimeoutType::ScheduleToStart);
    assert!(env.tasks().is_empty());
}

#[test]
fn each_attempt_waits_schedule_to_start_from_its_own_scheduling() {
    let mut env = Env::new();
    env.workflow(vec![schedule_with("a", |a| a.schedule_to_start_timeout = millis(2_000))]);
    let task = env.start_activity(5);
    let info = FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo::default());
    env.accept(Body::FailActivityTask(FailActivityTask {
        token: token(&task),
        failure: Some(Failure { message: "broken".to_owned(), failure_info: Some(info), ..Failure::default() }),
        ..FailActivityTask::default()
    }));
    env.run_to(2_999);
    assert_eq!(env.tasks().len(), 1);
    env.run_to(3_000);
    assert_eq!(env.history_from(6)[0], "6 ActivityTaskTimedOut 5/0 TIMEOUT \"activity ScheduleToStart timeout\"");
    assert_eq!(timed_out(&env).failure.unwrap().cause.unwrap().message, "broken");
}

#[test]
fn schedule_to_close_counts_over_all_attempts_and_ends_a_running_one() {
    let mut env = Env::new();
    env.workflow(vec![schedule_with("a", |a| {
        a.schedule_to_close_timeout = millis(12_000);
        a.schedule_to_start_timeout = millis(12_000);
    })]);
    env.start_activity(5);
    env.run_to(11_000);
    env.start_activity(5);
    env.run_to(12_000);
    assert_eq!(
        env.history_from(6),
        [
            "6 ActivityTaskStarted 5 attempt=2",
            "7 ActivityTaskTimedOut 5/6 TIMEOUT \"Not enough time to schedule next retry before activity ScheduleToClose timeout, \
         giving up retrying\"",
            "8 WorkflowTaskScheduled",
        ]
    );
    let failure = timed_out(&env).failure.unwrap();
    assert_eq!(timeout_type(&failure), TimeoutType::ScheduleToClose);
    assert_eq!(failure.cause.unwrap().message, "activity StartToClose timeout");
}

#[test]
fn an_attempt_that_begins_with_the_scheduling_ends_by_schedule_to_close() {
    for maximum_attempts in [0, 1] {
        let mut env = Env::new();
        env.workflow(vec![schedule_with("a", |a| {
            a.start_to_close_timeout = None;
            a.schedule_to_close_timeout = millis(300);
            a.retry_policy = Some(RetryPolicy { maximum_attempts, ..RetryPolicy::default() });
        })]);
        // In the same millisecond: both time-outs come in the same one, too.
        env.start_activity(5);
        env.run_to(300);
        let timed_out = timed_out(&env);
        let failure = timed_out.failure.as_ref().expect("a failure");
        assert_eq!(timeout_type(failure), TimeoutType::ScheduleToClose, "{maximum_attempts}");
        assert_eq!(timed_out.retry_state(), RetryState::Timeout, "{maximum_attempts}");
    }
}

#[test]
fn an_attempt_that_times_out_with_no_time_for_another_is_told_as_schedule_to_close() {
    let mut env = Env::new();
    env.workflow(vec![schedule_with("a", |a| {
        a.start_to_close_timeout = millis(1_500);
        a.schedule_to_close_timeout = millis(2_000);
    })]);
    env.start_activity(5);
    env.run_to(1_500);
    let timed_out = timed_out(&env);
    assert_eq!(timeout_type(timed_out.failure.as_ref().unwrap()), TimeoutType::ScheduleToClose);
    assert_eq!(timed_out.started_event_id, 6);
}

#[test]
fn with_schedule_to_close_alone_a_task_that_nobody_takes_ends_by_schedule_to_start() {
    let mut env = Env::new();
    env.workflow(vec![schedule_with("a", |a| {
        a.start_to_close_timeout = None;
        a.schedule_to_close_timeout = millis(2_000);
    })]);
    env.run_to(2_000);
    assert_eq!(env.history_from(6)[0], "6 ActivityTaskTimedOut 5/0 TIMEOUT \"activity ScheduleToStart timeout\"");
}

#[test]
fn a_timeout_after_the_cancel_request_says_so() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a"), start_timer("t", millis(1))]);
    env.start_activity(5);
    env.run_to(1);
    env.workflow(vec![request_cancel(5)]);
    env.run_to(10_000);
    assert!(
        env.history_from(1).iter().any(|line| {
            line.contains("ActivityTaskTimedOut 5/") && line.ends_with("CANCEL_REQUESTED \"activity StartToClose timeout\"")
        })
    );
}

#[test]
fn early_doubled_and_stale_wake_ups_change_nothing() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    env.start_activity(5);
    let before = env.state();
    env.wake();
    env.advance(9_999);
    env.wake();
    assert_eq!(env.state(), before);
    env.advance(1);
    env.wake();
    let after = env.state();
    assert_eq!(after.activities[&5].state.as_ref().unwrap().attempt, 2);
    env.wake();
    assert_eq!(env.state(), after);
}

#[test]
fn all_that_is_late_is_done_in_the_order_of_its_time_before_one_workflow_task() {
    let mut env = Env::new();
    let to_start = |seconds: u64| {
        move |a: &mut klamm_messages::temporal::command::v1::ScheduleActivityTaskCommandAttributes| {
            a.schedule_to_start_timeout = millis(seconds * 1_000);
        }
    };
    env.workflow(vec![schedule_with("a", to_start(3)), schedule_with("b", to_start(1)), schedule_with("c", to_start(2))]);
    env.advance(5_000);
    env.wake();
    let message = "TIMEOUT \"activity ScheduleToStart timeout\"";
    assert_eq!(
        env.history_from(8),
        [
            format!("8 ActivityTaskTimedOut 6/0 {message}"),
            format!("9 ActivityTaskTimedOut 7/0 {message}"),
            format!("10 ActivityTaskTimedOut 5/0 {message}"),
            "11 WorkflowTaskScheduled".to_owned(),
        ]
    );
}
