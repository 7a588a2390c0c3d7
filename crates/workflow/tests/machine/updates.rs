//! Updates: what becomes of them. (The tasks that are made for them are in `speculative`.)

use klamm_machine::{Outcome as Decided, TablesExt};
use klamm_messages::{
    klamm::v1::{RunState, UpdatePhase, UpdateWorkflow, command::Body},
    temporal::{
        command::v1::{ProtocolMessageCommandAttributes, command::Attributes},
        enums::v1::EventType,
        failure::v1::Failure,
        protocol::v1::Message,
        update::v1::{Acceptance, Input, Meta, Outcome, Rejection, Request, Response, outcome::Value},
        workflowservice::v1::UpdateWorkflowExecutionRequest,
    },
};
use klamm_workflow::{
    Answer,
    answer::StartedWorkflowTask,
    tables::{History, RunKey, Updates},
    update::{Seen, seen},
};
use proptest::prelude::*;
use prost::Name;
use prost_types::Any;

use crate::{
    complete, continue_as_new,
    env::{self, Env, complete_body, execution, sticky, terminate_body},
    payloads, timer,
};

/// A request for the update `id` of the newest run.
pub fn update_body(id: &str) -> Body {
    Body::UpdateWorkflow(UpdateWorkflow {
        request: Some(UpdateWorkflowExecutionRequest {
            workflow_execution: Some(execution("")),
            request: Some(request(id)),
            ..UpdateWorkflowExecutionRequest::default()
        }),
    })
}

/// What is asked for by the update `id`.
pub fn request(id: &str) -> Request {
    Request {
        meta: Some(Meta { update_id: id.to_owned(), identity: "client".to_owned() }),
        input: Some(Input { name: "u".to_owned(), args: Some(payloads(id.as_bytes())), ..Input::default() }),
        ..Request::default()
    }
}

/// A message of the worker about an update.
pub fn message<M: prost::Message + Name>(update: &str, suffix: &str, body: &M) -> Message {
    Message {
        id: format!("{update}/{suffix}"),
        protocol_instance_id: update.to_owned(),
        body: Some(Any { type_url: format!("type.googleapis.com/{}", M::full_name()), value: body.encode_to_vec() }),
        ..Message::default()
    }
}

/// The workflow accepts the update.
pub fn accepts(update: &str) -> Message {
    let acceptance = Acceptance {
        accepted_request_message_id: format!("{update}/request"),
        accepted_request_sequencing_event_id: 5,
        accepted_request: None,
    };
    message(update, "accept", &acceptance)
}

/// The workflow rejects the update.
pub fn rejects(update: &str) -> Message {
    let failure = Failure { message: format!("no {update}"), ..Failure::default() };
    message(update, "reject", &Rejection { failure: Some(failure), ..Rejection::default() })
}

/// The workflow answers the update.
pub fn responds(update: &str) -> Message {
    let outcome = Outcome { value: Some(Value::Success(payloads(format!("done {update}").as_bytes()))) };
    let meta = Meta { update_id: update.to_owned(), identity: "client".to_owned() };
    message(update, "complete", &Response { meta: Some(meta), outcome: Some(outcome) })
}

/// The command that gives a message its place.
pub fn names(message_id: &str) -> Attributes {
    Attributes::ProtocolMessageCommandAttributes(ProtocolMessageCommandAttributes { message_id: message_id.to_owned() })
}

/// Something that a worker says of an update in random histories.
#[derive(Debug, Clone)]
pub struct Says {
    what: u8,
    update: u8,
    named: bool,
}

/// What a worker says of updates: often nothing.
pub fn says() -> impl Strategy<Value = Vec<Says>> {
    let one = (0..6_u8, 0..5_u8, any::<bool>()).prop_map(|(what, update, named)| Says { what, update, named });
    prop_oneof![1 => Just(Vec::new()), 3 => prop::collection::vec(one, 1..4)]
}

/// Its messages, and commands that name some of them.
pub fn said(says: &[Says]) -> (Vec<Attributes>, Vec<Message>) {
    let message = |says: &Says| {
        let id = format!("u{}", says.update);
        match says.what {
            0 | 1 => accepts(&id),
            2 => rejects(&id),
            3 => {
                let acceptance = Acceptance {
                    accepted_request_message_id: "m".to_owned(),
                    accepted_request_sequencing_event_id: 3,
                    accepted_request: Some(request(&id)),
                };
                message(&id, "accept", &acceptance)
            }
            _ => responds(&id),
        }
    };
    let messages: Vec<_> = says.iter().map(message).collect();
    let named = says.iter().zip(&messages).filter(|(says, _)| says.named).map(|(_, message)| names(&message.id)).collect();
    (named, messages)
}

