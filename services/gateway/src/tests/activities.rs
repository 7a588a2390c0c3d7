//! Completions, failures, cancellations and heartbeats of activities, by token and by id.

use klamm_api::workflowservice::v1::{workflow_service_server::WorkflowService, *};
use klamm_messages::{
    klamm::v1::{ActivityTaskToken, command::Body},
    temporal::{
        common::v1::{Payload, Payloads},
        failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    },
};
use klamm_processor::backend::Reply;
use klamm_workflow::Answer;
use prost::Message;
use tonic::{Code, Request};

use super::fake::Fake;
use crate::failures;

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
    Some(Payloads { payloads: vec![Payload { data: vec![0; bytes], ..Payload::default() }] })
}

fn body(fake: &Fake) -> Body {
    fake.with(|state| state.commands.remove(0)).body.expect("a body")
}

#[tokio::test]
async fn a_result_goes_onto_the_log_and_one_that_is_too_large_fails_the_activity() {
    let fake = Fake::new();
    let gateway = fake.gateway();
    let request = |bytes| RespondActivityTaskCompletedRequest { task_token: token(), result: payloads(bytes), ..Default::default() };
    gateway.respond_activity_task_completed(Request::new(request(5))).await.unwrap();
    let Body::CompleteActivityTask(complete) = body(&fake) else { panic!("no completion") };
    assert_eq!((complete.token.unwrap().stamp, complete.result), (8, payloads(5)));

    gateway.respond_activity_task_completed(Request::new(request(2 * 1024 * 1024))).await.unwrap();
    let Body::FailActivityTask(fail) = body(&fake) else { panic!("no failure") };
    let failure = fail.failure.unwrap();
    assert_eq!(failure.message, failures::RESULT_EXCEEDS_LIMIT);
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
        task_token: token(),
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
    fake.with(|state| state.replies.push_back(Ok(Reply::Workflow(Answer::Heartbeat { cancel_requested: true }))));
    let request = |bytes| RecordActivityTaskHeartbeatRequest { task_token: token(), details: payloads(bytes), ..Default::default() };
    let response = gateway.record_activity_task_heartbeat(Request::new(request(1))).await.unwrap().into_inner();
    assert!(response.cancel_requested);
    assert!(matches!(body(&fake), Body::HeartbeatActivityTask(beat) if beat.details == payloads(1)));

    // Details that are too large fail the activity, which is then to stop.
    let response = gateway.record_activity_task_heartbeat(Request::new(request(3 * 1024 * 1024))).await.unwrap();
    assert!(response.into_inner().cancel_requested);
    let Body::FailActivityTask(fail) = body(&fake) else { panic!("no failure") };
    assert_eq!(fail.failure.unwrap().message, failures::HEARTBEAT_EXCEEDS_LIMIT);
}
