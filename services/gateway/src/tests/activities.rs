//! Completions, failures, cancellations and heartbeats of activities, by token and by id.

use klamm_api::workflowservice::v1::{workflow_service_server::WorkflowService, *};
use klamm_backend::Reply;
use klamm_messages::{
    klamm::v1::{ActivityTaskToken, command::Body},
    temporal::{
        common::v1::{Payload, Payloads, WorkerVersionStamp},
        failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    },
};
use klamm_requests::failures;
use klamm_workflow::Answer;
use prost::Message;
use tonic::{Code, Request};

use super::fake::Fake;

fn token() -> Vec<u8> {
    ActivityTaskToken {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        run_id: "r".to_owned(),
        scheduled_event_id: 5,
        attempt: 2,
        activity_id: "a".to_owned(),
        activity_type: "A".to_owned(),
        stamp: 8,
    }
    .encode_to_vec()
}

fn payloads(bytes: usize) -> Option<Payloads> {
    Some(Payloads { payloads: vec![Payload { data: vec![0; bytes].into(), ..Payload::default() }] })
}

fn body(fake: &Fake) -> Body {
    fake.with(|state| state.commands.remove(0)).body.expect("a body")
}

#[tokio::test]
async fn a_result_goes_onto_the_log_and_one_that_is_too_large_fails_the_activity() {
    let fake = Fake::new();
    let gateway = fake.gateway();
    let version = Some(WorkerVersionStamp { build_id: "1.0".to_owned(), use_versioning: false });
    #[allow(deprecated, reason = "versions as workers still send them")]
    let request = |bytes| RespondActivityTaskCompletedRequest {
        task_token: token().into(),
        result: payloads(bytes),
        worker_version: version.clone(),
        ..Default::default()
    };
    gateway.respond_activity_task_completed(Request::new(request(5))).await.unwrap();
    let Body::CompleteActivityTask(complete) = body(&fake) else { panic!("no completion") };
    assert_eq!((complete.token.unwrap().stamp, complete.result, complete.worker_version), (8, payloads(5), version.clone()));

    gateway.respond_activity_task_completed(Request::new(request(2 * 1024 * 1024))).await.unwrap();
    let Body::FailActivityTask(fail) = body(&fake) else { panic!("no failure") };
    let failure = fail.failure.unwrap();
    assert_eq!(failure.message, failures::RESULT_EXCEEDS_LIMIT);
    assert_eq!(fail.worker_version, None);
    assert!(matches!(failure.failure_info, Some(FailureInfo::ServerFailureInfo(info)) if info.non_retryable));
}

#[tokio::test]
async fn an_activity_is_named_by_its_id() {
    let fake = Fake::new();
    let request = RespondActivityTaskCanceledByIdRequest {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        activity_id: "a".to_owned(),
        identity: "me".to_owned(),
        ..Default::default()
    };
    fake.gateway().respond_activity_task_canceled_by_id(Request::new(request)).await.unwrap();
    let command = fake.with(|state| state.commands.remove(0));
    assert_eq!((command.workflow_id.as_str(), command.identity.as_str()), ("w", "me"));
    let Some(Body::CancelActivityTask(cancel)) = command.body else { panic!("no cancellation") };
    let token = cancel.token.unwrap();
    assert_eq!((token.namespace.as_str(), token.workflow_id.as_str(), token.run_id.as_str()), ("default", "w", ""));
    assert_eq!((token.activity_id.as_str(), token.scheduled_event_id), ("a", 0));
}

#[tokio::test]
async fn failures_are_of_applications_and_too_large_ones_are_told() {
    let fake = Fake::new();
    let gateway = fake.gateway();
    let request = |failure| RespondActivityTaskFailedRequest {
        task_token: token().into(),
        failure: Some(failure),
        last_heartbeat_details: payloads(2 * 1024 * 1024),
        ..Default::default()
    };
    let status = gateway.respond_activity_task_failed(Request::new(request(Failure::default()))).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "Failure must have ApplicationFailureInfo."));

    let large = Failure {
        message: "m".repeat(2 * 1024 * 1024),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo::default())),
        ..Failure::default()
    };
    let response = gateway.respond_activity_task_failed(Request::new(request(large))).await.unwrap().into_inner();
    let told: Vec<_> = response.failures.iter().map(|failure| failure.message.as_str()).collect();
    assert_eq!(told, [failures::HEARTBEAT_EXCEEDS_LIMIT, failures::FAILURE_EXCEEDS_LIMIT]);
    let Body::FailActivityTask(fail) = body(&fake) else { panic!("no failure") };
    assert_eq!(fail.failure.unwrap().message, failures::FAILURE_EXCEEDS_LIMIT);
    assert!(fail.last_heartbeat_details.is_none());
}