/// What holds of the updates of a run, whatever has happened.
pub fn check(env: &Env, run: &RunState) {
    let key = RunKey::new(&run.namespace, &run.workflow_id, &run.run_id);
    let mut slots = std::collections::BTreeSet::new();
    for (id, update) in &run.updates {
        if update.phase() == UpdatePhase::Accepted {
            let event = env.rows.get::<History>(&(key.clone(), update.accepted_event_id)).expect("its event");
            assert_eq!(event.event_type(), EventType::WorkflowExecutionUpdateAccepted);
        } else {
            assert!(slots.insert(update.slot), "two updates in slot {}", update.slot);
            let row = env.rows.get::<Updates>(&(key.clone(), update.slot)).filter(|_| update.slot > 0);
            let state = row.as_ref().and_then(|row| row.state.clone());
            assert!(update.slot < 0 || state.is_some_and(|state| state.update_id == *id && state.request.is_some()));
        }
    }
    if let Some(task) = run.workflow_task.as_ref().filter(|task| task.speculative && run.close_time.is_none()) {
        assert_eq!((task.scheduled_event_id, task.attempt, task.recorded), (run.next_event_id, 1, false));
        assert!(run.buffered_events.is_empty(), "what waits makes the task an ordinary one");
    }
}

/// A workflow whose first task is completed, on the sticky queue or not.
pub fn idle(is_sticky: bool) -> Env {
    let mut env = Env::started();
    let task = env.poll();
    env.complete_with(&task, vec![], |request| request.sticky_attributes = sticky().filter(|_| is_sticky));
    env
}

impl Env {
    /// Asks for the update; its number.
    pub fn update(&mut self, id: &str) -> i64 {
        match self.accept(update_body(id)) {
            Answer::UpdateAdmitted(admitted) => admitted.number,
            other => panic!("not admitted: {other:?}"),
        }
    }

    /// The worker completes its task with these messages; the next task, and where the worker goes back to.
    pub fn answer(
        &mut self,
        task: &StartedWorkflowTask,
        commands: Vec<Attributes>,
        messages: Vec<Message>,
    ) -> (Option<Box<StartedWorkflowTask>>, Option<i64>) {
        let body = complete_body(task, commands, |request| {
            request.messages = messages;
            request.return_new_workflow_task = true;
        });
        match self.accept(body) {
            Answer::WorkflowTaskCompleted { new_workflow_task, reset_history_event_id, .. } => (new_workflow_task, reset_history_event_id),
            other => panic!("not completed: {other:?}"),
        }
    }

    /// How the update stands.
    pub fn seen(&self, id: &str) -> Seen {
        seen(&self.rows, &self.current(), id)
    }
}

/// The ids of the updates that the task brings.
pub fn brought(task: &StartedWorkflowTask) -> Vec<&str> {
    task.messages.iter().map(|message| message.protocol_instance_id.as_str()).collect()
}

#[test]
fn an_update_that_comes_while_a_task_is_under_way_has_the_next_one() {
    let mut env = idle(false);
    env.signal("one");
    let task = env.poll();
    env.update("u1");
    assert_eq!(brought(&task), Vec::<&str>::new());
    let (next, reset) = env.answer(&task, vec![], vec![]);
    assert_eq!(reset, None);
    let next = next.expect("an update waits");
    assert_eq!((brought(&next), next.started_event_id, next.last_stored_event_id), (vec!["u1"], 10, 8));
    let (next, reset) = env.answer(&next, vec![], vec![rejects("u1")]);
    assert_eq!((next, reset, env.state().next_event_id), (None, Some(7), 9));
}

#[test]
fn a_worker_that_asks_for_no_task_gets_the_update_by_an_ordinary_one() {
    let mut env = idle(false);
    env.signal("one");
    let task = env.poll();
    env.update("u1");
    env.complete(&task, vec![]);
    assert_eq!(env.waiting_workflow_task().map(|row| row.scheduled_event_id), Some(9));
    assert_eq!(env.state().next_event_id, 10);
    assert_eq!(brought(&env.poll()), ["u1"]);
}

