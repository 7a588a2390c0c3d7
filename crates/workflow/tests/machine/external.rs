//! Signals and cancel requests to other workflows. Source and target are on the same partition here; what one sends is delivered by hand.

#![allow(deprecated, reason = "workers still name namespaces, and older ones send `control`")]

use klamm_machine::{Outcome, TablesExt};
use klamm_messages::{
    klamm::v1::{AskedBy, Command, ExternalAnswered, ExternalOutcome, RunState, SignalWorkflow, command::Body},
    temporal::{
        command::v1::{RequestCancelExternalWorkflowExecutionCommandAttributes, SignalExternalWorkflowExecutionCommandAttributes},
        common::v1::WorkflowExecution,
        history::v1::{HistoryEvent, history_event},
        workflowservice::v1::SignalWorkflowExecutionRequest,
    },
};
use klamm_workflow::tables::{RunKey, Runs, Workflows};

use crate::{
    Attributes, activity, complete, continue_as_new,
    env::{self, Env, ID, cancel_body, terminate_body},
    payloads,
    reset::reset,
    text,
};

/// Checks that what is pending are the signals and cancel requests to other workflows that the history has begun and not ended.
pub fn check_pending(run: &RunState, events: &[HistoryEvent]) {
    let is_open = run.close_time.is_none();
    let initiates = |event: &HistoryEvent| {
        matches!(
            event.attributes,
            Some(
                history_event::Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(_)
                    | history_event::Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(_)
            )
        )
    };
    let ended: Vec<_> = events.iter().chain(&run.buffered_events).filter_map(ended_external).collect();
    let begun = events.iter().filter(|event| is_open && initiates(event)).map(|event| event.event_id);
    let expected: Vec<_> = begun.filter(|id| !ended.contains(id)).collect();
    assert_eq!(run.externals.keys().copied().collect::<Vec<_>>(), expected, "what {} has asked of others", run.run_id);
    let mut once = ended.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ended.len(), "{} was told twice", run.run_id);
}

/// The event that initiated what this event ends.
fn ended_external(event: &HistoryEvent) -> Option<i64> {
    match event.attributes.as_ref()? {
        history_event::Attributes::ExternalWorkflowExecutionSignaledEventAttributes(a) => Some(a.initiated_event_id),
        history_event::Attributes::SignalExternalWorkflowExecutionFailedEventAttributes(a) => Some(a.initiated_event_id),
        history_event::Attributes::ExternalWorkflowExecutionCancelRequestedEventAttributes(a) => Some(a.initiated_event_id),
        history_event::Attributes::RequestCancelExternalWorkflowExecutionFailedEventAttributes(a) => Some(a.initiated_event_id),
        _ => None,
    }
}

/// Whether a run has sent this to another workflow, or is told what came of it.
pub fn is_external(command: &Command) -> bool {
    command.asked_by.is_some() || matches!(command.body, Some(Body::ExternalAnswered(_)))
}

/// The target's workflow id.
const OTHER: &str = "other";

/// A signal to another workflow.
pub fn signal_external(workflow_id: &str, run_id: &str, name: &str) -> Attributes {
    Attributes::SignalExternalWorkflowExecutionCommandAttributes(SignalExternalWorkflowExecutionCommandAttributes {
        execution: Some(WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: run_id.to_owned() }),
        signal_name: name.to_owned(),
        input: Some(payloads(b"1")),
        ..SignalExternalWorkflowExecutionCommandAttributes::default()
    })
}

/// A request to cancel another workflow.
pub fn cancel_external(workflow_id: &str, run_id: &str) -> Attributes {
    Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(RequestCancelExternalWorkflowExecutionCommandAttributes {
        workflow_id: workflow_id.to_owned(),
        run_id: run_id.to_owned(),
        reason: "enough".to_owned(),
        ..RequestCancelExternalWorkflowExecutionCommandAttributes::default()
    })
}

