//! Deletion of closed runs.

use klamm_machine::{Publication, TablesExt};
use klamm_workflow::tables::Runs;

use crate::{
    activity, complete,
    env::{Env, START, seconds, terminate_body, wake_rows},
};

#[test]
fn a_closed_run_goes_at_the_full_hour_after_its_retention() {
    let mut env = Env::started();
    env.work(vec![activity("a"), complete("")]);
    let due = env.next_wake().unwrap() + START;
    assert_eq!(due % 3_600_000, 0);
    assert!((START + 86_400_000..START + 90_000_000).contains(&due));
    env.publications.clear();
    let key = env.current();
    env.run_to(due - START - 1);
    assert!(env.rows.get::<Runs>(&key).is_some());
    let at = env.log.len();
    env.run_to(due - START);
    assert!(env.rows.0.is_empty(), "nothing is left");
    insta::assert_snapshot!(env.records_from(at), @"delete run-1 [~workflow_task/0 ~buffered/0 ~sticky/0 ~execution/0 1 2 3 4 5 ~activity/5 6]");
    assert!(matches!(env.publications.as_slice(), [Publication::VisibilityDeleted { run_id, .. }] if run_id == "run-1"));
}

#[test]
fn a_short_retention_is_exact_and_the_newest_one_told_holds() {
    let mut env = Env::started();
    env.settings.retention = Some(seconds(600));
    env.advance(5_000);
    env.accept(terminate_body(""));
    assert_eq!(env.next_wake(), Some(605_000));
}

#[test]
fn an_older_run_that_goes_leaves_the_newest_alone() {
    let mut env = Env::started();
    env.settings.retention = Some(seconds(600));
    env.accept(terminate_body(""));
    env.advance(1_000);
    env.start(|_| ());
    env.run_to(600_000);
    assert_eq!(env.current().run_id, "run-2");
    assert_eq!(env.state().next_event_id, 3);
    assert!(wake_rows(&env.rows).is_empty());
}

#[test]
fn without_a_retention_a_run_stays() {
    let mut env = Env::new();
    env.settings.retention = None;
    env.start(|_| ());
    env.accept(terminate_body(""));
    assert_eq!(env.next_wake(), None);
}
