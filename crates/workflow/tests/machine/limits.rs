//! Limits of histories and payloads.

use klamm_messages::{
    klamm::v1::{SignalWorkflow, command::Body},
    temporal::workflowservice::v1::SignalWorkflowExecutionRequest,
};

use crate::{
    env::{Env, execution, signal_body},
    payloads, timer,
};

#[test]
fn an_oversized_signal_is_refused_and_changes_nothing() {
    let mut env = Env::started();
    let signal = |bytes: usize| {
        Body::SignalWorkflow(SignalWorkflow {
            request: Some(SignalWorkflowExecutionRequest {
                workflow_execution: Some(execution("")),
                signal_name: "big".to_owned(),
                input: Some(payloads(&vec![0; bytes])),
                ..Default::default()
            }),
        })
    };
    insta::assert_snapshot!(env.refuse(signal(2 * 1024 * 1024)), @"InvalidArgument: Blob data size exceeds limit.");
    env.settings.blob_size_limit_bytes = 1000;
    env.accept(signal(2000));
    assert_eq!(env.state().next_event_id, 4, "up to the warning size the limit is not looked at");
}

#[test]
fn a_history_of_too_many_events_is_terminated() {
    let mut env = Env::started();
    env.settings.history_count_limit = 6;
    let task = env.poll();
    let refused = env.complete_refused(&task, vec![timer("a", 1), timer("b", 1), timer("c", 1)]);
    insta::assert_snapshot!(refused, @"InvalidArgument: Workflow history count exceeds limit.");
    insta::assert_snapshot!(env.history_from(7), @r"
    7 TimerStarted {id: c}
    8 WorkflowExecutionTerminated {reason: Workflow history count exceeds limit., identity: history-service}
    ");
}

#[test]
fn a_history_of_too_many_bytes_is_terminated() {
    let mut env = Env::started();
    env.settings.history_size_limit_bytes = 100;
    insta::assert_snapshot!(env.refuse(signal_body("s", "")), @"InvalidArgument: Workflow history size exceeds limit.");
    insta::assert_snapshot!(env.history_from(4), @"4 WorkflowExecutionTerminated {reason: Workflow history size exceeds limit., identity: history-service}");
}

#[test]
fn a_long_history_suggests_to_continue_as_new() {
    let mut env = Env::started();
    env.settings.history_count_suggest_continue_as_new = 7;
    env.work(vec![]);
    env.signal("go");
    env.poll();
    insta::assert_snapshot!(env.history_from(7), @"7 WorkflowTaskStarted {scheduled: 6, request: poll, suggest_continue_as_new: true}");
    let task = env.state().workflow_task.clone().unwrap();
    assert_eq!(task.suggest_continue_as_new_reasons, [2]);
    assert!(task.history_size_bytes > 0);
}

#[test]
fn a_large_history_suggests_it_too() {
    let mut env = Env::started();
    env.settings.history_size_suggest_continue_as_new_bytes = 10;
    env.poll();
    assert_eq!(env.state().workflow_task.clone().unwrap().suggest_continue_as_new_reasons, [1]);
}
