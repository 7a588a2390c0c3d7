//! Resets of a workflow that has children: they go on, and the new run waits for them.

use klamm_messages::temporal::enums::v1::{ParentClosePolicy, WorkflowExecutionStatus};

use crate::{
    children::{child, deliver, parent, status, with_child, work_of},
    complete,
    env::ID,
    reset::reset,
};

#[test]
fn a_child_goes_on_and_its_end_is_told_to_the_new_run() {
    let mut env = with_child(ParentClosePolicy::Terminate);
    work_of(&mut env, ID, vec![]);
    env.accept(reset("", 8, "new", |_| ()));
    deliver(&mut env);
    assert_eq!(status(&env, "c"), WorkflowExecutionStatus::Running, "a reset is no close of the parent");
    work_of(&mut env, "c", vec![complete("fine")]);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 StartChildWorkflowExecutionInitiated {id: c, type: C, queue: q, task_timeout: 10s, close: TERMINATE, reuse: ALLOW_DUPLICATE, completed: 4}
    6 ChildWorkflowExecutionStarted {child: c/next-1, initiated: 5}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    8 WorkflowTaskStarted {scheduled: 7, request: emptyUuid}
    9 WorkflowTaskFailed {scheduled: 7, started: 8, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    10 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    11 ChildWorkflowExecutionCompleted {child: c/next-1, initiated: 5, started: 6, result: fine}
    ");
    assert!(env.state().children.is_empty());
}

#[test]
fn so_is_the_end_of_a_child_of_a_run_that_was_reset_twice() {
    let mut env = with_child(ParentClosePolicy::Terminate);
    work_of(&mut env, ID, vec![]);
    env.accept(reset("", 8, "new", |_| ()));
    env.accept(reset("new", 8, "newer", |_| ()));
    work_of(&mut env, "c", vec![complete("fine")]);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(8), @r"
    8 WorkflowTaskStarted {scheduled: 7, request: emptyUuid}
    9 WorkflowTaskFailed {scheduled: 7, started: 8, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    10 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    11 ChildWorkflowExecutionCompleted {child: c/next-1, initiated: 5, started: 6, result: fine}
    ");
}

#[test]
fn what_happened_to_the_child_after_the_point_happens_again() {
    let mut env = parent(vec![child("c", ParentClosePolicy::Terminate)]);
    env.signal("go on");
    work_of(&mut env, ID, vec![]);
    deliver(&mut env);
    work_of(&mut env, "c", vec![complete("fine")]);
    deliver(&mut env);
    env.accept(reset("", 9, "new", |_| ()));
    insta::assert_snapshot!(env.history_from(5), @r"
    5 StartChildWorkflowExecutionInitiated {id: c, type: C, queue: q, task_timeout: 10s, close: TERMINATE, reuse: ALLOW_DUPLICATE, completed: 4}
    6 WorkflowExecutionSignaled {name: go on}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    8 WorkflowTaskStarted {scheduled: 7, request: poll}
    9 WorkflowTaskFailed {scheduled: 7, started: 8, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    10 ChildWorkflowExecutionStarted {child: c/next-1, initiated: 5}
    11 ChildWorkflowExecutionCompleted {child: c/next-1, initiated: 5, started: 10, result: fine}
    12 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    assert!(env.state().children.is_empty());
}

#[test]
fn the_start_of_a_child_that_was_on_its_way_is_told_to_the_new_run() {
    let mut env = parent(vec![child("c", ParentClosePolicy::Terminate)]);
    env.signal("go on");
    work_of(&mut env, ID, vec![]);
    env.accept(reset("", 8, "new", |_| ()));
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 StartChildWorkflowExecutionInitiated {id: c, type: C, queue: q, task_timeout: 10s, close: TERMINATE, reuse: ALLOW_DUPLICATE, completed: 4}
    6 WorkflowExecutionSignaled {name: go on}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    8 WorkflowTaskStarted {scheduled: 7, request: emptyUuid}
    9 WorkflowTaskFailed {scheduled: 7, started: 8, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    10 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    11 ChildWorkflowExecutionStarted {child: c/next-2, initiated: 5}
    ");
    assert!(!env.state().children[&5].started_run_id.is_empty());
    work_of(&mut env, "c", vec![complete("fine")]);
    deliver(&mut env);
    assert!(env.state().children.is_empty());
}

#[test]
fn the_new_runs_close_ends_the_child_by_its_policy() {
    let mut env = with_child(ParentClosePolicy::Terminate);
    work_of(&mut env, ID, vec![]);
    env.accept(reset("", 8, "new", |_| ()));
    work_of(&mut env, ID, vec![complete("done")]);
    deliver(&mut env);
    assert_eq!(status(&env, "c"), WorkflowExecutionStatus::Terminated);
}

#[test]
fn a_child_that_was_started_after_the_point_is_not_known_to_the_new_run() {
    let mut env = with_child(ParentClosePolicy::Abandon);
    env.accept(reset("", 4, "new", |_| ()));
    assert!(env.state().children.is_empty());
    work_of(&mut env, "c", vec![complete("fine")]);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn nor_is_one_whose_start_was_on_its_way_but_it_runs() {
    let mut env = parent(vec![child("c", ParentClosePolicy::Terminate)]);
    env.accept(reset("", 4, "new", |_| ()));
    deliver(&mut env);
    assert!(env.state().children.is_empty());
    work_of(&mut env, "c", vec![complete("fine")]);
    deliver(&mut env);
    assert_eq!(status(&env, "c"), WorkflowExecutionStatus::Completed);
}
