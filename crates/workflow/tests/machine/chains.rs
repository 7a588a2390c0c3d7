//! Runs that follow by themselves: attempts of a retry policy, runs of a cron workflow.

use klamm_machine::TablesExt;
use klamm_messages::temporal::{
    command::v1::FailWorkflowExecutionCommandAttributes,
    common::v1::RetryPolicy,
    enums::v1::WorkflowExecutionStatus,
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    workflowservice::v1::StartWorkflowExecutionRequest,
};
use klamm_workflow::tables::{RunKey, Runs};
use proptest::prelude::*;

use crate::{
    Attributes, cancel, complete,
    env::{Env, cancel_body, seconds, terminate_body},
    fail, payloads, text,
};

/// Which runs follow by themselves.
#[derive(Debug, Clone, Copy)]
pub struct Follows {
    /// By a retry policy.
    pub retries: bool,
    /// By a cron schedule.
    pub cron: bool,
}

impl Follows {
    /// The policy.
    pub fn policy(self) -> Option<RetryPolicy> {
        self.retries.then(|| RetryPolicy { maximum_attempts: 3, ..RetryPolicy::default() })
    }

    /// The schedule.
    pub fn cron(self) -> String {
        if self.cron { "@every 7s".to_owned() } else { String::new() }
    }
}

/// Any of them.
pub fn follows() -> impl Strategy<Value = Follows> {
    (prop::bool::weighted(0.4), prop::bool::weighted(0.3)).prop_map(|(retries, cron)| Follows { retries, cron })
}

/// Attempts 3 seconds apart, then 6, then 10.
fn policy() -> Option<RetryPolicy> {
    Some(RetryPolicy {
        initial_interval: Some(seconds(3)),
        maximum_interval: Some(seconds(10)),
        maximum_attempts: 3,
        non_retryable_error_types: vec!["Bad".to_owned()],
        ..RetryPolicy::default()
    })
}

/// Started with a policy.
fn with_policy(change: impl FnOnce(&mut StartWorkflowExecutionRequest)) -> Env {
    let mut env = Env::new();
    env.start(|request| {
        request.retry_policy = policy();
        change(request);
    });
    env
}

/// Started with a cron schedule.
fn with_cron(cron: &str, change: impl FnOnce(&mut StartWorkflowExecutionRequest)) -> Env {
    let mut env = Env::new();
    env.start(|request| {
        cron.clone_into(&mut request.cron_schedule);
        change(request);
    });
    env
}

