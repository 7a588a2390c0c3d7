//! Workflow tasks: starts, failures, time-outs, attempts, heartbeats.

use klamm_messages::temporal::{enums::v1::WorkflowTaskFailedCause, sdk::v1::WorkflowTaskCompletedMetadata};
use klamm_workflow::Answer;

use crate::{
    complete,
    env::{Env, complete_body, start_task_body, terminate_body},
};

#[test]
fn a_task_is_started_by_one_poll_only() {
    let mut env = Env::started();
    let row = env.waiting_workflow_task().unwrap();
    let first = env.accept(start_task_body(&row, "poll-1"));
    assert!(matches!(first, Answer::WorkflowTaskStarted(_)));
    let at = env.log.len();
    assert_eq!(env.accept(start_task_body(&row, "poll-1")), first, "a repetition repeats the answer");
    assert_eq!(env.accept(start_task_body(&row, "poll-2")), Answer::TaskObsolete);
    assert_eq!(env.log.len(), at);
    let Answer::WorkflowTaskStarted(task) = first else { unreachable!() };
    assert_eq!((task.scheduled_event_id, task.started_event_id, task.attempt, task.previous_started_event_id), (2, 3, 1, 0));
    assert_eq!((task.last_stored_event_id, task.transient_events.len(), task.sticky), (3, 0, false));
    assert!(env.waiting_workflow_task().is_none());
}

#[test]
fn a_start_of_a_closed_run_is_obsolete() {
    let mut env = Env::started();
    let row = env.waiting_workflow_task().unwrap();
    env.accept(terminate_body(""));
    assert_eq!(env.accept(start_task_body(&row, "poll-1")), Answer::TaskObsolete);
}

#[test]
fn a_completion_keeps_what_the_sdk_says_verbatim() {
    let mut env = Env::started();
    let task = env.poll();
    env.complete_with(&task, vec![], |request| {
        request.sdk_metadata = Some(WorkflowTaskCompletedMetadata {
            core_used_flags: vec![3, 1],
            sdk_name: "sdk".to_owned(),
            ..WorkflowTaskCompletedMetadata::default()
        });
    });
    insta::assert_snapshot!(env.history_from(4), @"4 WorkflowTaskCompleted {scheduled: 2, started: 3, sdk: sdk}");
    env.signal("next");
    assert_eq!(env.poll().previous_started_event_id, 3);
}

#[test]
fn a_foreign_or_stale_token_is_not_found() {
    let mut env = Env::started();
    let task = env.poll();
    env.complete(&task, vec![]);
    insta::assert_snapshot!(env.refuse(complete_body(&task, vec![], |_| ())), @"NotFound: Workflow task not found.");
    env.signal("next");
    let mut other = env.poll();
    other.attempt += 1;
    insta::assert_snapshot!(env.refuse(complete_body(&other, vec![], |_| ())), @"NotFound: Workflow task not found.");
}

#[test]
fn a_task_not_completed_in_time_is_tried_again() {
    let mut env = Env::started();
    let late = env.poll();
    env.run_to(9_999);
    assert_eq!(env.state().next_event_id, 4);
    env.run_to(10_000);
    insta::assert_snapshot!(env.records_from(4), @r"
    4 WorkflowTaskTimedOut {scheduled: 2, started: 3, timeout: START_TO_CLOSE}
    ~workflow_task none attempt 2 scheduled 0 started 0
    ~workflow_task scheduled attempt 2 scheduled 5 started 0
    ");
    insta::assert_snapshot!(env.refuse(complete_body(&late, vec![], |_| ())), @"NotFound: Workflow task not found.");
}

#[test]
fn later_attempts_show_only_when_they_complete() {
    let mut env = Env::started();
    let first = env.poll();
    env.fail(&first, WorkflowTaskFailedCause::NonDeterministicError);
    let second = env.poll();
    env.fail(&second, WorkflowTaskFailedCause::NonDeterministicError);
    let third = env.poll();
    assert_eq!((third.attempt, third.scheduled_event_id, third.started_event_id), (3, 5, 6));
    assert_eq!(third.last_stored_event_id, 4);
    insta::assert_snapshot!(third.transient_events.iter().map(crate::text::line).collect::<Vec<_>>().join("\n"), @r"
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 3}
    6 WorkflowTaskStarted {scheduled: 5, request: poll}
    ");
    insta::assert_snapshot!(env.history_from(4), @"4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: NON_DETERMINISTIC_ERROR, identity: worker}");
    env.complete(&third, vec![complete("at last")]);
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: NON_DETERMINISTIC_ERROR, identity: worker}
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 3}
    6 WorkflowTaskStarted {scheduled: 5, request: poll}
    7 WorkflowTaskCompleted {scheduled: 5, started: 6}
    8 WorkflowExecutionCompleted {completed: 7, result: at last}
    ");
}

