//! Children: what parent and child write down, whatever order things come in.

#![allow(deprecated, reason = "SDKs still send what is deprecated about children")]

use klamm_machine::TablesExt;
use klamm_messages::{
    klamm::v1::{Command, RunState, command::Body},
    temporal::{
        command::v1::{RequestCancelExternalWorkflowExecutionCommandAttributes, StartChildWorkflowExecutionCommandAttributes},
        common::v1::{Header, Memo, Payload, Priority, RetryPolicy, SearchAttributes, WorkflowType},
        enums::v1::{ParentClosePolicy, WorkflowExecutionStatus, WorkflowIdReusePolicy},
        history::v1::history_event,
        workflowservice::v1::StartWorkflowExecutionRequest,
    },
};
use klamm_workflow::tables::{RunKey, Runs, Workflows};

use crate::{
    Attributes, cancel, complete, continue_as_new,
    env::{self, Env, ID, complete_body, seconds, signal_body, start_task_body, terminate_body},
    fail, payload, payloads, text,
};

/// A command that starts the child `id`, with something told differently.
pub fn child_with(id: &str, change: impl FnOnce(&mut StartChildWorkflowExecutionCommandAttributes)) -> Attributes {
    let mut attributes = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: id.to_owned(),
        workflow_type: Some(WorkflowType { name: "C".to_owned() }),
        ..StartChildWorkflowExecutionCommandAttributes::default()
    };
    change(&mut attributes);
    Attributes::StartChildWorkflowExecutionCommandAttributes(attributes)
}

/// A command that starts the child `id` with this policy.
pub fn child(id: &str, policy: ParentClosePolicy) -> Attributes {
    child_with(id, |attributes| attributes.set_parent_close_policy(policy))
}

/// Decides the first command that was sent and not delivered yet; false when there is none.
fn deliver_one(env: &mut Env) -> bool {
    if env.sent.is_empty() {
        return false;
    }
    let Command { workflow_id, settings, body, .. } = env.sent.remove(0);
    assert!(settings.is_some_and(|settings| settings.search_attribute_types.is_empty() && settings.retention.is_some()));
    env.decide_for(&workflow_id, body.unwrap()).expect("what machines send to each other is accepted");
    true
}

/// Decides all that was sent, and what is sent because of it.
pub fn deliver(env: &mut Env) {
    while deliver_one(env) {}
}

/// A started workflow whose first task has been completed with these commands; nothing is delivered yet.
pub fn parent(commands: Vec<Attributes>) -> Env {
    let mut env = Env::started();
    env.work(commands);
    env
}

/// The same, with one child that runs.
pub fn with_child(policy: ParentClosePolicy) -> Env {
    let mut env = parent(vec![child("c", policy)]);
    deliver(&mut env);
    env
}

/// Key of the newest run of a workflow id.
fn newest(env: &Env, id: &str) -> RunKey {
    let row = env.rows.get::<Workflows>(&("default".to_owned(), id.to_owned())).unwrap_or_default();
    RunKey::new("default", id, &row.current_run_id)
}

pub fn state(env: &Env, id: &str) -> RunState {
    env.rows.get::<Runs>(&newest(env, id)).map(|state| (*state).clone()).unwrap_or_default()
}

pub fn status(env: &Env, id: &str) -> WorkflowExecutionStatus {
    WorkflowExecutionStatus::try_from(state(env, id).status).unwrap()
}

/// The newest run's public events of a workflow id, a line each.
fn history_of(env: &Env, id: &str) -> String {
    let lines: Vec<_> = env.events(&newest(env, id)).iter().map(text::line).collect();
    text::with_plain_run_ids(&lines.join("\n"), &env.log)
}

/// A worker does the waiting workflow task of `id` with these commands.
pub fn work_of(env: &mut Env, id: &str, commands: Vec<Attributes>) {
    let row = env::tasks(&env.rows).into_iter().find(|row| row.workflow_id == id).expect("a task of it waits");
    let started = env.decide_for(id, start_task_body(&row, "poll")).unwrap();
    let klamm_machine::Outcome::Answer(klamm_workflow::Answer::WorkflowTaskStarted(task)) = started else { panic!("{started:?}") };
    env.decide_for(id, complete_body(&task, commands, |_| ())).unwrap();
}