#[test]
fn an_update_without_an_answer_is_rejected() {
    let mut env = idle(false);
    env.update("u1");
    let task = env.poll();
    let (_, reset) = env.answer(&task, vec![], vec![]);
    assert_eq!((reset, env.seen("u1")), (Some(3), Seen::Unknown));
    assert_eq!(env.state().next_event_id, 5);
}

#[test]
fn a_heartbeat_rejects_nothing_and_is_followed_by_what_is_new() {
    let mut env = idle(false);
    env.update("u1");
    let task = env.poll();
    env.update("u2");
    let body = complete_body(&task, vec![], |request| {
        request.force_create_new_workflow_task = true;
        request.return_new_workflow_task = true;
    });
    let Answer::WorkflowTaskCompleted { new_workflow_task: Some(next), .. } = env.accept(body) else { panic!("no task") };
    assert_eq!(brought(&next), ["u2"]);
    env.answer(&next, vec![names("u1/accept"), names("u2/accept")], vec![accepts("u1"), accepts("u2")]);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    6 WorkflowTaskStarted {scheduled: 5, request: poll}
    7 WorkflowTaskCompleted {scheduled: 5, started: 6}
    8 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    9 WorkflowTaskStarted {scheduled: 8, request: inline}
    10 WorkflowTaskCompleted {scheduled: 8, started: 9}
    11 WorkflowExecutionUpdateAccepted {update: u1, message: u1/request, sequencing: 5, request: true}
    12 WorkflowExecutionUpdateAccepted {update: u2, message: u2/request, sequencing: 5, request: true}
    ");
}

#[test]
fn the_same_update_is_asked_for_once() {
    let mut env = idle(false);
    assert_eq!(env.update("u1"), 1);
    assert_eq!(env.update("u1"), 1);
    let task = env.poll();
    assert_eq!(env.update("u1"), 1);
    env.answer(&task, vec![names("u1/accept")], vec![accepts("u1")]);
    assert_eq!(env.update("u1"), 0);
    assert!(env.waiting_workflow_task().is_none());
    env.signal("go");
    let task = env.poll();
    assert_eq!(brought(&task), Vec::<&str>::new());
    env.answer(&task, vec![], vec![responds("u1")]);
    assert_eq!(env.update("u1"), 0);
    assert_eq!(env.update("u2"), 2);
}

#[test]
fn ten_updates_may_be_pending() {
    let mut env = idle(false);
    for number in 1..=10 {
        assert_eq!(env.update(&format!("u{number}")), number);
    }
    insta::assert_snapshot!(env.refuse(update_body("u11")), @"ConcurrentLimit: limit on number of concurrent in-flight updates has been reached (10)");
    assert_eq!(env.update("u3"), 3);
    let task = env.poll();
    assert_eq!(brought(&task), (1..=10).map(|number| format!("u{number}")).collect::<Vec<_>>());
    env.answer(&task, vec![], vec![accepts("u1"), rejects("u2")]);
    assert_eq!((env.update("u11"), env.state().updates.len(), env.state().last_update_slot), (11, 2, 10));
    assert_eq!(env.state().updates["u11"].slot, 1);
}

#[test]
fn a_run_has_two_thousand_updates_at_most() {
    let mut env = idle(false);
    env.checks_folds = false;
    for number in 0..2000 {
        let id = format!("u{number}");
        env.update(&id);
        let task = env.poll();
        env.answer(&task, vec![names(&format!("{id}/accept")), names(&format!("{id}/complete"))], vec![accepts(&id), responds(&id)]);
    }
    assert!(
        env.refuse(update_body("more"))
            .starts_with("FailedPrecondition: The limit on the total number of distinct updates in this workflow has been reached (2000).")
    );
    assert_eq!((env.update("u0"), env.state().updates.len()), (0, 0));
}