/// The same for a child only.
fn child_only(mut attributes: Attributes) -> Attributes {
    match &mut attributes {
        Attributes::SignalExternalWorkflowExecutionCommandAttributes(a) => a.child_workflow_only = true,
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(a) => a.child_workflow_only = true,
        other => panic!("{other:?}"),
    }
    attributes
}

/// A partition with the usual workflow and another one (run-2).
fn two() -> Env {
    let mut env = Env::started();
    start_other(&mut env);
    env
}

fn start_other(env: &mut Env) {
    let body = env.start_body(|request| {
        request.workflow_id = OTHER.to_owned();
        request.task_queue = Some(env::queue("others"));
    });
    assert!(matches!(env.decide_for(OTHER, body), Ok(Outcome::Answer(_))));
}

/// Delivers what was sent, and what that sends, and so on. All of it is accepted.
pub fn deliver(env: &mut Env) {
    while !env.sent.is_empty() {
        for command in std::mem::take(&mut env.sent) {
            let decision = env.decide_command(&command);
            assert!(matches!(decision, Ok(Outcome::Answer(_))), "{decision:?} of {command:?}");
        }
    }
}

fn line(command: &Command) -> String {
    let by = command.asked_by.clone().unwrap_or_default();
    match command.body.as_ref() {
        Some(Body::SignalWorkflow(signal)) => {
            let request = signal.request.clone().unwrap_or_default();
            format!("signal {} to {} from {}/{} by {}", request.signal_name, command.workflow_id, by.workflow_id, by.run_id, by.attempt)
        }
        Some(Body::RequestCancelWorkflow(_)) => format!("cancel {} from {}/{}", command.workflow_id, by.workflow_id, by.run_id),
        Some(Body::ExternalAnswered(answered)) => format!("answer to {}: {:?}", command.workflow_id, answered.outcome()),
        other => panic!("{other:?}"),
    }
}

