//! Starts: ids, policies, request ids, time-outs, delays.

use klamm_machine::Outcome;
use klamm_messages::temporal::{
    common::v1::{Link, Memo, SearchAttributes, link},
    enums::v1::{WorkflowExecutionStatus, WorkflowIdConflictPolicy, WorkflowIdReusePolicy},
    history::v1::history_event::Attributes,
    sdk::v1::UserMetadata,
    workflow::v1::{OnConflictOptions, VersioningOverride},
};

use crate::{
    cancel, complete,
    env::{Env, cancel_body, seconds, signal_body, terminate_body},
    payload, payloads,
};

#[test]
fn a_start_schedules_the_first_task() {
    let mut env = Env::new();
    let started = env.start(|_| ());
    assert!(started.started);
    assert_eq!((started.run_id.as_str(), started.first_execution_run_id.as_str()), ("run-1", "run-1"));
    assert_eq!(started.status, WorkflowExecutionStatus::Running);
    insta::assert_snapshot!(env.records_from(0), @r"
    1 WorkflowExecutionStarted {type: W, queue: q, task_timeout: 10s, first: run-1, original: run-1}
    ~execution requests [start-1]
    2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_start_carries_what_it_was_given_without_null_values() {
    let mut env = Env::new();
    env.start(|request| {
        request.memo = Some(Memo { fields: [("a".to_owned(), payload(b"1")), ("b".to_owned(), payload(b"null"))].into() });
        request.search_attributes = Some(SearchAttributes { indexed_fields: [("c".to_owned(), payload(b"[]"))].into() });
        request.links = vec![Link { variant: Some(link::Variant::BatchJob(link::BatchJob { job_id: "j".to_owned() })) }];
        request.user_metadata = Some(UserMetadata { summary: Some(payload(b"s")), details: None });
        request.input = Some(payloads(b"in"));
    });
    let event = env.events(&env.current()).remove(0);
    assert_eq!((event.links.len(), event.user_metadata.is_some()), (1, true));
    assert_eq!(env.state().started.as_ref().unwrap().input, None, "the history has it");
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = event.attributes else { unreachable!() };
    assert_eq!(started.memo.unwrap().fields.into_keys().collect::<Vec<_>>(), ["a"]);
    assert_eq!(started.search_attributes, None);
    assert_eq!(started.input, Some(payloads(b"in")));
    assert_eq!((started.attempt, started.identity.as_str(), started.workflow_id.as_str()), (1, "client", "w"));
}

#[test]
fn the_same_request_gives_the_same_run() {
    let mut env = Env::started();
    let again = env.start(|request| request.request_id = "start-1".to_owned());
    assert!(again.started);
    assert_eq!(again.run_id, "run-1");
    env.accept(terminate_body(""));
    let closed = env.start(|request| request.request_id = "start-1".to_owned());
    assert_eq!((closed.run_id.as_str(), closed.started, closed.status), ("run-1", true, WorkflowExecutionStatus::Terminated));
}

#[test]
fn an_open_run_holds_its_workflow_id() {
    let mut env = Env::started();
    insta::assert_snapshot!(env.start_refused(|_| ()), @"WorkflowExecutionAlreadyStarted: Workflow execution is already running. WorkflowId: w, RunId: run-1.");
}

#[test]
fn a_closed_run_frees_its_workflow_id() {
    let mut env = Env::started();
    env.work(vec![complete("done")]);
    assert_eq!(env.start(|_| ()).run_id, "run-2");
}

#[test]
fn reject_duplicate_never_starts_again() {
    let mut env = Env::started();
    env.work(vec![complete("done")]);
    let refused = env.start_refused(|request| request.workflow_id_reuse_policy = WorkflowIdReusePolicy::RejectDuplicate as i32);
    insta::assert_snapshot!(refused, @"WorkflowExecutionAlreadyStarted: Workflow execution already finished. WorkflowId: w, RunId: run-1. Workflow Id reuse policy: reject duplicate workflow Id.");
}

#[test]
fn allow_duplicate_failed_only_asks_how_the_last_run_ended() {
    let policy = WorkflowIdReusePolicy::AllowDuplicateFailedOnly as i32;
    let mut env = Env::started();
    env.work(vec![complete("done")]);
    let refused = env.start_refused(|request| request.workflow_id_reuse_policy = policy);
    insta::assert_snapshot!(refused, @"WorkflowExecutionAlreadyStarted: Workflow execution already finished successfully. WorkflowId: w, RunId: run-1. Workflow Id reuse policy: allow duplicate workflow Id if last run failed.");

    let mut env = Env::started();
    env.work(vec![cancel()]);
    assert!(env.start(|request| request.workflow_id_reuse_policy = policy).started);
}

#[test]
fn terminate_existing_makes_room_in_one_step() {
    let mut env = Env::started();
    let old = env.current();
    let started = env.start(|request| request.workflow_id_conflict_policy = WorkflowIdConflictPolicy::TerminateExisting as i32);
    assert_eq!((started.run_id.as_str(), started.started), ("run-2", true));
    assert_eq!(env.current().run_id, "run-2");
    let last = env.events(&old).pop().unwrap();
    insta::assert_snapshot!(crate::text::line(&last), @r#"3 WorkflowExecutionTerminated {reason: TerminateIfRunning WorkflowIdReusePolicy, details: "terminated by new runID: run-2", identity: history-service}"#);
}

#[test]
#[allow(deprecated, reason = "clients still send it")]
fn the_deprecated_terminate_if_running_does_the_same() {
    let mut env = Env::started();
    let policy = WorkflowIdReusePolicy::TerminateIfRunning as i32;
    assert_eq!(env.start(|request| request.workflow_id_reuse_policy = policy).run_id, "run-2");
    env.work(vec![complete("done")]);
    assert_eq!(env.start(|request| request.workflow_id_reuse_policy = policy).run_id, "run-3");
}

#[test]
fn use_existing_gives_the_open_run_and_attaches_what_is_asked() {
    let policy = WorkflowIdConflictPolicy::UseExisting as i32;
    let mut env = Env::started();
    let plain = env.start(|request| request.workflow_id_conflict_policy = policy);
    assert_eq!((plain.run_id.as_str(), plain.started), ("run-1", false));

    let attaching = |request: &mut klamm_messages::temporal::workflowservice::v1::StartWorkflowExecutionRequest| {
        request.workflow_id_conflict_policy = policy;
        request.request_id = "other".to_owned();
        request.on_conflict_options = Some(OnConflictOptions { attach_request_id: true, ..OnConflictOptions::default() });
    };
    assert!(!env.start(attaching).started);
    let at = env.log.len();
    let repeated = env.start(attaching);
    assert_eq!((repeated.run_id.as_str(), repeated.started), ("run-1", false));
    assert_eq!(env.log.len(), at, "an attached request id is known");
    insta::assert_snapshot!(env.history_from(3), @"3 WorkflowExecutionOptionsUpdated {attached_request: other}");
}

#[test]
fn timeouts_are_capped_by_each_other() {
    let mut env = Env::new();
    env.start(|request| {
        request.workflow_execution_timeout = Some(seconds(100));
        request.workflow_run_timeout = Some(seconds(300));
        request.workflow_task_timeout = Some(seconds(500));
    });
    insta::assert_snapshot!(env.history(), @r"
    1 WorkflowExecutionStarted {type: W, queue: q, run_timeout: 100s, execution_timeout: 100s, task_timeout: 100s, first: run-1, original: run-1}
    2 WorkflowTaskScheduled {queue: q, timeout: 100s, attempt: 1}
    ");
    let mut env = Env::new();
    env.start(|request| request.workflow_task_timeout = Some(seconds(500)));
    insta::assert_snapshot!(env.history_from(2), @"2 WorkflowTaskScheduled {queue: q, timeout: 120s, attempt: 1}");
}

#[test]
fn a_run_out_of_time_is_closed_by_the_server() {
    let mut env = Env::new();
    env.start(|request| request.workflow_run_timeout = Some(seconds(30)));
    env.run_to(29_999);
    assert_eq!(env.state().status, WorkflowExecutionStatus::Running as i32);
    env.run_to(30_000);
    insta::assert_snapshot!(env.history_from(3), @"3 WorkflowExecutionTimedOut {retry_state: RETRY_POLICY_NOT_SET}");
    assert!(env.waiting_workflow_task().is_none());
}

#[test]
fn a_run_that_times_out_while_its_task_runs_fails_the_task_first() {
    let mut env = Env::new();
    env.start(|request| request.workflow_run_timeout = Some(seconds(3)));
    env.advance(2_000);
    env.poll();
    env.signal("late");
    env.run_to(3_000);
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: FORCE_CLOSE_COMMAND, identity: history-service}
    5 WorkflowExecutionSignaled {name: late}
    6 WorkflowExecutionTimedOut {retry_state: RETRY_POLICY_NOT_SET}
    ");
}

#[test]
fn a_delayed_start_has_no_task_until_its_time() {
    let mut env = Env::new();
    env.start(|request| request.workflow_start_delay = Some(seconds(60)));
    env.signal("early");
    assert!(env.waiting_workflow_task().is_none(), "a signal does not shorten the delay");
    env.run_to(59_999);
    assert!(env.waiting_workflow_task().is_none());
    env.run_to(60_000);
    insta::assert_snapshot!(env.history(), @r"
    1 WorkflowExecutionStarted {type: W, queue: q, task_timeout: 10s, backoff: 60s, first: run-1, original: run-1}
    2 WorkflowExecutionSignaled {name: early}
    3 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_signal_with_start_and_a_cancel_request_do_not_wait_for_a_delayed_start() {
    let mut env = Env::new();
    env.start(|request| request.workflow_start_delay = Some(seconds(60)));
    assert!(!env.signal_with_start(|_| ()).started);
    insta::assert_snapshot!(env.history_from(2), @r"
    2 WorkflowExecutionSignaled {name: hello, request: start-2}
    3 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    assert_eq!(env.next_wake(), None, "the delay is over");

    let mut env = Env::new();
    env.start(|request| request.workflow_start_delay = Some(seconds(60)));
    env.accept(cancel_body(""));
    assert!(env.waiting_workflow_task().is_some());
}

#[test]
fn the_run_timeout_begins_after_the_delay() {
    let mut env = Env::new();
    env.start(|request| {
        request.workflow_start_delay = Some(seconds(60));
        request.workflow_run_timeout = Some(seconds(5));
    });
    env.run_to(64_999);
    assert_eq!(env.state().status, WorkflowExecutionStatus::Running as i32);
    env.run_to(65_000);
    assert_eq!(env.state().status, WorkflowExecutionStatus::TimedOut as i32);
}

#[test]
fn what_is_not_built_is_refused_and_changes_nothing() {
    let mut env = Env::new();
    insta::assert_snapshot!(env.start_refused(|request| request.versioning_override = Some(VersioningOverride::default())), @"Unimplemented: versioning_override is not supported yet.");
    assert!(env.log.is_empty());
}

#[test]
fn what_is_asked_of_an_unknown_workflow_is_not_found() {
    let mut env = Env::new();
    insta::assert_snapshot!(env.refuse(signal_body("s", "")), @"NotFound: workflow not found for ID: w");
    insta::assert_snapshot!(env.refuse(terminate_body("nope")), @r#"NotFound: workflow execution not found for workflow ID "w" and run ID "nope""#);
    let body = env.start_body(|_| ());
    assert!(matches!(env.decide_for("other", body), Ok(Outcome::Answer(_))));
}
