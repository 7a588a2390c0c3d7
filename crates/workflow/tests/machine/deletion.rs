//! Runs that a client wants to be gone.

use klamm_machine::{Publication, TablesExt};
use klamm_messages::klamm::v1::{DeleteWorkflow, command::Body};
use klamm_workflow::tables::{RunKey, Runs};

use crate::{
    activity, complete,
    env::{Env, ID, seconds, signal_body, terminate_body},
    scheduled,
};

/// A deletion of this run, the newest where none is named.
pub fn delete_body(run_id: &str) -> Body {
    Body::DeleteWorkflow(DeleteWorkflow { run_id: run_id.to_owned() })
}

/// Whether a run is there.
fn has(env: &Env, run_id: &str) -> bool {
    env.rows.get::<Runs>(&RunKey::new("default", ID, run_id)).is_some()
}

#[test]
fn a_closed_run_goes_at_once() {
    let mut env = Env::started();
    env.work(vec![activity("a"), complete("")]);
    env.publications.clear();
    let at = env.log.len();
    env.accept(delete_body(""));
    assert_eq!(env.next_wake(), Some(env.elapsed()));
    env.wake();
    assert!(env.rows.0.is_empty(), "nothing is left");
    insta::assert_snapshot!(env.records_from(at), @r"
    ~execution requests [start-1] delete 1000000
    delete run-1 [~workflow_task/0 ~buffered/0 ~sticky/0 ~execution/0 1 2 3 4 5 ~activity/5 6]
    ");
    assert!(matches!(env.publications.as_slice(), [Publication::VisibilityDeleted { run_id, .. }] if run_id == "run-1"));
    insta::assert_snapshot!(env.refuse(delete_body("run-1")), @r#"NotFound: workflow execution not found for workflow ID "w" and run ID "run-1""#);
    insta::assert_snapshot!(env.refuse(signal_body("s", "")), @"NotFound: workflow not found for ID: w");
}

#[test]
fn an_open_run_is_terminated_first() {
    let mut env = Env::started();
    env.work(vec![activity("a")]);
    env.signal("waits");
    env.poll();
    env.accept(delete_body("run-1"));
    let history = env.history_from(10);
    insta::assert_snapshot!(history, @"10 WorkflowExecutionTerminated {reason: Delete workflow execution, identity: history-service}");
    env.wake();
    assert!(env.rows.0.is_empty(), "nothing is left");
}

#[test]
fn whoever_has_asked_for_the_run_is_told_that_it_ended() {
    let mut env = Env::new();
    let body = scheduled::body(&mut env, 1, |_| ());
    env.accept(body);
    env.sent.clear();
    env.accept(delete_body(""));
    assert!(matches!(env.sent[0].body, Some(Body::ScheduledRunClosed(_))));
}

#[test]
fn a_second_deletion_changes_nothing_and_one_of_nobody_is_not_found() {
    let mut env = Env::started();
    env.accept(delete_body(""));
    let at = env.log.len();
    env.accept(delete_body(""));
    assert_eq!(env.log.len(), at);
    let mut env = Env::new();
    insta::assert_snapshot!(env.refuse(delete_body("")), @"NotFound: workflow not found for ID: w");
}

#[test]
fn a_run_that_would_never_go_goes() {
    let mut env = Env::new();
    env.settings.retention = None;
    env.start(|_| ());
    env.accept(delete_body(""));
    env.wake();
    assert!(env.rows.0.is_empty());
}

#[test]
fn only_that_run_goes() {
    let mut env = Env::started();
    env.accept(terminate_body(""));
    env.start(|_| ());
    env.accept(delete_body("run-1"));
    env.wake();
    assert!(!has(&env, "run-1") && has(&env, "run-2"));
    env.signal("still there");
}

/// Three runs, of which the newest has been deleted. [`Env`] compares the folds after each command.
fn without_newest() -> Env {
    let mut env = Env::started();
    for _ in 0..2 {
        env.accept(terminate_body(""));
        env.advance(1_000);
        env.start(|_| ());
    }
    env.accept(delete_body(""));
    let at = env.log.len();
    env.wake();
    insta::allow_duplicates! { insta::assert_snapshot!(env.records_from(at), @r"
    delete run-3 [~workflow_task/0 ~buffered/0 ~sticky/0 ~execution/0 1 2 3]
    ~freed run-1
    "); }
    env
}

#[test]
fn without_its_newest_run_a_workflow_id_is_free_and_older_runs_are_found_by_their_ids() {
    let mut env = without_newest();
    insta::assert_snapshot!(env.refuse(signal_body("s", "")), @"NotFound: workflow not found for ID: w");
    insta::assert_snapshot!(env.refuse(terminate_body("run-2")), @"NotFound: workflow execution already completed");
    env.start(|request| request.workflow_id_reuse_policy = 3);
    assert_eq!(env.current().run_id, "run-4");
}

#[test]
fn the_record_of_a_freed_workflow_id_moves_on_when_its_run_goes() {
    let mut env = without_newest();
    env.accept(delete_body("run-1"));
    let at = env.log.len();
    env.wake();
    insta::assert_snapshot!(env.records_from(at), @r"
    delete run-1 [~workflow_task/0 ~buffered/0 ~sticky/0 ~execution/0 1 2 3 ~freed/0]
    ~freed run-2
    ");
    env.accept(delete_body("run-2"));
    env.wake();
    assert!(env.rows.0.is_empty());
}

#[test]
fn the_record_of_a_freed_workflow_id_ends_with_the_next_start() {
    let mut env = without_newest();
    env.start(|_| ());
    env.accept(delete_body("run-1"));
    env.wake();
    env.settings.retention = Some(seconds(600));
    assert_eq!(env.current().run_id, "run-4");
    assert!(has(&env, "run-2"));
}
