//! Workflow tasks that are made for updates alone: when they leave no trace, and when they become ordinary ones.

use klamm_messages::temporal::{
    enums::v1::WorkflowTaskFailedCause,
    protocol::v1::{Message, message::SequencingId},
    update::v1::Request,
};
use klamm_workflow::{Answer, update::Seen};

use crate::{
    env::{self, Env, complete_body, terminate_body},
    timer,
    updates::{accepts, brought, idle, names, rejects, request, responds, update_body},
};

#[test]
fn an_update_comes_to_a_worker_by_a_task_that_has_no_events_yet() {
    let mut env = idle(false);
    assert_eq!(env.update("u1"), 1);
    assert_eq!(env.seen("u1"), Seen::Waits { number: 1 });
    let task = env.poll();
    assert_eq!((task.scheduled_event_id, task.started_event_id, task.last_stored_event_id), (5, 6, 4));
    assert_eq!(task.transient_events.len(), 2);
    let [message] = &*task.messages else { panic!("{:?}", task.messages) };
    assert_eq!((message.id.as_str(), &message.sequencing_id), ("u1/request", &Some(SequencingId::EventId(5))));
    let body = message.body.as_ref().unwrap();
    assert_eq!(body.type_url, "type.googleapis.com/temporal.api.update.v1.Request");
    assert_eq!(<Request as prost::Message>::decode(body.value.as_slice()).unwrap(), request("u1"));
    assert_eq!(env.state().next_event_id, 5);
    insta::assert_snapshot!(env.records_from(5), @r"
    ~update u1 admitted number 1 in slot 1
    ~workflow_task scheduled attempt 1 scheduled 5 started 0 speculative
    ~workflow_task started attempt 1 scheduled 5 started 6 speculative sent [1]
    ");
}

#[test]
fn an_accepted_update_makes_the_task_an_ordinary_one() {
    let mut env = idle(false);
    env.update("u1");
    let task = env.poll();
    let (_, reset) = env.answer(&task, vec![names("u1/accept"), timer("t", 5), names("u1/complete")], vec![responds("u1"), accepts("u1")]);
    assert_eq!(reset, None);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    6 WorkflowTaskStarted {scheduled: 5, request: poll}
    7 WorkflowTaskCompleted {scheduled: 5, started: 6}
    8 WorkflowExecutionUpdateAccepted {update: u1, message: u1/request, sequencing: 5, request: true}
    9 TimerStarted {id: t}
    10 WorkflowExecutionUpdateCompleted {update: u1, accepted: 8}
    ");
    assert!(matches!(env.seen("u1"), Seen::Completed(_)));
    assert_eq!((env.state().updates.len(), env.state().completed_update_count), (0, 1));
}

#[test]
fn a_rejected_update_leaves_no_trace() {
    let mut env = idle(true);
    env.update("u1");
    let task = env.poll();
    let (next, reset) = env.answer(&task, vec![], vec![rejects("u1")]);
    assert_eq!((next, reset), (None, Some(3)));
    assert_eq!(env.state().next_event_id, 5);
    assert_eq!(env.seen("u1"), Seen::Unknown);
    assert!(env.waiting_workflow_task().is_none());
    assert_eq!(env.refuse(complete_body(&task, vec![], |_| ())), "NotFound: Workflow task not found.");
    // The next task has the same ids. The token of the one before is not its token.
    env.update("u2");
    let again = env.poll();
    assert_eq!((again.scheduled_event_id, again.started_event_id, again.attempt), (5, 6, 1));
    assert_eq!(env.refuse(complete_body(&task, vec![], |_| ())), "NotFound: Workflow task not found.");
    env.answer(&again, vec![names("u2/accept")], vec![accepts("u2")]);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    6 WorkflowTaskStarted {scheduled: 5, request: poll}
    7 WorkflowTaskCompleted {scheduled: 5, started: 6}
    8 WorkflowExecutionUpdateAccepted {update: u2, message: u2/request, sequencing: 5, request: true}
    ");
    assert_eq!(env.seen("u2"), Seen::Accepted);
}

#[test]
fn what_happens_while_an_update_waits_makes_the_task_an_ordinary_one() {
    let mut env = idle(false);
    env.update("u1");
    env.signal("one");
    let task = env.poll();
    assert_eq!(brought(&task), ["u1"]);
    env.answer(&task, vec![], vec![rejects("u1")]);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    6 WorkflowExecutionSignaled {name: one}
    7 WorkflowTaskStarted {scheduled: 5, request: poll}
    8 WorkflowTaskCompleted {scheduled: 5, started: 7}
    ");
}

#[test]
fn what_happens_while_a_worker_has_the_task_waits_behind_its_events() {
    let mut env = idle(false);
    env.update("u1");
    let task = env.poll();
    env.update("late");
    env.signal("one");
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    6 WorkflowTaskStarted {scheduled: 5, request: poll}
    ");
    let (next, reset) = env.answer(&task, vec![], vec![rejects("u1")]);
    assert_eq!(reset, None);
    let next = next.expect("a signal waits");
    assert_eq!(brought(&next), ["late"]);
    insta::assert_snapshot!(env.history_from(7), @r"
    7 WorkflowTaskCompleted {scheduled: 5, started: 6}
    8 WorkflowExecutionSignaled {name: one}
    9 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    10 WorkflowTaskStarted {scheduled: 9, request: inline}
    ");
}

#[test]
fn a_task_that_no_worker_takes_is_followed_by_an_ordinary_one() {
    let mut env = idle(false);
    env.update("u1");
    env.run_to(4_999);
    assert_eq!(env.state().next_event_id, 5);
    env.run_to(5_000);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    6 WorkflowTaskTimedOut {scheduled: 5, started: 0, timeout: SCHEDULE_TO_START}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    assert_eq!(brought(&env.poll()), ["u1"]);
}

#[test]
fn a_sticky_worker_that_is_gone_is_not_waited_for_long() {
    let mut env = idle(true);
    env.update("u1");
    let row = env.waiting_workflow_task().unwrap();
    assert_eq!((row.task_queue.as_str(), row.normal_task_queue.as_str()), ("sticky", "q"));
    // A worker of the normal queue takes it.
    let row = klamm_messages::klamm::v1::TaskRow { task_queue: "q".to_owned(), sticky: false, ..row };
    let Answer::WorkflowTaskStarted(task) = env.accept(env::start_task_body(&row, "poll")) else { panic!("not started") };
    assert!(!task.sticky);
    env.answer(&task, vec![names("u1/accept")], vec![accepts("u1")]);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    6 WorkflowTaskStarted {scheduled: 5, request: poll}
    7 WorkflowTaskCompleted {scheduled: 5, started: 6}
    8 WorkflowExecutionUpdateAccepted {update: u1, message: u1/request, sequencing: 5, request: true}
    ");
}

#[test]
fn a_task_that_fails_is_tried_again_with_its_updates() {
    let mut env = idle(false);
    env.update("u1");
    let task = env.poll();
    env.fail(&task, WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure);
    let again = env.poll();
    assert_eq!((again.attempt, brought(&again)), (2, vec!["u1"]));
    env.run_to(env.elapsed() + 10_000);
    let third = env.poll();
    assert_eq!((third.attempt, brought(&third)), (3, vec!["u1"]));
    insta::assert_snapshot!(
        env.refuse(update_body("u2")),
        @"WorkflowNotReady: Unable to perform workflow execution update due to Workflow Task in failed state."
    );
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    6 WorkflowTaskStarted {scheduled: 5, request: poll}
    7 WorkflowTaskFailed {scheduled: 5, started: 6, cause: WORKFLOW_WORKER_UNHANDLED_FAILURE, identity: worker}
    ");
}

#[test]
fn a_repeated_poll_gets_the_updates_again() {
    let mut env = idle(false);
    env.update("u1");
    let row = env.waiting_workflow_task().unwrap();
    let first = env.accept(env::start_task_body(&row, "poll-1"));
    env.update("u2");
    let Answer::WorkflowTaskStarted(task) = env.accept(env::start_task_body(&row, "poll-1")) else { panic!("not started") };
    assert_eq!(brought(&task), ["u1", "u2"]);
    assert!(matches!(first, Answer::WorkflowTaskStarted(_)));
    assert_eq!(env.accept(env::start_task_body(&row, "poll-2")), Answer::TaskObsolete);
}

#[test]
fn messages_that_say_nothing_refuse_the_completion() {
    let mut env = idle(true);
    env.update("u1");
    let task = env.poll();
    let nothing = Message { protocol_instance_id: "u1".to_owned(), ..Message::default() };
    let told = env.refuse(complete_body(&task, vec![], |request| request.messages = vec![nothing]));
    assert_eq!(told, "InvalidArgument: nil message body");
    // Its worker drops what it knows of the run, so another task goes to the normal queue.
    let row = env.waiting_workflow_task().unwrap();
    assert_eq!((row.task_queue.as_str(), row.scheduled_event_id), ("q", 5));
    assert_eq!(brought(&env.poll()), ["u1"]);
}

#[test]
fn a_run_that_is_terminated_leaves_a_task_without_events() {
    let mut env = idle(false);
    env.update("u1");
    env.accept(terminate_body(""));
    insta::assert_snapshot!(env.history_from(5), @"5 WorkflowExecutionTerminated {reason: because, identity: client}");
    let mut env = idle(false);
    env.update("u1");
    env.poll();
    env.accept(terminate_body(""));
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    6 WorkflowTaskStarted {scheduled: 5, request: poll}
    7 WorkflowTaskFailed {scheduled: 5, started: 6, cause: FORCE_CLOSE_COMMAND, identity: history-service}
    8 WorkflowExecutionTerminated {reason: because, identity: client}
    ");
}

#[test]
fn an_update_comes_before_the_start_delay_is_over() {
    let mut env = Env::new();
    env.start(|request| request.workflow_start_delay = Some(env::seconds(60)));
    env.update("u1");
    let task = env.poll();
    assert_eq!((task.scheduled_event_id, task.previous_started_event_id), (2, 0));
    let (_, reset) = env.answer(&task, vec![], vec![rejects("u1")]);
    assert_eq!((reset, env.state().next_event_id), (Some(0), 2));
    env.run_to(60_000);
    insta::assert_snapshot!(env.history_from(2), @"2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}");
}

#[test]
fn the_start_delay_ends_while_an_update_waits() {
    let mut env = Env::new();
    env.start(|request| request.workflow_start_delay = Some(env::seconds(2)));
    env.update("u1");
    env.run_to(3_000);
    insta::assert_snapshot!(env.history_from(2), @"2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}");
    assert_eq!(brought(&env.poll()), ["u1"]);
}

#[test]
fn a_rider_gets_the_task_that_is_made_for_an_update() {
    let mut env = idle(false);
    env.riders = vec![crate::riders::workflow(env::queue("q"), "rider")];
    env.update("u1");
    assert_eq!(env.started.len(), 1);
    assert_eq!(env.state().next_event_id, 5);
    let Some(klamm_workflow::answer::StartedTask::Workflow(task)) = env.started.pop().map(|started| started.task) else { panic!() };
    assert_eq!(brought(&task), ["u1"]);
}