#[test]
fn an_event_makes_a_scheduled_later_attempt_a_first_one() {
    let mut env = Env::started();
    let first = env.poll();
    env.fail(&first, WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure);
    env.signal("overtakes");
    let task = env.poll();
    assert_eq!((task.attempt, task.scheduled_event_id), (1, 6));
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowExecutionSignaled {name: overtakes}
    6 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    7 WorkflowTaskStarted {scheduled: 6, request: poll}
    ");
}

#[test]
fn an_event_that_waited_for_a_failed_task_makes_the_next_attempt_a_first_one() {
    let mut env = Env::started();
    let first = env.poll();
    env.fail(&first, WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure);
    let second = env.poll();
    env.signal("waits");
    env.fail(&second, WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowExecutionSignaled {name: waits}
    6 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn the_timeout_grows_from_the_fourth_attempt_on() {
    let mut env = Env::started();
    let mut timeouts = Vec::new();
    for _ in 0..12 {
        let task = env.poll();
        timeouts.push(env.state().workflow_task.clone().unwrap().start_to_close_timeout.unwrap().seconds);
        env.fail(&task, WorkflowTaskFailedCause::NonDeterministicError);
    }
    assert_eq!(timeouts, [10, 10, 10, 15, 20, 30, 50, 90, 170, 330, 610, 610]);
}

#[test]
fn a_message_too_large_for_the_worker_terminates_the_workflow() {
    let mut env = Env::started();
    let task = env.poll();
    env.fail(&task, WorkflowTaskFailedCause::GrpcMessageTooLarge);
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: FORCE_CLOSE_COMMAND, identity: history-service}
    5 WorkflowExecutionTerminated {reason: GrpcMessageTooLarge, identity: history-service}
    ");
}

#[test]
fn a_worker_can_have_the_next_task_at_once() {
    let mut env = Env::started();
    let task = env.poll();
    env.signal("more");
    let next = env.complete_with(&task, vec![], |request| request.return_new_workflow_task = true).expect("a task");
    assert_eq!((next.scheduled_event_id, next.started_event_id, next.previous_started_event_id), (6, 7, 3));
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskCompleted {scheduled: 2, started: 3}
    5 WorkflowExecutionSignaled {name: more}
    6 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    7 WorkflowTaskStarted {scheduled: 6, request: inline}
    ");
    assert!(env.complete_with(&next, vec![], |request| request.return_new_workflow_task = true).is_none());
}

#[test]
fn heartbeats_go_on_for_half_an_hour() {
    let mut env = Env::started();
    let mut task = env.poll();
    let heartbeat = |request: &mut klamm_messages::temporal::workflowservice::v1::RespondWorkflowTaskCompletedRequest| {
        request.force_create_new_workflow_task = true;
        request.return_new_workflow_task = true;
    };
    let mut count = 0;
    let refused = loop {
        env.advance(9_000);
        if env.elapsed() > 30 * 60 * 1000 {
            break env.refuse(complete_body(&task, vec![], heartbeat));
        }
        task = *env.complete_with(&task, vec![], heartbeat).expect("the next task");
        count += 1;
    };
    assert_eq!(count, 200);
    insta::assert_snapshot!(refused, @"NotFound: workflow task heartbeat timeout");
    let history = env.history_from(task.scheduled_event_id);
    insta::assert_snapshot!(history, @r"
    602 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    603 WorkflowTaskStarted {scheduled: 602, request: inline}
    604 WorkflowTaskTimedOut {scheduled: 602, started: 603, timeout: START_TO_CLOSE}
    ");
    assert_eq!(env.waiting_workflow_task().unwrap().attempt, 2);
}

#[test]
fn a_forced_task_after_progress_begins_a_new_chain() {
    let mut env = Env::started();
    let task = env.poll();
    env.advance(5_000);
    let next = env
        .complete_with(&task, vec![crate::timer("t", 600)], |request| {
            request.force_create_new_workflow_task = true;
            request.return_new_workflow_task = true;
        })
        .expect("a task");
    assert_eq!(env.state().workflow_task.clone().unwrap().original_scheduled_time, Some(next.scheduled_time.into()));
}

#[test]
fn a_binary_that_completes_its_first_task_is_a_reset_point() {
    let mut env = Env::started();
    for binary in ["b1", "b1", "b2"] {
        let task = env.poll();
        env.complete_with(&task, vec![], |request| {
            #[allow(deprecated, reason = "older workers tell their binary by it")]
            request.binary_checksum.push_str(binary);
        });
        env.signal("next");
    }
    let points = env.state().auto_reset_points.clone().unwrap().points;
    #[allow(deprecated, reason = "older workers tell their binary by it")]
    let points: Vec<_> = points.iter().map(|p| (p.binary_checksum.as_str(), p.first_workflow_task_completed_id, p.resettable)).collect();
    assert_eq!(points, [("b1", 4, true), ("b2", 12, true)]);
}