#[test]
fn a_child_runs_once_its_parent_knows_of_it_and_its_result_comes_back() {
    let mut env = parent(vec![child("c", ParentClosePolicy::Unspecified)]);
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskCompleted {scheduled: 2, started: 3}
    5 StartChildWorkflowExecutionInitiated {id: c, type: C, queue: q, task_timeout: 10s, close: TERMINATE, reuse: ALLOW_DUPLICATE, completed: 4}
    ");
    assert!(deliver_one(&mut env));
    insta::assert_snapshot!(history_of(&env, "c"), @"1 WorkflowExecutionStarted {type: C, queue: q, task_timeout: 10s, first: next-1, original: next-1, parent: w/run-1, root: w/run-1}");
    assert!(env::tasks(&env.rows).is_empty(), "the child's first task waits for its parent");
    assert!(deliver_one(&mut env));
    insta::assert_snapshot!(env.history_from(6), @r"
    6 ChildWorkflowExecutionStarted {child: c/next-1, initiated: 5}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    deliver(&mut env);
    insta::assert_snapshot!(history_of(&env, "c"), @r"
    1 WorkflowExecutionStarted {type: C, queue: q, task_timeout: 10s, first: next-1, original: next-1, parent: w/run-1, root: w/run-1}
    2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    work_of(&mut env, "c", vec![complete("fine")]);
    assert!(!state(&env, ID).children.is_empty());
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(6), @r"
    6 ChildWorkflowExecutionStarted {child: c/next-1, initiated: 5}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    8 ChildWorkflowExecutionCompleted {child: c/next-1, initiated: 5, started: 6, result: fine}
    ");
    assert!(state(&env, ID).children.is_empty());
}

#[test]
fn what_the_command_tells_is_what_the_child_begins_with_and_nothing_is_inherited() {
    let mut env = Env::new();
    env.settings.namespace_id = "namespace".to_owned();
    env.settings.search_attribute_types =
        [("Key".to_owned(), klamm_messages::temporal::enums::v1::IndexedValueType::Keyword as i32)].into();
    env.start(|request| {
        request.memo = Some(Memo { fields: [("parent".to_owned(), payload(b"1"))].into() });
        request.header = Some(Header { fields: [("parent".to_owned(), payload(b"1"))].into() });
        request.priority = Some(Priority { priority_key: 2, ..Priority::default() });
        request.workflow_execution_timeout = Some(seconds(1000));
    });
    let fields = |value: &[u8]| [("k".to_owned(), payload(value)), ("gone".to_owned(), payload(b"null"))].into();
    let attribute = Payload { data: "\"v\"".into(), metadata: [("encoding".to_owned(), "json/plain".into())].into(), ..Payload::default() };
    env.work(vec![child_with("c", |a| {
        a.task_queue = Some(env::queue("other"));
        a.input = Some(payloads(b"input"));
        a.header = Some(Header { fields: [("h".to_owned(), payload(b"h"))].into() });
        a.memo = Some(Memo { fields: fields(b"m") });
        a.search_attributes = Some(SearchAttributes { indexed_fields: [("Key".to_owned(), attribute.clone())].into() });
        a.workflow_execution_timeout = Some(seconds(100));
        a.workflow_run_timeout = Some(seconds(300));
        a.workflow_task_timeout = Some(seconds(5));
        a.priority = Some(Priority { fairness_key: "f".to_owned(), ..Priority::default() });
        a.control = "control".to_owned();
    })]);
    deliver(&mut env);
    let Some(history_event::Attributes::WorkflowExecutionStartedEventAttributes(started)) =
        env.events(&newest(&env, "c")).remove(0).attributes
    else {
        unreachable!()
    };
    assert_eq!(started.task_queue.unwrap().name, "other");
    assert_eq!(started.input, Some(payloads(b"input")));
    assert_eq!(started.header.unwrap().fields.into_keys().collect::<Vec<_>>(), ["h"]);
    assert_eq!(started.memo.unwrap().fields.into_keys().collect::<Vec<_>>(), ["k"]);
    assert_eq!(started.search_attributes.unwrap().indexed_fields.into_keys().collect::<Vec<_>>(), ["Key"]);
    assert_eq!(started.workflow_execution_timeout, Some(seconds(100)));
    assert_eq!(started.workflow_run_timeout, Some(seconds(100)), "no longer than the execution");
    assert_eq!(started.workflow_task_timeout, Some(seconds(5)));
    assert_eq!(started.priority, Some(Priority { priority_key: 2, fairness_key: "f".to_owned(), fairness_weight: 0.0 }));
    assert_eq!(started.parent_workflow_namespace, "default");
    assert_eq!(started.parent_workflow_namespace_id, "namespace");
    assert_eq!(started.parent_workflow_execution, Some(env::execution("run-1")));
    assert_eq!((started.parent_initiated_event_id, started.parent_initiated_event_version), (5, 0));
    assert_eq!(started.root_workflow_execution, Some(env::execution("run-1")));
    assert_eq!((started.identity.as_str(), started.attempt), ("", 1));
    assert_eq!(state(&env, "c").start_request_id, "run-1:5:0");
    let history_event::Attributes::ChildWorkflowExecutionStartedEventAttributes(started) =
        env.events(&newest(&env, ID)).remove(5).attributes.unwrap()
    else {
        panic!()
    };
    assert_eq!(started.header.unwrap().fields.into_keys().collect::<Vec<_>>(), ["h"]);
    assert_eq!((started.namespace.as_str(), started.namespace_id.as_str()), ("default", "namespace"));
}

#[test]
fn a_childs_child_knows_its_parent_and_the_root() {
    let mut env = with_child(ParentClosePolicy::Unspecified);
    work_of(&mut env, "c", vec![child("grandchild", ParentClosePolicy::Unspecified)]);
    deliver(&mut env);
    insta::assert_snapshot!(history_of(&env, "grandchild"), @r"
    1 WorkflowExecutionStarted {type: C, queue: q, task_timeout: 10s, first: next-2, original: next-2, parent: c/next-1, root: w/run-1}
    2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    let document = klamm_workflow::visibility::document(&state(&env, "grandchild"));
    assert_eq!((document.parent_workflow_id.as_str(), document.root_workflow_id.as_str()), ("c", ID));
    assert_eq!((document.parent_run_id.as_str(), document.root_run_id.as_str()), (newest(&env, "c").run_id.as_str(), "run-1"));
}

#[test]
fn every_end_is_told() {
    let mut env = with_child(ParentClosePolicy::Unspecified);
    work_of(&mut env, "c", vec![fail("boom")]);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(8), @"8 ChildWorkflowExecutionFailed {child: c/next-1, initiated: 5, started: 6, message: boom}");

    let mut env = with_child(ParentClosePolicy::Unspecified);
    env.decide_for("c", env::cancel_body("")).unwrap();
    work_of(&mut env, "c", vec![cancel()]);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(8), @"8 ChildWorkflowExecutionCanceled {child: c/next-1, initiated: 5, started: 6}");

    let mut env = with_child(ParentClosePolicy::Unspecified);
    env.decide_for("c", terminate_body("")).unwrap();
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(8), @"8 ChildWorkflowExecutionTerminated {child: c/next-1, initiated: 5, started: 6}");

    let mut env = parent(vec![child_with("c", |a| a.workflow_run_timeout = Some(seconds(30)))]);
    deliver(&mut env);
    env.run_to(30_000);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(8), @"8 ChildWorkflowExecutionTimedOut {child: c/next-1, initiated: 5, started: 6, retry_state: RETRY_POLICY_NOT_SET}");
}

