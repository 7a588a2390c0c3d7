use std::sync::atomic::{AtomicU32, Ordering};

use klamm_messages::{
    klamm::v1::{ActivityTaskToken, Command, NamespaceState, command::Body},
    temporal::{
        common::v1::{Payload, Payloads, WorkflowExecution, WorkflowType},
        failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{
            RecordActivityTaskHeartbeatRequest, RequestCancelWorkflowExecutionRequest, RespondActivityTaskCompletedByIdRequest,
            RespondActivityTaskFailedRequest, SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest,
        },
    },
};

use super::{heartbeat_activity_task::Heartbeat, *};
use crate::{
    failures,
    fault::{Fault, Result},
    limits::Limits,
    terms::Terms,
};

/// Calls `make` with terms whose new ids are numbered from 1.
fn with_terms<T>(make: impl FnOnce(&Terms<'_>) -> T) -> T {
    let namespace = NamespaceState { name: "n".to_owned(), ..NamespaceState::default() };
    let count = AtomicU32::new(0);
    let new_id = || format!("id {}", count.fetch_add(1, Ordering::Relaxed) + 1);
    make(&Terms { namespace: &namespace, limits: &Limits { blob_bytes: 1000, blob_warn_bytes: 500, ..Limits::default() }, new_id: &new_id })
}

fn start(request_id: &str) -> Result<Command> {
    let request = StartWorkflowExecutionRequest {
        namespace: "n".to_owned(),
        workflow_id: "w".to_owned(),
        workflow_type: Some(WorkflowType { name: "T".to_owned() }),
        task_queue: Some(TaskQueue { name: "q".to_owned(), ..TaskQueue::default() }),
        identity: "me".to_owned(),
        request_id: request_id.to_owned(),
        ..StartWorkflowExecutionRequest::default()
    };
    with_terms(|terms| start_workflow::command(request, terms))
}

fn execution() -> Option<WorkflowExecution> {
    Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: String::new() })
}

fn large() -> Option<Payloads> {
    Some(Payloads { payloads: vec![Payload { data: vec![0; 2000].into(), ..Payload::default() }] })
}

#[test]
fn the_same_request_with_the_same_ids_makes_the_same_command() {
    let command = start("").unwrap();
    assert_eq!(command, start("").unwrap());
    assert_eq!((command.namespace.as_str(), command.workflow_id.as_str(), command.identity.as_str()), ("n", "w", "me"));
    let Some(Body::StartWorkflow(body)) = command.body else {
        panic!("no start");
    };
    assert_eq!((body.request.unwrap().request_id.as_str(), body.run_id.as_str()), ("id 1", "id 2"));
}

#[test]
fn a_request_id_is_made_up_only_where_there_is_none() {
    let Some(Body::StartWorkflow(body)) = start("mine").unwrap().body else {
        panic!("no start");
    };
    assert_eq!((body.request.unwrap().request_id.as_str(), body.run_id.as_str()), ("mine", "id 1"));

    let cancel = RequestCancelWorkflowExecutionRequest { workflow_execution: execution(), ..Default::default() };
    let Some(Body::RequestCancelWorkflow(body)) = with_terms(|terms| request_cancel_workflow::command(cancel, terms)).unwrap().body else {
        panic!("no cancellation");
    };
    assert_eq!(body.request.unwrap().request_id, "id 1");

    // A signal gets no request id, because it would show on the event.
    let signal = SignalWorkflowExecutionRequest {
        workflow_execution: execution(),
        signal_name: "s".to_owned(),
        ..SignalWorkflowExecutionRequest::default()
    };
    let Some(Body::SignalWorkflow(body)) = with_terms(|terms| signal_workflow::command(signal, terms)).unwrap().body else {
        panic!("no signal");
    };
    assert_eq!(body.request.unwrap().request_id, "");
}

#[test]
fn what_is_too_large_to_record_fails_its_activity() {
    let token = || ActivityTaskToken { workflow_id: "w".to_owned(), activity_id: "a".to_owned(), ..ActivityTaskToken::default() };
    let failure_of = |command: Command| match command.body {
        Some(Body::FailActivityTask(fail)) => fail.failure.unwrap_or_default().message,
        other => panic!("no failure: {other:?}"),
    };

    let by_id = RespondActivityTaskCompletedByIdRequest {
        workflow_id: "w".to_owned(),
        activity_id: "a".to_owned(),
        result: large(),
        ..RespondActivityTaskCompletedByIdRequest::default()
    };
    let command = with_terms(|terms| complete_activity_task::command_by_id(by_id, terms)).unwrap();
    assert_eq!(failure_of(command), failures::RESULT_EXCEEDS_LIMIT);

    let beat = RecordActivityTaskHeartbeatRequest { details: large(), ..RecordActivityTaskHeartbeatRequest::default() };
    let Heartbeat::Fails(command) = with_terms(|terms| heartbeat_activity_task::command(beat, token(), terms)) else {
        panic!("a heartbeat with large details");
    };
    assert_eq!(failure_of(command), failures::HEARTBEAT_EXCEEDS_LIMIT);

    let info = ApplicationFailureInfo { details: large(), ..ApplicationFailureInfo::default() };
    let failure = Failure { failure_info: Some(FailureInfo::ApplicationFailureInfo(info)), ..Failure::default() };
    let failed = RespondActivityTaskFailedRequest { failure: Some(failure), ..RespondActivityTaskFailedRequest::default() };
    let failed = with_terms(|terms| fail_activity_task::command(failed, token(), terms)).unwrap();
    assert_eq!(failed.replaced.iter().map(|failure| failure.message.as_str()).collect::<Vec<_>>(), [failures::FAILURE_EXCEEDS_LIMIT]);
    assert_eq!(failure_of(failed.command), failures::FAILURE_EXCEEDS_LIMIT);
}

#[test]
fn refusals_are_plain_values() {
    let signal = SignalWorkflowExecutionRequest { workflow_execution: execution(), ..SignalWorkflowExecutionRequest::default() };
    let refused = with_terms(|terms| signal_workflow::command(signal, terms));
    assert_eq!(refused, Err(Fault::invalid("SignalName is not set on request.")));
}
