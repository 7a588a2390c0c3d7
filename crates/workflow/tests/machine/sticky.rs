//! Sticky task queues.

use klamm_messages::{
    klamm::v1::{ResetStickyTaskQueue, StartWorkflowTask, command::Body},
    temporal::{
        enums::v1::{TaskQueueKind, WorkflowTaskFailedCause},
        taskqueue::v1::TaskQueue,
    },
};
use klamm_workflow::Answer;

use crate::env::{Env, start_task_body, sticky};

/// A workflow whose next task goes to the sticky queue, and that task scheduled.
fn on_sticky_queue() -> Env {
    let mut env = Env::started();
    let task = env.poll();
    env.complete_with(&task, vec![], |request| request.sticky_attributes = sticky());
    env.signal("go");
    env
}

fn reset() -> Body {
    Body::ResetStickyTaskQueue(ResetStickyTaskQueue { run_id: "run-1".to_owned() })
}

#[test]
fn the_next_task_goes_to_the_worker_that_has_the_workflow() {
    let mut env = on_sticky_queue();
    insta::assert_snapshot!(env.history_from(6), @"6 WorkflowTaskScheduled {queue: sticky for q, timeout: 10s, attempt: 1}");
    let row = env.waiting_workflow_task().unwrap();
    assert_eq!((row.task_queue.as_str(), row.normal_task_queue.as_str(), row.sticky), ("sticky", "q", true));
    let task = env.poll();
    assert_eq!((task.sticky, task.workflow_task_queue.name.as_str()), (true, "q"));
    let at = env.log.len();
    env.complete_with(&task, vec![], |request| request.sticky_attributes = sticky());
    assert_eq!(env.log.len(), at + 1, "renewing the same queue writes nothing");
}

#[test]
fn a_completion_without_sticky_attributes_clears_the_queue() {
    let mut env = on_sticky_queue();
    env.work(vec![]);
    env.signal("go");
    assert!(!env.waiting_workflow_task().unwrap().sticky);
}

#[test]
fn a_sticky_task_that_nobody_takes_goes_to_the_normal_queue() {
    let mut env = on_sticky_queue();
    env.run_to(4_999);
    assert!(env.waiting_workflow_task().unwrap().sticky);
    env.run_to(5_000);
    insta::assert_snapshot!(env.history_from(7), @r"
    7 WorkflowTaskTimedOut {scheduled: 6, started: 0, timeout: SCHEDULE_TO_START}
    8 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_sticky_task_that_fails_is_a_first_attempt_again() {
    let mut env = on_sticky_queue();
    let task = env.poll();
    env.fail(&task, WorkflowTaskFailedCause::NonDeterministicError);
    insta::assert_snapshot!(env.history_from(8), @r"
    8 WorkflowTaskFailed {scheduled: 6, started: 7, cause: NON_DETERMINISTIC_ERROR, identity: worker}
    9 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_sticky_task_taken_from_the_normal_queue_clears_the_sticky_one() {
    let mut env = on_sticky_queue();
    let mut body = start_task_body(&env.waiting_workflow_task().unwrap(), "poll");
    if let Body::StartWorkflowTask(StartWorkflowTask { task_queue, .. }) = &mut body {
        *task_queue = Some(TaskQueue { name: "q".to_owned(), kind: TaskQueueKind::Normal as i32, ..TaskQueue::default() });
    }
    let Answer::WorkflowTaskStarted(task) = env.accept(body) else { panic!("not started") };
    assert!(!task.sticky, "the worker needs the whole history");
    assert_eq!(env.state().sticky.clone().unwrap().task_queue, "");
}

#[test]
fn a_sticky_poller_does_not_get_a_task_of_the_normal_queue() {
    let mut env = Env::started();
    let mut body = start_task_body(&env.waiting_workflow_task().unwrap(), "poll");
    if let Body::StartWorkflowTask(StartWorkflowTask { task_queue: Some(queue), .. }) = &mut body {
        queue.kind = TaskQueueKind::Sticky as i32;
    }
    assert_eq!(env.accept(body), Answer::TaskObsolete);
}

#[test]
fn a_reset_leaves_the_waiting_task_and_its_timeout_alone() {
    let mut env = on_sticky_queue();
    env.accept(reset());
    assert!(env.waiting_workflow_task().unwrap().sticky);
    env.run_to(5_000);
    assert!(!env.waiting_workflow_task().unwrap().sticky);
    env.accept(reset());
    env.accept(crate::env::terminate_body(""));
    insta::assert_snapshot!(env.refuse(reset()), @"NotFound: workflow execution already completed");
}
