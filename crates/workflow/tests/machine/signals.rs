//! Signals, signal-with-start, cancel requests, terminations.

use klamm_messages::temporal::enums::v1::{WorkflowExecutionStatus, WorkflowIdConflictPolicy};

use crate::{
    complete,
    env::{Env, cancel_body, signal_body, terminate_body},
};

#[test]
fn a_signal_wakes_an_idle_workflow() {
    let mut env = Env::started();
    env.work(vec![]);
    assert!(env.waiting_workflow_task().is_none());
    env.signal("go");
    env.signal("go again");
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskCompleted {scheduled: 2, started: 3}
    5 WorkflowExecutionSignaled {name: go}
    6 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    7 WorkflowExecutionSignaled {name: go again}
    ");
}

#[test]
fn a_repeated_signal_takes_effect_once() {
    let mut env = Env::started();
    env.accept(signal_body("go", "r1"));
    env.accept(signal_body("go", "r1"));
    let task = env.poll();
    env.accept(signal_body("go", "r2"));
    env.accept(signal_body("go", "r2"));
    env.complete(&task, vec![]);
    env.accept(signal_body("go", "r2"));
    insta::assert_snapshot!(env.history_from(3), @r"
    3 WorkflowExecutionSignaled {name: go, request: r1}
    4 WorkflowTaskStarted {scheduled: 2, request: poll}
    5 WorkflowTaskCompleted {scheduled: 2, started: 4}
    6 WorkflowExecutionSignaled {name: go, request: r2}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    env.work(vec![complete("")]);
    env.accept(signal_body("go", "r2"));
    insta::assert_snapshot!(env.refuse(signal_body("go", "r3")), @"NotFound: workflow execution already completed");
}

#[test]
fn only_the_newest_request_ids_are_kept() {
    let mut env = Env::started();
    for n in 0..40 {
        env.accept(signal_body("go", &format!("r{n}")));
    }
    assert_eq!(env.state().execution.clone().unwrap().request_ids.len(), 25);
    env.accept(signal_body("go", "r39"));
    assert_eq!(env.state().signal_count, 40);
}

#[test]
fn a_run_takes_so_many_signals() {
    let mut env = Env::started();
    env.checks_folds = false;
    for _ in 0..10_000 {
        env.signal("go");
    }
    insta::assert_snapshot!(env.refuse(signal_body("go", "")), @"InvalidArgument: exceeded workflow execution limit for signal events");
}

#[test]
fn signal_with_start_starts_with_the_signal_before_the_first_task() {
    let mut env = Env::new();
    assert!(env.signal_with_start(|_| ()).started);
    insta::assert_snapshot!(env.history(), @r"
    1 WorkflowExecutionStarted {type: W, queue: q, task_timeout: 10s, first: run-1, original: run-1}
    2 WorkflowExecutionSignaled {name: hello, request: start-1}
    3 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    let again = env.signal_with_start(|_| ());
    assert_eq!((again.run_id.as_str(), again.started), ("run-1", false));
    let repeated = env.signal_with_start(|request| request.request_id = "start-2".to_owned());
    assert_eq!((repeated.run_id.as_str(), repeated.started), ("run-1", false));
    insta::assert_snapshot!(env.history_from(4), @"4 WorkflowExecutionSignaled {name: hello, request: start-2}");
}

#[test]
fn signal_with_start_can_terminate_the_open_run() {
    let mut env = Env::started();
    let started = env.signal_with_start(|request| request.workflow_id_conflict_policy = WorkflowIdConflictPolicy::TerminateExisting as i32);
    assert_eq!((started.run_id.as_str(), started.started), ("run-2", true));
}

#[test]
fn a_cancel_request_is_told_once_and_closes_nothing() {
    let mut env = Env::started();
    env.accept(cancel_body(""));
    env.accept(cancel_body("run-1"));
    insta::assert_snapshot!(env.history_from(3), @"3 WorkflowExecutionCancelRequested {cause: enough, identity: client}");
    insta::assert_snapshot!(env.refuse(cancel_body("run-x")), @"NotFound: workflow execution not found");
    env.accept(terminate_body(""));
    env.accept(cancel_body(""));
    assert_eq!(env.state().next_event_id, 5);
}

#[test]
fn a_cancel_request_that_waits_counts() {
    let mut env = Env::started();
    let task = env.poll();
    env.accept(cancel_body(""));
    env.accept(cancel_body(""));
    env.complete(&task, vec![]);
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskCompleted {scheduled: 2, started: 3}
    5 WorkflowExecutionCancelRequested {cause: enough, identity: client}
    6 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_termination_during_a_task_fails_the_task_and_keeps_what_waited() {
    let mut env = Env::started();
    env.poll();
    env.signal("waiting");
    env.accept(terminate_body(""));
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: FORCE_CLOSE_COMMAND, identity: history-service}
    5 WorkflowExecutionSignaled {name: waiting}
    6 WorkflowExecutionTerminated {reason: because, identity: client}
    ");
    assert_eq!(env.state().status, WorkflowExecutionStatus::Terminated as i32);
    insta::assert_snapshot!(env.refuse(terminate_body("")), @"NotFound: workflow execution already completed");
}