#[test]
fn only_the_end_of_a_chain_is_told_and_names_its_last_run() {
    let mut env = with_child(ParentClosePolicy::Unspecified);
    env.advance(2_000);
    work_of(&mut env, "c", vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new())]);
    assert!(env.sent.is_empty());
    let child = state(&env, "c").started.unwrap();
    assert_eq!(
        (child.parent_workflow_execution, child.root_workflow_execution),
        (Some(env::execution("run-1")), Some(env::execution("run-1")))
    );
    work_of(&mut env, "c", vec![complete("at last")]);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(6), @r"
    6 ChildWorkflowExecutionStarted {child: c/next-1, initiated: 5}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    8 ChildWorkflowExecutionCompleted {child: c/next-2, initiated: 5, started: 6, result: at last}
    ");
}

#[test]
fn a_child_whose_id_is_taken_is_not_started() {
    let mut env = parent(vec![child("c", ParentClosePolicy::Unspecified), child_with("c", |a| a.control = "again".to_owned())]);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 StartChildWorkflowExecutionInitiated {id: c, type: C, queue: q, task_timeout: 10s, close: TERMINATE, reuse: ALLOW_DUPLICATE, completed: 4}
    6 StartChildWorkflowExecutionInitiated {id: c, type: C, queue: q, task_timeout: 10s, close: TERMINATE, reuse: ALLOW_DUPLICATE, completed: 4}
    7 ChildWorkflowExecutionStarted {child: c/next-1, initiated: 5}
    8 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    9 StartChildWorkflowExecutionFailed {id: c, type: C, initiated: 6, cause: WORKFLOW_ALREADY_EXISTS, control: again}
    ");

    let mut env = with_child(ParentClosePolicy::Unspecified);
    work_of(&mut env, "c", vec![complete("")]);
    deliver(&mut env);
    env.work(vec![child_with("c", |a| a.set_workflow_id_reuse_policy(WorkflowIdReusePolicy::RejectDuplicate))]);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(9), @r"
    9 WorkflowTaskStarted {scheduled: 7, request: poll}
    10 WorkflowTaskCompleted {scheduled: 7, started: 9}
    11 StartChildWorkflowExecutionInitiated {id: c, type: C, queue: q, task_timeout: 10s, close: TERMINATE, reuse: REJECT_DUPLICATE, completed: 10}
    12 StartChildWorkflowExecutionFailed {id: c, type: C, initiated: 11, cause: WORKFLOW_ALREADY_EXISTS}
    13 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_child_may_take_the_place_of_a_running_workflow_where_it_asks_for_that() {
    let mut env = with_child(ParentClosePolicy::Unspecified);
    let policy = WorkflowIdReusePolicy::TerminateIfRunning;
    work_of(&mut env, ID, vec![child_with("c", |a| a.set_workflow_id_reuse_policy(policy))]);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(10), @r"
    10 StartChildWorkflowExecutionInitiated {id: c, type: C, queue: q, task_timeout: 10s, close: TERMINATE, reuse: TERMINATE_IF_RUNNING, completed: 9}
    11 ChildWorkflowExecutionTerminated {child: c/next-1, initiated: 5, started: 6}
    12 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    13 ChildWorkflowExecutionStarted {child: c/next-2, initiated: 10}
    ");
}

#[test]
fn a_parent_that_closes_ends_its_children_by_their_policies() {
    let mut env = parent(vec![
        child("t", ParentClosePolicy::Terminate),
        child("r", ParentClosePolicy::RequestCancel),
        child("a", ParentClosePolicy::Abandon),
        child("u", ParentClosePolicy::Unspecified),
    ]);
    deliver(&mut env);
    work_of(&mut env, ID, vec![complete("")]);
    deliver(&mut env);
    insta::assert_snapshot!(history_of(&env, "t"), @r"
    1 WorkflowExecutionStarted {type: C, queue: q, task_timeout: 10s, first: next-1, original: next-1, parent: w/run-1, root: w/run-1}
    2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    3 WorkflowExecutionTerminated {reason: by parent close policy, identity: history-service}
    ");
    insta::assert_snapshot!(history_of(&env, "r"), @r"
    1 WorkflowExecutionStarted {type: C, queue: q, task_timeout: 10s, first: next-2, original: next-2, parent: w/run-1, root: w/run-1}
    2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    3 WorkflowExecutionCancelRequested {identity: history-service, from: w/run-1}
    ");
    insta::assert_snapshot!(history_of(&env, "a"), @r"
    1 WorkflowExecutionStarted {type: C, queue: q, task_timeout: 10s, first: next-3, original: next-3, parent: w/run-1, root: w/run-1}
    2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    assert_eq!(status(&env, "u"), WorkflowExecutionStatus::Terminated, "the default");
    work_of(&mut env, "r", vec![cancel()]);
    work_of(&mut env, "a", vec![complete("")]);
    let events = env.events(&newest(&env, ID)).len();
    deliver(&mut env);
    assert_eq!(env.events(&newest(&env, ID)).len(), events, "a closed parent hears nothing more");
}

#[test]
fn so_does_every_close_also_one_that_another_run_follows() {
    type Close = fn(&mut Env);
    let closes: [Close; 6] = [
        |env| work_of(env, ID, vec![fail("boom")]),
        |env| work_of(env, ID, vec![cancel()]),
        |env| work_of(env, ID, vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new())]),
        |env| {
            env.accept(terminate_body(""));
        },
        |env| env.run_to(60_000),
        |env| {
            env.start(|request| {
                request.workflow_id_conflict_policy =
                    klamm_messages::temporal::enums::v1::WorkflowIdConflictPolicy::TerminateExisting as i32;
            });
        },
    ];
    for close in closes {
        let mut env = Env::new();
        env.start(|request: &mut StartWorkflowExecutionRequest| request.workflow_run_timeout = Some(seconds(60)));
        env.work(vec![child("t", ParentClosePolicy::Terminate), child("a", ParentClosePolicy::Abandon)]);
        deliver(&mut env);
        env.advance(2_000);
        close(&mut env);
        deliver(&mut env);
        assert_eq!(status(&env, "t"), WorkflowExecutionStatus::Terminated);
        assert_eq!(status(&env, "a"), WorkflowExecutionStatus::Running);
    }
}

#[test]
fn a_policy_follows_the_childs_chain_and_spares_others() {
    let mut env = with_child(ParentClosePolicy::Terminate);
    env.advance(2_000);
    work_of(&mut env, "c", vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new())]);
    work_of(&mut env, ID, vec![complete("")]);
    deliver(&mut env);
    assert_eq!(status(&env, "c"), WorkflowExecutionStatus::Terminated, "a later run of the chain");

    let mut env = with_child(ParentClosePolicy::Terminate);
    env.decide_for("c", terminate_body("")).unwrap();
    let other = env.start_body(|request| request.workflow_id = "c".to_owned());
    env.decide_for("c", other).unwrap();
    work_of(&mut env, ID, vec![complete("")]);
    deliver(&mut env);
    assert_eq!(status(&env, "c"), WorkflowExecutionStatus::Running, "a run that is no child of it");
}