/// What was sent since the last look and is not delivered, a line each.
fn sent(env: &Env) -> String {
    env.sent.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The other workflow's newest run, its events from this id on.
fn other_from(env: &Env, event_id: i64) -> String {
    let row = env.rows.get::<Workflows>(&("default".to_owned(), OTHER.to_owned())).unwrap();
    let events = env.events(&RunKey::new("default", OTHER, &row.current_run_id));
    let lines: Vec<_> = events.iter().filter(|event| event.event_id >= event_id).map(text::line).collect();
    lines.join("\n")
}

/// Closes the other workflow.
fn terminate_other(env: &mut Env) {
    let Body::TerminateWorkflow(mut body) = terminate_body("") else { unreachable!() };
    body.request.as_mut().unwrap().workflow_execution = Some(WorkflowExecution { workflow_id: OTHER.to_owned(), run_id: String::new() });
    assert!(env.decide_for(OTHER, Body::TerminateWorkflow(body)).is_ok());
}

#[test]
fn a_signal_reaches_the_other_workflow_and_is_told() {
    let mut env = two();
    env.work(vec![signal_external(OTHER, "", "hello")]);
    insta::assert_snapshot!(sent(&env), @"signal hello to other from w/run-1 by 1");
    assert_eq!(env.state().externals.len(), 1);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskCompleted {scheduled: 2, started: 3}
    5 SignalExternalWorkflowExecutionInitiated {target: other, name: hello}
    6 ExternalWorkflowExecutionSignaled {initiated: 5, target: other}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    insta::assert_snapshot!(other_from(&env, 3), @"3 WorkflowExecutionSignaled {name: hello, from: w/run-1}");
    assert!(env.state().externals.is_empty());
}

#[test]
fn a_signal_reaches_once_also_where_resets_make_it_pending_again() {
    let mut env = two();
    env.work(vec![signal_external(OTHER, "", "hello"), cancel_external(OTHER, "")]);
    let sent_first = std::mem::take(&mut env.sent);
    env.signal("one");
    env.work(vec![]);
    env.sent = sent_first;
    deliver(&mut env);
    // The task that completes with event 10 is the first after what was asked, and the answers came after it.
    insta::assert_snapshot!(env.history_from(10), @r"
    10 WorkflowTaskCompleted {scheduled: 8, started: 9}
    11 ExternalWorkflowExecutionSignaled {initiated: 5, target: other}
    12 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    13 ExternalWorkflowExecutionCancelRequested {initiated: 6, target: other}
    ");
    for run_id in ["second", "third"] {
        env.accept(reset("", 10, run_id, |_| ()));
        assert_eq!(env.state().externals.len(), 2);
        deliver(&mut env);
        assert!(env.state().externals.is_empty());
    }
    // The news of a target that has closed since is that it was reached.
    terminate_other(&mut env);
    env.accept(reset("", 10, "fourth", |_| ()));
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(10), @r"
    10 WorkflowTaskFailed {scheduled: 8, started: 9, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    11 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    12 ExternalWorkflowExecutionSignaled {initiated: 5, target: other}
    13 ExternalWorkflowExecutionCancelRequested {initiated: 6, target: other}
    ");
    insta::assert_snapshot!(other_from(&env, 3), @r"
    3 WorkflowExecutionSignaled {name: hello, from: w/run-1}
    4 WorkflowExecutionCancelRequested {cause: enough, identity: history-service, from: w/run-1, initiated: 6}
    5 WorkflowExecutionTerminated {reason: because, identity: client}
    ");
}

#[test]
fn the_events_tell_all_that_the_command_told() {
    let mut env = two();
    env.settings.namespace_id = "namespace-id".to_owned();
    let signal = SignalExternalWorkflowExecutionCommandAttributes {
        namespace: "default".to_owned(),
        control: "control".to_owned(),
        execution: Some(WorkflowExecution { workflow_id: OTHER.to_owned(), run_id: String::new() }),
        signal_name: "hello".to_owned(),
        input: Some(payloads(b"1")),
        header: Some(Default::default()),
        ..SignalExternalWorkflowExecutionCommandAttributes::default()
    };
    env.work(vec![Attributes::SignalExternalWorkflowExecutionCommandAttributes(signal.clone())]);
    deliver(&mut env);
    let events = env.events(&env.current());
    let Some(history_event::Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(initiated)) = &events[4].attributes else {
        panic!()
    };
    assert_eq!((initiated.namespace.as_str(), initiated.namespace_id.as_str()), ("default", "namespace-id"));
    assert_eq!((&initiated.input, &initiated.header), (&signal.input, &signal.header));
    assert_eq!((initiated.control.as_str(), initiated.workflow_task_completed_event_id), ("control", 4));
    let Some(history_event::Attributes::ExternalWorkflowExecutionSignaledEventAttributes(signaled)) = &events[5].attributes else {
        panic!()
    };
    assert_eq!((signaled.namespace.as_str(), signaled.namespace_id.as_str()), ("default", "namespace-id"));
    assert_eq!(signaled.control, "control");
    let other = env.events(&RunKey::new("default", OTHER, "run-2"));
    let Some(history_event::Attributes::WorkflowExecutionSignaledEventAttributes(got)) = &other[2].attributes else { panic!() };
    assert_eq!((&got.input, &got.header, got.identity.as_str()), (&signal.input, &signal.header, "history-service"));
    assert!(!got.request_id.is_empty());
}

#[test]
fn a_cancel_request_reaches_the_other_workflow_and_is_told() {
    let mut env = two();
    env.work(vec![cancel_external(OTHER, "")]);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 RequestCancelExternalWorkflowExecutionInitiated {target: other, reason: enough}
    6 ExternalWorkflowExecutionCancelRequested {initiated: 5, target: other}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    insta::assert_snapshot!(other_from(&env, 3), @"3 WorkflowExecutionCancelRequested {cause: enough, identity: history-service, from: w/run-1, initiated: 5}");
}

#[test]
fn a_second_cancel_request_and_one_of_a_closed_workflow_succeed() {
    let mut env = two();
    env.work(vec![cancel_external(OTHER, ""), cancel_external(OTHER, "")]);
    deliver(&mut env);
    terminate_other(&mut env);
    env.work(vec![cancel_external(OTHER, "")]);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 RequestCancelExternalWorkflowExecutionInitiated {target: other, reason: enough}
    6 RequestCancelExternalWorkflowExecutionInitiated {target: other, reason: enough}
    7 ExternalWorkflowExecutionCancelRequested {initiated: 5, target: other}
    8 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    9 ExternalWorkflowExecutionCancelRequested {initiated: 6, target: other}
    10 WorkflowTaskStarted {scheduled: 8, request: poll}
    11 WorkflowTaskCompleted {scheduled: 8, started: 10}
    12 RequestCancelExternalWorkflowExecutionInitiated {target: other, reason: enough}
    13 ExternalWorkflowExecutionCancelRequested {initiated: 12, target: other}
    14 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    insta::assert_snapshot!(other_from(&env, 3), @r"
    3 WorkflowExecutionCancelRequested {cause: enough, identity: history-service, from: w/run-1, initiated: 5}
    4 WorkflowExecutionTerminated {reason: because, identity: client}
    ");
}

#[test]
fn unknown_closed_and_own_workflows_are_not_found() {
    let mut env = two();
    terminate_other(&mut env);
    let run = "11111111-1111-4111-8111-111111111111";
    let targets = [("nobody", ""), (OTHER, run), (OTHER, ""), (ID, ""), (ID, run)];
    env.work(targets.iter().map(|(workflow_id, run_id)| signal_external(workflow_id, run_id, "hello")).collect());
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(10), @r"
    10 SignalExternalWorkflowExecutionFailed {initiated: 5, target: nobody, cause: EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND}
    11 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    12 SignalExternalWorkflowExecutionFailed {initiated: 6, target: other/11111111-1111-4111-8111-111111111111, cause: EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND}
    13 SignalExternalWorkflowExecutionFailed {initiated: 7, target: other, cause: EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND}
    14 SignalExternalWorkflowExecutionFailed {initiated: 8, target: w, cause: EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND}
    15 SignalExternalWorkflowExecutionFailed {initiated: 9, target: w/11111111-1111-4111-8111-111111111111, cause: EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND}
    ");
    let mut env = two();
    let targets = [("nobody", ""), (OTHER, run), (ID, "")];
    env.work(targets.iter().map(|(workflow_id, run_id)| cancel_external(workflow_id, run_id)).collect());
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(8), @r"
    8 RequestCancelExternalWorkflowExecutionFailed {initiated: 5, target: nobody, cause: EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND}
    9 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    10 RequestCancelExternalWorkflowExecutionFailed {initiated: 6, target: other/11111111-1111-4111-8111-111111111111, cause: EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND}
    11 RequestCancelExternalWorkflowExecutionFailed {initiated: 7, target: w, cause: EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND}
    ");
    assert!(!env.state().cancel_requested);
}

#[test]
fn a_stranger_is_no_child() {
    let mut env = two();
    env.work(vec![child_only(signal_external(OTHER, "", "hello")), child_only(cancel_external(OTHER, ""))]);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(7), @r"
    7 SignalExternalWorkflowExecutionFailed {initiated: 5, target: other, cause: EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND}
    8 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    9 RequestCancelExternalWorkflowExecutionFailed {initiated: 6, target: other, cause: EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND}
    ");
    insta::assert_snapshot!(other_from(&env, 3), @"");
}

#[test]
fn a_workflow_that_has_had_too_many_signals_takes_no_more() {
    let mut env = two();
    let key = RunKey::new("default", OTHER, "run-2");
    let mut run = (*env.rows.get::<Runs>(&key).unwrap()).clone();
    run.signal_count = 10_000;
    env.rows.put::<Runs>(&key, run);
    env.checks_folds = false;
    env.work(vec![signal_external(OTHER, "", "hello")]);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(6), @r"
    6 SignalExternalWorkflowExecutionFailed {initiated: 5, target: other, cause: SIGNAL_COUNT_LIMIT_EXCEEDED}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn answers_wait_while_a_workflow_task_runs() {
    let mut env = two();
    env.work(vec![signal_external(OTHER, "", "hello"), cancel_external("nobody", "")]);
    env.signal("go on");
    let task = env.poll();
    deliver(&mut env);
    assert!(env.state().externals.is_empty());
    env.complete(&task, Vec::new());
    insta::assert_snapshot!(env.history_from(8), @r"
    8 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    9 WorkflowTaskStarted {scheduled: 8, request: poll}
    10 WorkflowTaskCompleted {scheduled: 8, started: 9}
    11 ExternalWorkflowExecutionSignaled {initiated: 5, target: other}
    12 RequestCancelExternalWorkflowExecutionFailed {initiated: 6, target: nobody, cause: EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND}
    13 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_run_that_closes_in_the_same_task_sends_nothing() {
    let mut env = two();
    env.work(vec![signal_external(OTHER, "", "hello"), cancel_external(OTHER, ""), complete("done")]);
    assert!(env.sent.is_empty());
    let mut env = two();
    env.work(vec![signal_external(OTHER, "", "hello"), Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new())]);
    assert!(env.sent.is_empty());
}

#[test]
fn an_answer_to_a_closed_run_is_dropped() {
    let mut env = two();
    env.work(vec![signal_external(OTHER, "", "hello")]);
    env.accept(terminate_body(""));
    let at = env.state().next_event_id;
    deliver(&mut env);
    assert_eq!(env.state().next_event_id, at);
    insta::assert_snapshot!(other_from(&env, 3), @"3 WorkflowExecutionSignaled {name: hello, from: w/run-1}");
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing() {
    let mut env = two();
    env.work(vec![signal_external(OTHER, "", "hello"), activity("a")]);
    let ask = env.sent[0].clone();
    deliver(&mut env);
    let at = env.log.len();
    // The same request again takes effect once, and its answer is dropped.
    assert!(env.decide_command(&ask).is_ok());
    deliver(&mut env);
    for initiated_event_id in [5, 6, 400] {
        let asked_by = AskedBy { workflow_id: ID.to_owned(), run_id: "run-1".to_owned(), initiated_event_id, ..AskedBy::default() };
        let outcome = ExternalOutcome::NotFound as i32;
        env.accept(Body::ExternalAnswered(ExternalAnswered { asked_by: Some(asked_by), outcome }));
    }
    assert_eq!(env.log.len(), at);
}

/// The other workflow has tried to close while a signal waited for it, and its next task is running.
fn closing() -> Env {
    let mut env = Env::new();
    start_other(&mut env);
    let task = poll_other(&mut env);
    signal_other(&mut env);
    assert_eq!(refuse_completion(&mut env, &task), "InvalidArgument: UnhandledCommand");
    poll_other(&mut env);
    env.start(|_| ());
    env
}

fn poll_other(env: &mut Env) -> klamm_workflow::answer::StartedWorkflowTask {
    let row = env.waiting_workflow_task().unwrap();
    match env.decide_for(OTHER, env::start_task_body(&row, "other-poll")) {
        Ok(Outcome::Answer(klamm_workflow::Answer::WorkflowTaskStarted(task))) => *task,
        other => panic!("{other:?}"),
    }
}

fn signal_other(env: &mut Env) {
    let request = SignalWorkflowExecutionRequest {
        workflow_execution: Some(WorkflowExecution { workflow_id: OTHER.to_owned(), run_id: String::new() }),
        signal_name: "waits".to_owned(),
        ..SignalWorkflowExecutionRequest::default()
    };
    assert!(env.decide_for(OTHER, Body::SignalWorkflow(SignalWorkflow { request: Some(request) })).is_ok());
}

fn complete_other(env: &mut Env, task: &klamm_workflow::answer::StartedWorkflowTask) -> klamm_machine::Decision<klamm_workflow::Answer> {
    let Body::CompleteWorkflowTask(mut body) = env::complete_body(task, vec![complete("done")], |_| ()) else { unreachable!() };
    body.token.as_mut().unwrap().workflow_id = OTHER.to_owned();
    env.decide_for(OTHER, Body::CompleteWorkflowTask(body))
}

fn refuse_completion(env: &mut Env, task: &klamm_workflow::answer::StartedWorkflowTask) -> String {
    match complete_other(env, task) {
        Ok(Outcome::Refused(rejection)) => env::refusal(&rejection),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_target_that_is_about_to_close_is_asked_again_later() {
    let mut env = closing();
    env.work(vec![signal_external(OTHER, "", "hello")]);
    let at = env.log.len();
    deliver(&mut env);
    insta::assert_snapshot!(env.records_from(at), @"~external 5 attempt 1 retry 1001000");
    let request_id = env.state().externals[&5].state.clone().unwrap().request_id;
    env.run_to(999);
    assert!(env.sent.is_empty());
    env.run_to(1_000);
    insta::assert_snapshot!(sent(&env), @"signal hello to other from w/run-2 by 2");
    assert_eq!(env.sent[0].asked_by.as_ref().unwrap().request_id, request_id);
    deliver(&mut env);
    assert_eq!(env.next_wake(), Some(3_000));

    // Its task times out, so it is no longer about to close; the signal comes before the next task starts.
    env.run_to(11_000);
    deliver(&mut env);
    insta::assert_snapshot!(env.history_from(6), @r"
    6 ExternalWorkflowExecutionSignaled {initiated: 5, target: other}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn attempts_become_rarer_and_end_with_the_run() {
    let mut env = closing();
    env.work(vec![signal_external(OTHER, "", "hello")]);
    let asked_by = env.sent[0].asked_by.clone().unwrap();
    for (attempt, retry) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (4_000_000_000, 60)] {
        let asked_by = AskedBy { attempt, ..asked_by.clone() };
        let outcome = ExternalOutcome::Busy as i32;
        env.accept(Body::ExternalAnswered(ExternalAnswered { asked_by: Some(asked_by), outcome }));
        let state = env.state().externals[&5].state.clone().unwrap();
        assert_eq!(state.retry_time.map(|time| klamm_machine::Time::from(&time).millis()), Some(env::START + retry * 1000));
    }
    env.accept(terminate_body(""));
    assert!(env.state().externals.is_empty());
}

#[test]
fn a_pending_one_does_not_keep_a_run_from_closing() {
    let mut env = two();
    env.work(vec![signal_external(OTHER, "", "hello")]);
    env.accept(cancel_body(""));
    env.work(vec![complete("done")]);
    assert!(!env.history().contains("ExternalWorkflowExecutionSignaled"));
}

/// What a worker is told that completes its task with this command.
fn refused(command: Attributes) -> String {
    let mut env = Env::started();
    let task = env.poll();
    let told = env.complete_refused(&task, vec![command]);
    assert!(env.sent.is_empty() && env.state().externals.is_empty());
    let history = env.history_from(4);
    let cause = history.split("cause: ").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or("none");
    format!("{cause} {told}")
}

#[test]
fn bad_signals_fail_the_task() {
    let signal = |change: &dyn Fn(&mut SignalExternalWorkflowExecutionCommandAttributes)| {
        let Attributes::SignalExternalWorkflowExecutionCommandAttributes(mut a) = signal_external(OTHER, "", "hello") else { panic!() };
        change(&mut a);
        refused(Attributes::SignalExternalWorkflowExecutionCommandAttributes(a))
    };
    insta::assert_snapshot!(signal(&|a| a.execution = None), @"BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES InvalidArgument: BadSignalWorkflowExecutionAttributes: Execution is not set on SignalExternalWorkflowExecutionCommand.");
    insta::assert_snapshot!(signal(&|a| a.namespace = "elsewhere".to_owned()), @"BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES InvalidArgument: BadSignalWorkflowExecutionAttributes: cross namespace commands are not allowed");
    insta::assert_snapshot!(signal(&|a| a.execution = Some(WorkflowExecution::default())), @"BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES InvalidArgument: BadSignalWorkflowExecutionAttributes: WorkflowId is not set on SignalExternalWorkflowExecutionCommand. Namespace= RunId= SignalName=hello");
    insta::assert_snapshot!(signal(&|a| a.execution.as_mut().unwrap().run_id = "no uuid".to_owned()), @"BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES InvalidArgument: BadSignalWorkflowExecutionAttributes: Invalid RunId set on SignalExternalWorkflowExecutionCommand. WorkflowId=other Namespace= RunId=no uuid SignalName=hello");
    insta::assert_snapshot!(signal(&|a| a.signal_name = String::new()), @"BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES InvalidArgument: BadSignalWorkflowExecutionAttributes: SignalName is not set on SignalExternalWorkflowExecutionCommand. WorkflowId=other Namespace= RunId=");
    let long = signal(&|a| a.execution.as_mut().unwrap().workflow_id = "x".repeat(1001));
    insta::assert_snapshot!(long.replace(&"x".repeat(1001), "x…"), @"BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES InvalidArgument: BadSignalWorkflowExecutionAttributes: WorkflowId on SignalExternalWorkflowExecutionCommand exceeds length limit. WorkflowId=x… Length=1001 Limit=1000 Namespace= RunId= SignalName=hello");
    insta::assert_snapshot!(signal(&|a| a.input = Some(payloads(&[0; 2 * 1024 * 1024 + 1]))), @"BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES InvalidArgument: BadSignalWorkflowExecutionAttributes: SignalExternalWorkflowExecutionCommandAttributes.Input exceeds size limit.");
}

#[test]
fn bad_cancel_requests_fail_the_task() {
    let cancel = |change: &dyn Fn(&mut RequestCancelExternalWorkflowExecutionCommandAttributes)| {
        let Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(mut a) = cancel_external(OTHER, "") else { panic!() };
        change(&mut a);
        refused(Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(a))
    };
    insta::assert_snapshot!(cancel(&|a| a.namespace = "elsewhere".to_owned()), @"BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES InvalidArgument: BadRequestCancelExternalWorkflowExecutionAttributes: cross namespace commands are not allowed");
    insta::assert_snapshot!(cancel(&|a| a.workflow_id = String::new()), @"BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES InvalidArgument: BadRequestCancelExternalWorkflowExecutionAttributes: WorkflowId is not set on RequestCancelExternalWorkflowExecutionCommand. Namespace= RunId=");
    insta::assert_snapshot!(cancel(&|a| a.run_id = "no uuid".to_owned()), @"BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES InvalidArgument: BadRequestCancelExternalWorkflowExecutionAttributes: Invalid RunId set on RequestCancelExternalWorkflowExecutionCommand. WorkflowId=other RunId=no uuid Namespace=");
    let long = cancel(&|a| a.workflow_id = "x".repeat(1001));
    insta::assert_snapshot!(long.replace(&"x".repeat(1001), "x…"), @"BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES InvalidArgument: BadRequestCancelExternalWorkflowExecutionAttributes: WorkflowId on RequestCancelExternalWorkflowExecutionCommand exceeds length limit. WorkflowId=x… Length=1001 Limit=1000 RunId= Namespace=");
}

#[test]
fn so_many_may_be_pending_of_each_kind() {
    let mut env = two();
    env.checks_folds = false;
    env.work((0..2000).map(|_| signal_external("nobody", "", "hello")).chain((0..2000).map(|_| cancel_external("nobody", ""))).collect());
    env.signal("go on");
    let task = env.poll();
    insta::assert_snapshot!(env.complete_refused(&task, vec![signal_external(OTHER, "", "hello")]), @"InvalidArgument: PendingSignalsLimitExceeded: the number of pending signals to external workflows, 2000, has reached the per-workflow limit of 2000");
    let task = env.poll();
    insta::assert_snapshot!(env.complete_refused(&task, vec![cancel_external(OTHER, "")]), @"InvalidArgument: PendingRequestCancelLimitExceeded: the number of pending requests to cancel external workflows, 2000, has reached the per-workflow limit of 2000");
}
