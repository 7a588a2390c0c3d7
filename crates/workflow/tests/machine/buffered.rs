//! Events that come while a workflow task runs.

use klamm_messages::klamm::v1::{ActivityTaskToken, CompleteActivityTask, StartActivityTask, command::Body};
use klamm_messages::temporal::enums::v1::WorkflowTaskFailedCause;
use klamm_workflow::Answer;

use crate::{
    activity, cancel_activity, cancel_timer, complete,
    env::{Env, complete_body, signal_body},
    timer,
};

/// A worker takes the activity scheduled by this event.
fn start_activity(env: &mut Env, scheduled_event_id: i64) {
    let answer = env.accept(Body::StartActivityTask(StartActivityTask {
        run_id: "run-1".to_owned(),
        scheduled_event_id,
        stamp: 1,
        poll_id: format!("activity-poll-{scheduled_event_id}"),
        identity: "worker".to_owned(),
        ..StartActivityTask::default()
    }));
    assert!(matches!(answer, Answer::ActivityTaskStarted(_)), "{answer:?}");
}

/// It completes.
fn complete_activity(env: &mut Env, scheduled_event_id: i64) {
    let token = ActivityTaskToken {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        run_id: "run-1".to_owned(),
        scheduled_event_id,
        attempt: 1,
        stamp: 1,
        ..ActivityTaskToken::default()
    };
    env.accept(Body::CompleteActivityTask(CompleteActivityTask { token: Some(token), result: None, ..CompleteActivityTask::default() }));
}

#[test]
fn events_wait_for_the_running_task_and_the_next_one_shows_them() {
    let mut env = Env::started();
    let task = env.poll();
    let at = env.log.len();
    env.signal("one");
    env.signal("two");
    env.complete(&task, vec![timer("t", 60)]);
    insta::assert_snapshot!(env.records_from(at), @r"
    ~buffered [WorkflowExecutionSignaled {name: one}]
    ~buffered [WorkflowExecutionSignaled {name: one} | WorkflowExecutionSignaled {name: two}]
    4 WorkflowTaskCompleted {scheduled: 2, started: 3}
    5 TimerStarted {id: t}
    ~buffered []
    6 WorkflowExecutionSignaled {name: one}
    7 WorkflowExecutionSignaled {name: two}
    8 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn ends_of_activities_come_behind_all_else_that_waited() {
    let mut env = Env::started();
    env.work(vec![activity("a"), activity("b")]);
    start_activity(&mut env, 5);
    start_activity(&mut env, 6);
    env.signal("wake");
    let task = env.poll();
    complete_activity(&mut env, 6);
    env.signal("between");
    complete_activity(&mut env, 5);
    env.complete(&task, vec![]);
    insta::assert_snapshot!(env.history_from(9), @r"
    9 WorkflowTaskStarted {scheduled: 8, request: poll}
    10 WorkflowTaskCompleted {scheduled: 8, started: 9}
    11 ActivityTaskStarted {scheduled: 6}
    12 WorkflowExecutionSignaled {name: between}
    13 ActivityTaskStarted {scheduled: 5}
    14 ActivityTaskCompleted {scheduled: 6, started: 11}
    15 ActivityTaskCompleted {scheduled: 5, started: 13}
    16 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_workflow_cannot_close_over_events_it_has_not_seen() {
    let mut env = Env::started();
    let task = env.poll();
    env.signal("unseen");
    insta::assert_snapshot!(env.complete_refused(&task, vec![complete("")]), @"InvalidArgument: UnhandledCommand");
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: UNHANDLED_COMMAND, message: UnhandledCommand, identity: worker}
    5 WorkflowExecutionSignaled {name: unseen}
    6 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn signals_are_told_to_come_again_while_the_workflow_closes() {
    let mut env = Env::started();
    let task = env.poll();
    env.signal("unseen");
    env.complete_refused(&task, vec![complete("")]);
    env.signal("before the task runs");
    let task = env.poll();
    insta::assert_snapshot!(env.refuse(signal_body("while it runs", "")), @"BusyWorkflow: workflow operation can not be applied because workflow is closing");
    env.complete(&task, vec![]);
    env.signal("it did not close");
    insta::assert_snapshot!(env.history_from(7), @r"
    7 WorkflowExecutionSignaled {name: before the task runs}
    8 WorkflowTaskStarted {scheduled: 6, request: poll}
    9 WorkflowTaskCompleted {scheduled: 6, started: 8}
    10 WorkflowExecutionSignaled {name: it did not close}
    11 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_timer_that_fired_unseen_can_still_be_cancelled() {
    let mut env = Env::started();
    env.work(vec![timer("t", 5)]);
    env.signal("wake");
    let task = env.poll();
    env.run_to(5_000);
    env.complete(&task, vec![cancel_timer("t"), complete("")]);
    insta::assert_snapshot!(env.history_from(8), @r"
    8 WorkflowTaskStarted {scheduled: 7, request: poll}
    9 WorkflowTaskCompleted {scheduled: 7, started: 8}
    10 TimerCanceled
    11 WorkflowExecutionCompleted {completed: 9}
    ");
}

#[test]
fn the_cancellation_of_a_waiting_activity_comes_behind_the_commands() {
    let mut env = Env::started();
    env.work(vec![activity("a")]);
    env.signal("wake");
    env.work(vec![cancel_activity(5), timer("t", 60)]);
    insta::assert_snapshot!(env.history_from(9), @r"
    9 WorkflowTaskCompleted {scheduled: 7, started: 8}
    10 ActivityTaskCancelRequested
    11 TimerStarted {id: t}
    12 ActivityTaskCanceled {scheduled: 5, started: 0}
    13 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_closing_workflow_can_cancel_a_waiting_activity() {
    let mut env = Env::started();
    env.work(vec![activity("a")]);
    env.signal("wake");
    env.work(vec![cancel_activity(5), complete("")]);
    insta::assert_snapshot!(env.history_from(9), @r"
    9 WorkflowTaskCompleted {scheduled: 7, started: 8}
    10 ActivityTaskCancelRequested
    11 WorkflowExecutionCompleted {completed: 9}
    ");
}

#[test]
fn too_many_waiting_events_end_the_running_task() {
    let mut env = Env::started();
    env.checks_folds = false;
    let task = env.poll();
    for n in 0..100 {
        assert_eq!(env.state().buffered_events.len(), n);
        env.signal("flood");
    }
    env.check_folds();
    assert_eq!((env.state().buffered_events.len(), env.state().next_event_id), (0, 106));
    insta::assert_snapshot!(env.history_from(4).lines().next().unwrap(), @"4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: FORCE_CLOSE_COMMAND, identity: history-service}");
    insta::assert_snapshot!(env.history_from(104), @r"
    104 WorkflowExecutionSignaled {name: flood}
    105 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    insta::assert_snapshot!(env.refuse(complete_body(&task, vec![], |_| ())), @"NotFound: Workflow task not found.");
}

#[test]
fn events_that_waited_for_a_failed_task_come_before_the_next() {
    let mut env = Env::started();
    let task = env.poll();
    env.signal("waits");
    env.fail(&task, WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure);
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: WORKFLOW_WORKER_UNHANDLED_FAILURE, identity: worker}
    5 WorkflowExecutionSignaled {name: waits}
    6 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}