#[test]
fn a_completion_that_closes_the_parent_starts_none_of_its_children() {
    let mut env = parent(vec![child("c", ParentClosePolicy::Abandon), child("d", ParentClosePolicy::Terminate), complete("")]);
    assert!(env.sent.iter().all(|command| !matches!(command.body, Some(Body::StartWorkflow(_)))));
    deliver(&mut env);
    assert!(env.events(&newest(&env, "c")).is_empty() && env.events(&newest(&env, "d")).is_empty());
    insta::assert_snapshot!(env.history_from(5), @r"
    5 StartChildWorkflowExecutionInitiated {id: c, type: C, queue: q, task_timeout: 10s, close: ABANDON, reuse: ALLOW_DUPLICATE, completed: 4}
    6 StartChildWorkflowExecutionInitiated {id: d, type: C, queue: q, task_timeout: 10s, close: TERMINATE, reuse: ALLOW_DUPLICATE, completed: 4}
    7 WorkflowExecutionCompleted {completed: 4}
    ");
}

#[test]
fn a_parent_that_closes_before_it_knows_of_the_child_leaves_none_that_waits_for_ever() {
    for (policy, expected) in [
        (ParentClosePolicy::Terminate, WorkflowExecutionStatus::Terminated),
        (ParentClosePolicy::RequestCancel, WorkflowExecutionStatus::Running),
        (ParentClosePolicy::Abandon, WorkflowExecutionStatus::Running),
    ] {
        let mut env = parent(vec![child("c", policy)]);
        env.accept(terminate_body(""));
        deliver(&mut env);
        assert_eq!(status(&env, "c"), expected);
        let waits = env::tasks(&env.rows).iter().any(|row| row.workflow_id == "c");
        assert_eq!(waits, expected == WorkflowExecutionStatus::Running, "an open child can go on");
    }
}

#[test]
fn events_about_children_wait_for_the_running_task_and_ends_come_last() {
    let mut env = parent(vec![child("c", ParentClosePolicy::Unspecified), child("d", ParentClosePolicy::Unspecified)]);
    env.signal("wake");
    let task = env.poll();
    deliver(&mut env);
    assert_eq!(state(&env, ID).children.len(), 2);
    work_of(&mut env, "c", vec![complete("c")]);
    deliver(&mut env);
    env.signal("later");
    assert_eq!(state(&env, ID).children.len(), 1, "what has ended is pending no longer");
    env.complete(&task, Vec::new());
    insta::assert_snapshot!(env.history_from(7), @r"
    7 WorkflowExecutionSignaled {name: wake}
    8 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    9 WorkflowTaskStarted {scheduled: 8, request: poll}
    10 WorkflowTaskCompleted {scheduled: 8, started: 9}
    11 ChildWorkflowExecutionStarted {child: c/next-1, initiated: 5}
    12 ChildWorkflowExecutionStarted {child: d/next-2, initiated: 6}
    13 WorkflowExecutionSignaled {name: later}
    14 ChildWorkflowExecutionCompleted {child: c/next-1, initiated: 5, started: 11, result: c}
    15 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_parent_cannot_close_while_news_of_a_child_waits() {
    let mut env = parent(vec![child("c", ParentClosePolicy::Unspecified)]);
    env.signal("wake");
    let task = env.poll();
    deliver(&mut env);
    assert_eq!(env.complete_refused(&task, vec![complete("")]), "InvalidArgument: UnhandledCommand");
}

#[test]
fn a_signal_before_the_parent_knows_of_the_child_schedules_its_first_task() {
    let mut env = parent(vec![child("c", ParentClosePolicy::Unspecified)]);
    deliver_one(&mut env);
    env.decide_for("c", signal_body("s", "")).unwrap();
    deliver(&mut env);
    insta::assert_snapshot!(history_of(&env, "c"), @r"
    1 WorkflowExecutionStarted {type: C, queue: q, task_timeout: 10s, first: next-1, original: next-1, parent: w/run-1, root: w/run-1}
    2 WorkflowExecutionSignaled {name: s}
    3 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_child_that_ends_before_its_start_is_known_is_told_with_both_events() {
    let mut env = parent(vec![child("c", ParentClosePolicy::Unspecified)]);
    deliver_one(&mut env);
    env.decide_for("c", terminate_body("")).unwrap();
    // The answer to the start is the first of both; it comes after the end here.
    env.sent.swap(0, 1);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 StartChildWorkflowExecutionInitiated {id: c, type: C, queue: q, task_timeout: 10s, close: TERMINATE, reuse: ALLOW_DUPLICATE, completed: 4}
    6 ChildWorkflowExecutionStarted {child: c/next-1, initiated: 5}
    7 ChildWorkflowExecutionTerminated {child: c/next-1, initiated: 5, started: 6}
    8 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn an_end_that_is_told_twice_or_of_another_chain_changes_nothing() {
    let mut env = with_child(ParentClosePolicy::Unspecified);
    work_of(&mut env, "c", vec![complete("")]);
    let told = env.sent.clone();
    let [Command { body: Some(Body::ChildRunClosed(closed)), .. }] = &told[..] else { panic!("{told:?}") };
    let mut other = closed.clone();
    other.first_run_id = "another".to_owned();
    env.accept(Body::ChildRunClosed(other));
    assert_eq!(state(&env, ID).children.len(), 1);
    deliver(&mut env);
    let events = env.log.len();
    env.sent = told;
    deliver(&mut env);
    assert_eq!(env.log.len(), events);
}

/// The worker's answer to a first task with this command, and what the history says of it.
fn refused(change: impl FnOnce(&mut StartChildWorkflowExecutionCommandAttributes)) -> String {
    let mut env = Env::started();
    let task = env.poll();
    let told = env.complete_refused(&task, vec![child_with("c", change)]);
    assert!(env.sent.is_empty());
    told
}

#[test]
fn bad_attributes_fail_the_task_in_temporals_words() {
    let long = "x".repeat(1001);
    insta::assert_snapshot!(refused(|a| a.namespace = "other".to_owned()), @"InvalidArgument: BadStartChildExecutionAttributes: cross namespace commands are not allowed");
    insta::assert_snapshot!(refused(|a| a.workflow_id.clear()), @"InvalidArgument: BadStartChildExecutionAttributes: Required field WorkflowId is not set on StartChildWorkflowExecutionCommand. WorkflowType=C Namespace=default");
    insta::assert_snapshot!(refused(|a| a.workflow_type = None), @"InvalidArgument: BadStartChildExecutionAttributes: Required field WorkflowType is not set on StartChildWorkflowExecutionCommand. WorkflowId=c Namespace=default");
    insta::assert_snapshot!(refused(|a| a.workflow_execution_timeout = Some(seconds(-1))), @"InvalidArgument: BadStartChildExecutionAttributes: Invalid WorkflowExecutionTimeout on StartChildWorkflowExecutionCommand: negative duration. WorkflowId=c WorkflowType=C Namespace=default");
    insta::assert_snapshot!(refused(|a| a.workflow_run_timeout = Some(seconds(-1))), @"InvalidArgument: BadStartChildExecutionAttributes: Invalid WorkflowRunTimeout on StartChildWorkflowExecutionCommand: negative duration. WorkflowId=c WorkflowType=C Namespace=default");
    insta::assert_snapshot!(refused(|a| a.workflow_task_timeout = Some(seconds(-1))), @"InvalidArgument: BadStartChildExecutionAttributes: Invalid WorkflowTaskTimeout on StartChildWorkflowExecutionCommand: negative duration. WorkflowId=c WorkflowType=C Namespace=default");
    insta::assert_snapshot!(refused(|a| a.cron_schedule = "often".to_owned()), @"InvalidArgument: BadStartChildExecutionAttributes: invalid CronSchedule on StartChildWorkflowExecutionCommand: invalid CronSchedule.. WorkflowId=c WorkflowType=C Namespace=default");
    let negative = Some(RetryPolicy { maximum_attempts: -1, ..RetryPolicy::default() });
    insta::assert_snapshot!(refused(|a| a.retry_policy = negative), @"InvalidArgument: BadStartChildExecutionAttributes: invalid WorkflowRetryPolicy on StartChildWorkflowExecutionCommand: MaximumAttempts cannot be negative on retry policy.. WorkflowId=c WorkflowType=C Namespace=default");
    insta::assert_snapshot!(refused(|a| a.priority = Some(Priority { priority_key: -1, ..Priority::default() })), @"InvalidArgument: BadStartChildExecutionAttributes: priority key can't be negative");
    insta::assert_snapshot!(refused(|a| a.task_queue = Some(env::queue("/_sys/q"))), @r#"InvalidArgument: BadStartChildExecutionAttributes: invalid TaskQueue on StartChildWorkflowExecutionCommand: task queue name cannot start with reserved prefix /_sys/. WorkflowId=c WorkflowType=C Namespace=default TaskQueue=name:"/_sys/q"  kind:TASK_QUEUE_KIND_NORMAL"#);
    insta::assert_snapshot!(
        refused(|a| a.search_attributes = Some(SearchAttributes { indexed_fields: [("Nobody".to_owned(), payload(b"1"))].into() })),
        @"InvalidArgument: BadSearchAttributes: Namespace default has no mapping defined for search attribute Nobody"
    );
    insta::assert_snapshot!(
        refused(|a| a.search_attributes = Some(SearchAttributes { indexed_fields: [("WorkflowId".to_owned(), payload(b"1"))].into() })),
        @"InvalidArgument: BadSearchAttributes: invalid SearchAttributes on StartChildWorkflowCommand: WorkflowId attribute can't be set in SearchAttributes. WorkflowId=c WorkflowType=C Namespace=default"
    );
    let inherits = refused(|a| {
        a.inherit_build_id = true;
        a.task_queue = Some(env::queue("other"));
    });
    insta::assert_snapshot!(inherits, @"InvalidArgument: BadStartChildExecutionAttributes: StartChildWorkflowExecution with UseCompatibleVersion cannot run on different task queue.");
    let told = refused(|a| a.workflow_id = long.clone());
    assert!(
        told.contains("WorkflowId on StartChildWorkflowExecutionCommand exceeds length limit.") && told.contains("Length=1001 Limit=1000")
    );
    let told = refused(|a| a.workflow_type = Some(WorkflowType { name: long }));
    assert!(
        told.contains("WorkflowType on StartChildWorkflowExecutionCommand exceeds length limit.")
            && told.contains("Length=1001 Limit=1000")
    );
}

#[test]
fn a_child_cannot_be_cancelled_by_the_completion_that_starts_it() {
    let mut env = Env::started();
    let task = env.poll();
    let request_cancel =
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(RequestCancelExternalWorkflowExecutionCommandAttributes {
            workflow_id: "c".to_owned(),
            child_workflow_only: true,
            ..Default::default()
        });
    let told = env.complete_refused(&task, vec![child("c", ParentClosePolicy::Unspecified), request_cancel.clone()]);
    insta::assert_snapshot!(told, @"InvalidArgument: BadRequestCancelExternalWorkflowExecutionAttributes: Start and RequestCancel for child workflow is not allowed in same workflow task. WorkflowId=c RunId= Namespace=");

    let mut env = with_child(ParentClosePolicy::Unspecified);
    work_of(&mut env, ID, vec![request_cancel]);
    deliver(&mut env);
    assert!(state(&env, "c").cancel_requested, "a later one can");
}

#[test]
fn options_that_are_not_built_are_refused() {
    assert!(refused(|a| a.versioning_override = Some(Default::default())).starts_with("InvalidArgument: FeatureDisabled: "));
}

#[test]
fn oversized_payloads_terminate_the_parent() {
    let large = || vec![b'x'; 3 * 1024 * 1024];
    for change in [
        Box::new(|a: &mut StartChildWorkflowExecutionCommandAttributes| a.input = Some(payloads(&large())))
            as Box<dyn Fn(&mut StartChildWorkflowExecutionCommandAttributes)>,
        Box::new(|a| a.memo = Some(Memo { fields: [("m".to_owned(), payload(&large()))].into() })),
    ] {
        let mut env = Env::started();
        let task = env.poll();
        env.complete_refused(&task, vec![child_with("c", change)]);
        assert_eq!(status(&env, ID), WorkflowExecutionStatus::Terminated);
    }
}

#[test]
fn the_number_of_pending_children_has_a_limit() {
    let mut env = Env::started();
    env.checks_folds = false;
    env.work((0..2000).map(|i| child(&format!("c{i}"), ParentClosePolicy::Terminate)).collect());
    env.signal("wake");
    let task = env.poll();
    let told = env.complete_refused(&task, vec![child("more", ParentClosePolicy::Terminate)]);
    insta::assert_snapshot!(told, @"InvalidArgument: PendingChildWorkflowsLimitExceeded: the number of pending child workflow executions, 2000, has reached the per-workflow limit of 2000");
    env.accept(terminate_body(""));
    let closed = |command: &Command| matches!(command.body, Some(Body::ParentClosed(_)));
    assert_eq!(env.sent.iter().filter(|command| closed(command)).count(), 2000);
}