#[test]
fn wrong_messages_fail_the_task() {
    let refused = |commands: Vec<Attributes>, messages: Vec<Message>| {
        let mut env = idle(false);
        env.update("u1");
        let task = env.poll();
        let told = env.refuse(complete_body(&task, commands, |request| request.messages = messages));
        (told, env.history_from(5), env.seen("u1"))
    };
    let message = |update: &str, body: Acceptance| message(update, "accept", &body);
    let acceptance = |id: &str, event: i64| Acceptance {
        accepted_request_message_id: id.to_owned(),
        accepted_request_sequencing_event_id: event,
        accepted_request: None,
    };
    for (commands, messages, expected) in [
        (vec![names("")], vec![accepts("u1")], "MessageID is not set on ProtocolMessageCommand."),
        (vec![names("x")], vec![accepts("u1")], "ProtocolMessageCommand referenced absent message ID x"),
        (
            vec![names("u1/accept"), names("u1/accept")],
            vec![accepts("u1")],
            "ProtocolMessageCommand referenced absent message ID u1/accept",
        ),
        (
            vec![],
            vec![accepts("u1"), accepts("u1")],
            "invalid state transition attempted for Update u1: received *update.Acceptance message while in state ProvisionallyAccepted",
        ),
        (
            vec![],
            vec![accepts("u1"), responds("u1"), rejects("u1")],
            "invalid state transition attempted for Update u1: received *update.Rejection message while in state ProvisionallyCompleted",
        ),
        (
            vec![timer("t", 1)],
            vec![rejects("u1"), accepts("u1")],
            "invalid state transition attempted for Update u1: received *update.Acceptance message while in state ProvisionallyCompleted",
        ),
        (
            vec![],
            vec![responds("u1")],
            "invalid state transition attempted for Update u1: received *update.Response message while in state Sent",
        ),
        (
            vec![],
            vec![accepts("nobody")],
            "update nobody wasn't found on the server. This is most likely a transient error which will be resolved automatically by retries",
        ),
        (vec![], vec![message("u1", acceptance("", 5))], "invalid *update.Acceptance: accepted_request_message_id is not set"),
        (vec![], vec![message("u1", acceptance("m", 0))], "invalid *update.Acceptance: accepted_request_sequencing_event_id is not set"),
        (
            vec![],
            vec![accepts("u1"), Message { protocol_instance_id: "u1".to_owned(), ..responds("u2") }],
            "invalid *update.Response: meta.update_id != u1",
        ),
        (vec![], vec![self::message("u1", "accept", &request("u1"))], "Message type *update.Request not supported"),
        (vec![], vec![self::message("u1", "accept", &Failure::default())], "unsupported protocol type temporal.api.failure.v1"),
    ] {
        let (told, history, seen) = refused(commands, messages);
        assert_eq!(told, format!("InvalidArgument: BadUpdateWorkflowExecutionMessage: {expected}"));
        assert!(history.contains("7 WorkflowTaskFailed"), "{history}");
        assert_eq!(seen, Seen::Unknown, "an update that was sent is given up");
    }
}

#[test]
fn an_update_that_the_server_has_lost_is_brought_by_its_acceptance() {
    let mut env = idle(false);
    env.signal("one");
    let task = env.poll();
    let acceptance = Acceptance {
        accepted_request_message_id: "lost/request".to_owned(),
        accepted_request_sequencing_event_id: 6,
        accepted_request: Some(request("lost")),
    };
    env.answer(&task, vec![names("lost/accept")], vec![message("lost", "accept", &acceptance), rejects("u")].into_iter().take(1).collect());
    insta::assert_snapshot!(env.history_from(8), @r"
    8 WorkflowTaskCompleted {scheduled: 6, started: 7}
    9 WorkflowExecutionUpdateAccepted {update: lost, message: lost/request, sequencing: 6, request: true}
    ");
    assert_eq!(env.seen("lost"), Seen::Accepted);
}

#[test]
fn updates_do_not_keep_a_workflow_from_closing() {
    let mut env = idle(false);
    env.update("u1");
    env.update("u2");
    let task = env.poll();
    env.update("late");
    env.answer(&task, vec![names("u1/accept"), complete("done")], vec![accepts("u1")]);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    6 WorkflowTaskStarted {scheduled: 5, request: poll}
    7 WorkflowTaskCompleted {scheduled: 5, started: 6}
    8 WorkflowExecutionUpdateAccepted {update: u1, message: u1/request, sequencing: 5, request: true}
    9 WorkflowExecutionCompleted {completed: 7, result: done}
    ");
    assert!(matches!(env.seen("u1"), Seen::Completed(_)));
    assert_eq!(env.seen("u2"), Seen::Closed { continues: false });
    assert_eq!(env.seen("late"), Seen::Closed { continues: false });
    assert_eq!(env.update("u1"), 0);
    insta::assert_snapshot!(env.refuse(update_body("u2")), @"NotFound: workflow execution already completed");
    insta::assert_snapshot!(env.refuse(update_body("new")), @"NotFound: workflow execution already completed");
}

#[test]
fn updates_that_came_before_a_continue_as_new_are_for_the_next_run() {
    let mut env = idle(false);
    env.update("u1");
    let task = env.poll();
    env.update("late");
    let first = env.current();
    let next = Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new());
    env.answer(&task, vec![names("u1/accept"), next], vec![accepts("u1")]);
    assert_eq!(seen(&env.rows, &first, "late"), Seen::Closed { continues: true });
    assert_eq!(env.seen("late"), Seen::Unknown);
    assert_eq!(env.update("late"), 1);
}