/// Fails the workflow with a failure of this type.
fn fail_as(kind: &str) -> Attributes {
    let info = ApplicationFailureInfo { r#type: kind.to_owned(), ..ApplicationFailureInfo::default() };
    let failure =
        Failure { message: "boom".to_owned(), failure_info: Some(FailureInfo::ApplicationFailureInfo(info)), ..Failure::default() };
    Attributes::FailWorkflowExecutionCommandAttributes(FailWorkflowExecutionCommandAttributes { failure: Some(failure) })
}

/// The last event of a run.
fn last(env: &Env, run: &RunKey) -> String {
    text::with_plain_run_ids(&text::line(env.events(run).last().unwrap()), &env.log)
}

#[test]
fn a_failed_run_is_tried_again_until_the_policy_ends() {
    let mut env = with_policy(|request| request.last_completion_result = Some(payloads(b"earlier")));
    let first = env.current();
    env.run_to(500);
    env.work(vec![fail_as("Unlucky")]);
    insta::assert_snapshot!(last(&env, &first), @"5 WorkflowExecutionFailed {completed: 4, message: boom, retry_state: IN_PROGRESS, new: next-1}");
    assert_eq!(env.rows.get::<Runs>(&first).unwrap().status, WorkflowExecutionStatus::Failed as i32);
    insta::assert_snapshot!(env.history(), @"1 WorkflowExecutionStarted {type: W, queue: q, task_timeout: 10s, backoff: 3s, attempt: 2, initiator: RETRY, failure: boom, continued: run-1, first: run-1, original: next-1}");
    env.run_to(3_499);
    assert!(env.waiting_workflow_task().is_none());
    env.run_to(3_500);
    let second = env.current();
    env.work(vec![fail("again")]);
    insta::assert_snapshot!(last(&env, &second), @"5 WorkflowExecutionFailed {completed: 4, message: again, retry_state: IN_PROGRESS, new: next-2}");
    env.run_to(20_000);
    let third = env.current();
    env.work(vec![fail("again")]);
    assert_eq!(env.current(), third, "the chain has ended");
    insta::assert_snapshot!(env.history(), @"
    1 WorkflowExecutionStarted {type: W, queue: q, task_timeout: 10s, backoff: 6s, attempt: 3, initiator: RETRY, failure: again, continued: next-1, first: run-1, original: next-2}
    2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    3 WorkflowTaskStarted {scheduled: 2, request: poll}
    4 WorkflowTaskCompleted {scheduled: 2, started: 3}
    5 WorkflowExecutionFailed {completed: 4, message: again, retry_state: MAXIMUM_ATTEMPTS_REACHED}
    ");
}

#[test]
fn what_is_not_retried_ends_the_chain() {
    let mut env = with_policy(|_| ());
    env.work(vec![fail_as("Bad")]);
    insta::assert_snapshot!(env.history_from(5), @"5 WorkflowExecutionFailed {completed: 4, message: boom, retry_state: NON_RETRYABLE_FAILURE}");
    for end in [complete("done"), cancel()] {
        let mut env = with_policy(|_| ());
        env.work(vec![end]);
        assert_eq!(env.current().run_id, "run-1");
    }
    let mut env = with_policy(|request| request.workflow_execution_timeout = Some(seconds(3)));
    env.run_to(1);
    env.work(vec![fail("boom")]);
    insta::assert_snapshot!(env.history_from(5), @"5 WorkflowExecutionFailed {completed: 4, message: boom, retry_state: TIMEOUT}");
}

#[test]
fn a_run_that_timed_out_is_tried_again() {
    let mut env = with_policy(|request| {
        request.workflow_run_timeout = Some(seconds(5));
        request.workflow_execution_timeout = Some(seconds(12));
        request.last_completion_result = Some(payloads(b"earlier"));
    });
    let first = env.current();
    env.run_to(5_000);
    insta::assert_snapshot!(last(&env, &first), @"3 WorkflowExecutionTimedOut {retry_state: IN_PROGRESS, new: next-1}");
    insta::assert_snapshot!(env.history(), @"1 WorkflowExecutionStarted {type: W, queue: q, run_timeout: 5s, execution_timeout: 12s, task_timeout: 5s, backoff: 3s, attempt: 2, initiator: RETRY, failure: workflow timeout, last_result: earlier, continued: run-1, first: run-1, original: next-1}");
    let expires = |env: &Env| env.state().run_expiration_time.unwrap().seconds - env.state().start_time.unwrap().seconds;
    assert_eq!(expires(&env), 7, "the run ends with the execution: 5 + 3 + 5 is more than 12");
    env.run_to(12_000);
    insta::assert_snapshot!(env.history_from(3), @"3 WorkflowExecutionTimedOut {retry_state: TIMEOUT}");
}

#[test]
fn cron_runs_follow_each_other() {
    let mut env = with_cron("@every 5s", |_| ());
    insta::assert_snapshot!(env.history(), @"1 WorkflowExecutionStarted {type: W, queue: q, task_timeout: 10s, backoff: 5s, cron: @every 5s, initiator: CRON_SCHEDULE, first: run-1, original: run-1}");
    assert!(env.waiting_workflow_task().is_none());
    let first = env.current();
    env.run_to(5_000);
    env.work(vec![complete("one")]);
    insta::assert_snapshot!(last(&env, &first), @"5 WorkflowExecutionCompleted {completed: 4, result: one, new: next-1}");
    insta::assert_snapshot!(env.history(), @"1 WorkflowExecutionStarted {type: W, queue: q, task_timeout: 10s, backoff: 5s, cron: @every 5s, initiator: CRON_SCHEDULE, last_result: one, continued: run-1, first: run-1, original: next-1}");
    // It is late by 7 s, so the time after 5 s is missed.
    env.run_to(17_000);
    env.work(vec![fail("boom")]);
    insta::assert_snapshot!(env.history(), @"1 WorkflowExecutionStarted {type: W, queue: q, task_timeout: 10s, backoff: 3s, cron: @every 5s, initiator: CRON_SCHEDULE, failure: boom, last_result: one, continued: next-1, first: run-1, original: next-2}");
    env.run_to(20_500);
    env.work(vec![complete("three")]);
    insta::assert_snapshot!(env.history(), @"1 WorkflowExecutionStarted {type: W, queue: q, task_timeout: 10s, backoff: 5s, cron: @every 5s, initiator: CRON_SCHEDULE, last_result: three, continued: next-2, first: run-1, original: next-3}");
}

#[test]
fn a_cron_run_is_tried_again_before_the_next_one_follows() {
    let mut env = with_cron("@every 60s", |request| request.retry_policy = policy());
    env.run_to(60_000);
    env.work(vec![fail("boom")]);
    assert_eq!((env.state().started.clone().unwrap().attempt, env.next_wake()), (2, Some(63_000)));
    env.run_to(63_000);
    env.work(vec![fail("boom")]);
    env.run_to(69_000);
    let third = env.current();
    env.work(vec![fail("boom")]);
    insta::assert_snapshot!(last(&env, &third), @"5 WorkflowExecutionFailed {completed: 4, message: boom, retry_state: MAXIMUM_ATTEMPTS_REACHED, new: next-3}");
    let started = env.state().started.clone().unwrap();
    assert_eq!((started.attempt, started.first_workflow_task_backoff), (1, Some(seconds(60))));
}

#[test]
fn a_cron_run_that_timed_out_is_followed_and_the_execution_ends_them_all() {
    let mut env = with_cron("@every 5s", |request| {
        request.workflow_run_timeout = Some(seconds(2));
        request.workflow_execution_timeout = Some(seconds(13));
    });
    let first = env.current();
    env.run_to(7_000);
    insta::assert_snapshot!(last(&env, &first), @"3 WorkflowExecutionTimedOut {retry_state: RETRY_POLICY_NOT_SET, new: next-1}");
    insta::assert_snapshot!(env.history(), @"1 WorkflowExecutionStarted {type: W, queue: q, run_timeout: 2s, execution_timeout: 13s, task_timeout: 2s, backoff: 3s, cron: @every 5s, initiator: CRON_SCHEDULE, failure: workflow timeout, continued: run-1, first: run-1, original: next-1}");
    env.run_to(60_000);
    insta::assert_snapshot!(env.history_from(2), @"2 WorkflowExecutionTimedOut {retry_state: TIMEOUT}");
    assert_eq!(env.state().close_time.unwrap().seconds - 1_000, 13);
}

#[test]
fn cancelling_or_terminating_ends_a_cron_workflow() {
    let mut env = with_cron("@every 5s", |_| ());
    env.run_to(5_000);
    env.work(vec![cancel()]);
    assert_eq!((env.current().run_id.as_str(), env.state().status), ("run-1", WorkflowExecutionStatus::Canceled as i32));
    let mut env = with_cron("@every 5s", |_| ());
    env.accept(terminate_body(""));
    env.run_to(60_000);
    assert_eq!((env.current().run_id.as_str(), env.state().status), ("run-1", WorkflowExecutionStatus::Terminated as i32));
}

#[test]
fn signals_wait_for_the_back_off_and_cancel_requests_do_not() {
    let mut env = with_cron("@every 5s", |_| ());
    env.signal("early");
    assert!(env.waiting_workflow_task().is_none());
    env.accept(cancel_body(""));
    insta::assert_snapshot!(env.history_from(2), @"
    2 WorkflowExecutionSignaled {name: early}
    3 WorkflowExecutionCancelRequested {cause: enough, identity: client}
    4 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    // It ends before its time has come: that time is the next run's.
    env.run_to(1_500);
    env.work(vec![complete("early")]);
    assert_eq!(env.state().started.clone().unwrap().first_workflow_task_backoff, Some(seconds(4)));
}

#[test]
fn signal_with_start_begins_chains_too() {
    let mut env = Env::new();
    env.signal_with_start(|request| {
        request.retry_policy = policy();
        request.cron_schedule = "@every 5s".to_owned();
    });
    insta::assert_snapshot!(env.history(), @"
    1 WorkflowExecutionStarted {type: W, queue: q, task_timeout: 10s, backoff: 5s, cron: @every 5s, initiator: CRON_SCHEDULE, first: run-1, original: run-1}
    2 WorkflowExecutionSignaled {name: hello, request: start-1}
    ");
    assert_eq!(env.state().started.clone().unwrap().retry_policy.unwrap().maximum_attempts, 3);
}
