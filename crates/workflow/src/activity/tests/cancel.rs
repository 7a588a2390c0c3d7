//! RequestCancelActivityTask and CancelActivityTask.

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::{CancelActivityTask, CompleteActivityTask, FailActivityTask, HeartbeatActivityTask, command::Body},
    temporal::{
        failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
        history::v1::history_event::Attributes,
    },
};

use super::env::{Env, jsons, request_cancel, schedule, token};
use crate::Answer;

#[test]
fn an_activity_that_no_worker_has_is_cancelled_at_once_behind_the_events_of_all_commands() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a"), request_cancel(5), schedule("b")]);
    assert_eq!(
        env.history_from(4),
        [
            "4 WorkflowTaskCompleted",
            "5 ActivityTaskScheduled a",
            "6 ActivityTaskCancelRequested 5",
            "7 ActivityTaskScheduled b",
            "8 ActivityTaskCanceled 5/0 requested=6",
            "9 WorkflowTaskScheduled",
        ]
    );
    let Some(Attributes::ActivityTaskCanceledEventAttributes(canceled)) = &env.events()[7].attributes else { panic!() };
    assert_eq!((canceled.details.clone(), canceled.identity.as_str()), (jsons("\"ACTIVITY_ID_NOT_STARTED\""), "worker"));
    let waiting: Vec<_> = env.tasks().iter().map(|task| task.scheduled_event_id).collect();
    assert_eq!(waiting, [7]);
}

#[test]
fn an_activity_between_attempts_is_cancelled_at_once_without_a_start() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a"), schedule("b")]);
    let (a, b) = (env.start_activity(5), env.start_activity(6));
    env.accept(Body::CompleteActivityTask(CompleteActivityTask { token: token(&b), result: None, ..CompleteActivityTask::default() }));
    let info = FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo::default());
    let failure = Failure { failure_info: Some(info), ..Failure::default() };
    env.accept(Body::FailActivityTask(FailActivityTask { token: token(&a), failure: Some(failure), ..FailActivityTask::default() }));
    env.workflow(vec![request_cancel(5)]);
    assert_eq!(
        env.history_from(12),
        ["12 ActivityTaskCancelRequested 5", "13 ActivityTaskCanceled 5/0 requested=12", "14 WorkflowTaskScheduled",]
    );
    assert_eq!(env.next_wake(), None, "no attempt follows");
}

#[test]
fn a_worker_learns_of_the_request_by_its_heartbeat_and_confirms_it() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a"), schedule("b")]);
    let (a, b) = (env.start_activity(5), env.start_activity(6));
    let heartbeat = |details| Body::HeartbeatActivityTask(HeartbeatActivityTask { token: token(&a), details });
    assert_eq!(env.accept(heartbeat(None)), Answer::Heartbeat { cancel_requested: false, paused: false, reset: false });
    let cancel = || Body::CancelActivityTask(CancelActivityTask { token: token(&a), details: jsons("1") });
    assert_eq!(
        env.refuse(cancel()),
        Rejection::invalid("unable to mark activity as canceled without activity being request canceled first")
    );
    env.accept(Body::CompleteActivityTask(CompleteActivityTask { token: token(&b), result: None, ..CompleteActivityTask::default() }));
    env.workflow(vec![request_cancel(5)]);
    assert_eq!(env.history_from(12), ["12 ActivityTaskCancelRequested 5"], "the worker has to confirm it");
    assert_eq!(env.accept(heartbeat(None)), Answer::Heartbeat { cancel_requested: true, paused: false, reset: false });
    env.accept(cancel());
    assert_eq!(
        env.history_from(13),
        ["13 ActivityTaskStarted 5 attempt=1", "14 ActivityTaskCanceled 5/13 requested=12", "15 WorkflowTaskScheduled",]
    );
}

#[test]
fn an_activity_asked_to_cancel_may_still_complete() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a"), schedule("b")]);
    let (a, b) = (env.start_activity(5), env.start_activity(6));
    env.accept(Body::CompleteActivityTask(CompleteActivityTask { token: token(&b), result: None, ..CompleteActivityTask::default() }));
    env.workflow(vec![request_cancel(5)]);
    env.accept(Body::CompleteActivityTask(CompleteActivityTask { token: token(&a), result: None, ..CompleteActivityTask::default() }));
    assert_eq!(env.history_from(14)[0], "14 ActivityTaskCompleted 5/13");
}

#[test]
fn a_request_for_an_unknown_activity_fails_the_workflow_task() {
    let mut env = Env::new();
    let message = env.workflow_refused(vec![request_cancel(77)]);
    assert_eq!(
        message,
        "BadRequestCancelActivityAttributes: invalid history builder state for action: \
         add-activitytask-cancel-requested-event, ScheduledEventID: 77"
    );
    assert_eq!(env.history_from(4)[0], "4 WorkflowTaskFailed BAD_REQUEST_CANCEL_ACTIVITY_ATTRIBUTES");
}

#[test]
fn a_request_without_an_activity_and_a_second_request_fail_the_workflow_task() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a"), schedule("b")]);
    let (_, b) = (env.start_activity(5), env.start_activity(6));
    env.accept(Body::CompleteActivityTask(CompleteActivityTask { token: token(&b), result: None, ..CompleteActivityTask::default() }));
    let message = env.workflow_refused(vec![request_cancel(5), request_cancel(5)]);
    assert!(message.ends_with("add-activitytask-cancel-requested-event, ScheduledEventID: 5"), "{message}");
    assert!(!env.state().activities[&5].state.as_ref().unwrap().cancel_requested, "nothing of the refused completion may stay");
    let message = env.workflow_refused(vec![request_cancel(0)]);
    assert_eq!(message, "BadRequestCancelActivityAttributes: ScheduledEventId is not set on RequestCancelActivityTaskCommand.");
}

#[test]
fn a_request_that_crosses_the_completion_is_recorded_and_has_no_effect() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a"), schedule("b")]);
    let (a, b) = (env.start_activity(5), env.start_activity(6));
    env.accept(Body::CompleteActivityTask(CompleteActivityTask { token: token(&b), result: None, ..CompleteActivityTask::default() }));
    let workflow_task = env.start_workflow_task();
    env.accept(Body::CompleteActivityTask(CompleteActivityTask { token: token(&a), result: None, ..CompleteActivityTask::default() }));
    env.complete_workflow_task(workflow_task, vec![request_cancel(5)]).unwrap();
    assert_eq!(
        env.history_from(11),
        [
            "11 WorkflowTaskCompleted",
            "12 ActivityTaskCancelRequested 5",
            "13 ActivityTaskStarted 5 attempt=1",
            "14 ActivityTaskCompleted 5/13",
            "15 WorkflowTaskScheduled",
        ]
    );
}