#[test]
fn a_run_that_is_closing_or_unknown_takes_no_update() {
    let mut env = Env::new();
    insta::assert_snapshot!(env.refuse(update_body("u1")), @"NotFound: workflow not found for ID: w");
    let mut env = Env::started();
    let task = env.poll();
    env.signal("one");
    env.complete_refused(&task, vec![complete("done")]);
    env.poll();
    insta::assert_snapshot!(env.refuse(update_body("u1")), @"BusyWorkflow: workflow operation can not be applied because workflow is closing");
    let other = Body::UpdateWorkflow(UpdateWorkflow {
        request: Some(UpdateWorkflowExecutionRequest {
            workflow_execution: Some(execution("")),
            first_execution_run_id: "another".to_owned(),
            request: Some(request("u1")),
            ..UpdateWorkflowExecutionRequest::default()
        }),
    });
    insta::assert_snapshot!(env.refuse(other), @"NotFound: workflow execution not found");
}

#[test]
fn a_paused_run_keeps_its_updates_and_takes_no_more() {
    let mut env = idle(false);
    env.update("u1");
    env.accept(crate::pause::pause("p"));
    assert!(env.waiting_workflow_task().is_none());
    insta::assert_snapshot!(env.refuse(update_body("u2")), @"FailedPrecondition: Workflow is paused. Cannot update the workflow.");
    env.accept(crate::pause::unpause());
    assert_eq!(brought(&env.poll()), ["u1"]);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowExecutionPaused
    6 WorkflowExecutionUnpaused
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    8 WorkflowTaskStarted {scheduled: 7, request: poll}
    ");
}

#[test]
fn a_deleted_run_leaves_no_row_of_its_updates() {
    let mut env = idle(false);
    for (id, messages) in [("u1", vec![accepts("u1"), responds("u1")]), ("u2", vec![rejects("u2")]), ("u3", vec![accepts("u3")])] {
        env.update(id);
        let task = env.poll();
        env.answer(&task, vec![], messages);
    }
    env.update("u4");
    env.accept(terminate_body(""));
    env.run_to(90_000_000);
    assert!(env.rows.0.is_empty(), "{:?}", env.rows.0.keys());
    insta::assert_snapshot!(env.records_from(20).lines().last().unwrap_or_default(), @"delete run-1 [~workflow_task/0 ~buffered/0 ~sticky/0 ~execution/0 ~update/1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17]");
}

#[test]
fn continue_as_new_is_suggested_after_many_updates() {
    let mut env = idle(false);
    env.checks_folds = false;
    for number in 0..1800 {
        let id = format!("u{number}");
        env.update(&id);
        let task = env.poll();
        env.answer(&task, vec![], vec![accepts(&id), responds(&id)]);
    }
    env.settings.history_count_suggest_continue_as_new = 1_000_000;
    env.signal("one");
    env.poll();
    let line = env.history_from(env.state().next_event_id - 1);
    assert!(line.contains("suggest_continue_as_new"), "{line}");
}

#[test]
fn a_refused_update_changes_nothing() {
    let mut env = idle(false);
    let before = env.rows.0.len();
    let Body::UpdateWorkflow(mut body) = update_body("u1") else { unreachable!() };
    body.request = None;
    assert!(env.decide(Body::UpdateWorkflow(body)).is_err());
    assert_eq!(env.rows.0.len(), before);
    let key = RunKey::new("default", env::ID, "run-1");
    assert_eq!(seen(&env.rows, &key, &"x".repeat(2000)), Seen::Unknown);
    assert!(matches!(env.decide(update_body("u1")), Ok(Decided::Answer(_))));
}