#[tokio::test]
async fn a_heartbeat_hears_of_cancellation() {
    let fake = Fake::new();
    let gateway = fake.gateway();
    let answer = Answer::Heartbeat { cancel_requested: true, paused: true, reset: false };
    fake.with(|state| state.replies.push_back(Ok(Reply::Workflow(answer))));
    let request = |bytes| RecordActivityTaskHeartbeatRequest { task_token: token().into(), details: payloads(bytes), ..Default::default() };
    let response = gateway.record_activity_task_heartbeat(Request::new(request(1))).await.unwrap().into_inner();
    assert!(response.cancel_requested && response.activity_paused && !response.activity_reset);
    assert!(matches!(body(&fake), Body::HeartbeatActivityTask(beat) if beat.details == payloads(1)));

    // Details that are too large fail the activity. The answer tells it to stop.
    let response = gateway.record_activity_task_heartbeat(Request::new(request(3 * 1024 * 1024))).await.unwrap();
    assert!(response.into_inner().cancel_requested);
    let Body::FailActivityTask(fail) = body(&fake) else { panic!("no failure") };
    assert_eq!(fail.failure.unwrap().message, failures::HEARTBEAT_EXCEEDS_LIMIT);
}

/// The failure with 96 causes below it: the deepest that a request can hold.
fn deep() -> Failure {
    let info = || Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo::default()));
    (0..96).fold(Failure { failure_info: info(), ..Failure::default() }, |cause, _| Failure {
        failure_info: info(),
        cause: Some(Box::new(cause)),
        ..Failure::default()
    })
}

fn depth(failure: Option<&Failure>) -> usize {
    std::iter::successors(failure, |failure| failure.cause.as_deref()).count()
}

/// Clients could not read histories with deeper failures, so such a failure would make its run unusable.
#[tokio::test]
async fn causes_that_no_answer_could_hold_are_cut_wherever_a_failure_comes_in() {
    use klamm_messages::temporal::command::v1::{
        Command, FailWorkflowExecutionCommandAttributes, RecordMarkerCommandAttributes, command::Attributes,
    };
    let fake = Fake::new();
    let gateway = fake.gateway();
    let max = klamm_requests::validate::canonical::FAILURES_MAX;

    let request = RespondActivityTaskFailedRequest { task_token: token().into(), failure: Some(deep()), ..Default::default() };
    gateway.respond_activity_task_failed(Request::new(request)).await.unwrap();
    let Body::FailActivityTask(fail) = body(&fake) else { panic!("no failure") };
    assert_eq!(depth(fail.failure.as_ref()), max);

    let workflow_token = klamm_messages::klamm::v1::WorkflowTaskToken {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        run_id: "r".to_owned(),
        ..Default::default()
    };
    let task_token = workflow_token.encode_to_vec();
    let request = RespondWorkflowTaskFailedRequest { task_token: task_token.clone().into(), failure: Some(deep()), ..Default::default() };
    gateway.respond_workflow_task_failed(Request::new(request)).await.unwrap();
    let Body::FailWorkflowTask(fail) = body(&fake) else { panic!("no failure") };
    assert_eq!(depth(fail.request.unwrap().failure.as_ref()), max);

    let fail = FailWorkflowExecutionCommandAttributes { failure: Some(deep()) };
    let marker = RecordMarkerCommandAttributes { failure: Some(deep()), ..Default::default() };
    let commands = [Attributes::FailWorkflowExecutionCommandAttributes(fail), Attributes::RecordMarkerCommandAttributes(marker)];
    let commands = commands.map(|attributes| Command { attributes: Some(attributes), ..Command::default() }).into();
    let request = RespondWorkflowTaskCompletedRequest { task_token: task_token.into(), commands, ..Default::default() };
    let answer = Answer::WorkflowTaskCompleted { new_workflow_task: None, activity_tasks: Vec::new(), reset_history_event_id: None };
    fake.with(|state| state.replies.push_back(Ok(Reply::Workflow(answer))));
    gateway.respond_workflow_task_completed(Request::new(request)).await.unwrap();
    let Body::CompleteWorkflowTask(complete) = body(&fake) else { panic!("no completion") };
    for command in complete.request.unwrap().commands {
        let failure = match command.attributes {
            Some(Attributes::FailWorkflowExecutionCommandAttributes(fail)) => fail.failure,
            Some(Attributes::RecordMarkerCommandAttributes(marker)) => marker.failure,
            other => panic!("{other:?}"),
        };
        assert_eq!(depth(failure.as_ref()), max);
    }
}
