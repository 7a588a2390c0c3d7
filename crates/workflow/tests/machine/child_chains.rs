//! Children that are chains of runs: by a retry policy, by a cron schedule.

use klamm_messages::temporal::{common::v1::RetryPolicy, enums::v1::WorkflowExecutionStatus};

use crate::{
    children::{child_with, deliver, parent, state, status, work_of},
    complete,
    env::{self, ID},
    fail,
};

#[test]
fn a_child_is_tried_again_and_its_parent_is_told_of_the_last_attempt_only() {
    let policy = RetryPolicy { maximum_attempts: 2, ..RetryPolicy::default() };
    let mut env = parent(vec![child_with("c", |a| a.retry_policy = Some(policy))]);
    deliver(&mut env);
    work_of(&mut env, "c", vec![fail("broken")]);
    deliver(&mut env);
    assert_eq!(state(&env, ID).children.len(), 1, "the child's chain goes on");
    env.run_to(1_000);
    work_of(&mut env, "c", vec![fail("broken")]);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(8), @"8 ChildWorkflowExecutionFailed {child: c/next-2, initiated: 5, started: 6, message: broken}");
}

#[test]
fn a_child_with_a_cron_schedule_begins_when_that_is_due() {
    let mut env = parent(vec![child_with("c", |a| a.cron_schedule = "@every 10s".to_owned())]);
    deliver(&mut env);
    assert!(env::tasks(&env.rows).iter().all(|row| row.workflow_id != "c"), "its parent knows of it, and it is not due yet");
    env.run_to(10_000);
    work_of(&mut env, "c", vec![complete("one")]);
    deliver(&mut env);
    assert_eq!(state(&env, ID).children.len(), 1);
    assert_eq!(status(&env, "c"), WorkflowExecutionStatus::Running, "the next run waits");
}
