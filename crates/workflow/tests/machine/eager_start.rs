//! Eager starts: the caller gets the first workflow task.

use klamm_workflow::answer::StartedWorkflowTask;

use crate::{
    complete,
    env::{Env, seconds, signal_body},
};

/// Repeats the first start.
fn again(env: &mut Env) -> Option<Box<StartedWorkflowTask>> {
    let repeated = env.start(|request| {
        request.request_id = "start-1".to_owned();
        request.request_eager_execution = true;
    });
    assert!(repeated.started && repeated.run_id == "run-1");
    repeated.eager_workflow_task
}

#[test]
fn the_caller_gets_the_first_task() {
    let mut env = Env::new();
    let started = env.start(|request| request.request_eager_execution = true);
    assert!(env.waiting_workflow_task().is_none(), "the task is on no queue");
    assert!(env.state().started.clone().unwrap().eager_execution_accepted);
    insta::assert_snapshot!(env.history_from(2), @"
    2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    3 WorkflowTaskStarted {scheduled: 2, request: start-1}
    ");
    let task = started.eager_workflow_task.unwrap();
    assert_eq!((task.started_event_id, task.last_stored_event_id, task.attempt, task.sticky), (3, 3, 1, false));
    env.complete(&task, vec![complete("done")]);
    insta::assert_snapshot!(env.history_from(5), @"5 WorkflowExecutionCompleted {completed: 4, result: done}");
}

#[test]
fn a_request_that_is_repeated_gets_the_first_attempt_again_and_no_later_task() {
    let mut env = Env::new();
    let first = env.start(|request| request.request_eager_execution = true);
    assert_eq!(again(&mut env), first.eager_workflow_task);
    // The caller is gone: the next attempt goes to the queue.
    env.run_to(10_000);
    let second = env.waiting_workflow_task().unwrap();
    assert_eq!((second.attempt, second.task_queue.as_str()), (2, "q"));
    env.poll();
    assert_eq!(again(&mut env), None);
}

#[test]
fn who_asks_in_vain_has_a_normal_start() {
    let mut env = Env::new();
    let started = env.start(|request| {
        request.request_eager_execution = true;
        request.workflow_start_delay = Some(seconds(5));
    });
    assert_eq!((started.eager_workflow_task, env.state().started.clone().unwrap().eager_execution_accepted), (None, false));
    env.run_to(5_000);
    assert!(env.waiting_workflow_task().is_some());

    let mut env = Env::new();
    let started = env.start(|request| {
        request.request_eager_execution = true;
        request.cron_schedule = "@every 5s".to_owned();
    });
    assert_eq!(started.eager_workflow_task, None);

    let mut env = Env::started();
    env.accept(signal_body("s", ""));
    assert_eq!(again(&mut env), None, "nobody has the task yet");
}
