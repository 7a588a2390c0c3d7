//! What operators do to the activities of a workflow, by the calls of both families.

use klamm_api::workflowservice::v1::{workflow_service_server::WorkflowService, *};
use klamm_backend::Reply;
use klamm_messages::{
    klamm::v1::{ActivitySelector, command::Body},
    temporal::{activity::v1::ActivityOptions, common::v1::WorkflowExecution},
};
use klamm_workflow::Answer;
use prost_types::{Duration, FieldMask};
use tonic::{Code, Request, Status};

use super::fake::Fake;

fn execution() -> Option<WorkflowExecution> {
    Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: String::new() })
}

fn body(fake: &Fake) -> Body {
    fake.with(|state| state.commands.remove(0)).body.expect("a body")
}

fn by_id() -> Option<ActivitySelector> {
    Some(ActivitySelector { activity_id: "a".to_owned(), ..ActivitySelector::default() })
}

fn invalid<T: std::fmt::Debug>(answer: Result<T, Status>, message: &str) {
    let status = answer.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, message));
}

fn pause() -> PauseActivityRequest {
    PauseActivityRequest {
        namespace: "default".to_owned(),
        execution: execution(),
        activity: Some(pause_activity_request::Activity::Id("a".to_owned())),
        reason: "lunch".to_owned(),
        request_id: "r".to_owned(),
        ..PauseActivityRequest::default()
    }
}

fn pause_execution() -> PauseActivityExecutionRequest {
    PauseActivityExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        activity_id: "a".to_owned(),
        ..PauseActivityExecutionRequest::default()
    }
}

#[tokio::test]
async fn both_families_pause_the_same_activity() {
    let fake = Fake::new();
    let gateway = fake.gateway();
    gateway.pause_activity(Request::new(pause())).await.unwrap();
    let Body::PauseActivity(older) = body(&fake) else { panic!("no pause") };
    assert_eq!((older.activities, older.reason.as_str(), older.request_id.as_str()), (by_id(), "lunch", "r"));
    gateway.pause_activity_execution(Request::new(pause_execution())).await.unwrap();
    let Body::PauseActivity(newer) = body(&fake) else { panic!("no pause") };
    assert_eq!((newer.execution, newer.activities), (execution(), by_id()));
    assert!(!newer.request_id.is_empty(), "an id that is left out is made up");
}

#[tokio::test]
async fn what_is_not_named_is_refused() {
    let fake = Fake::new();
    let gateway = fake.gateway();
    let request = PauseActivityRequest { execution: None, ..pause() };
    invalid(gateway.pause_activity(Request::new(request)).await, "WorkflowId is not set on request.");
    let request = PauseActivityRequest { activity: None, ..pause() };
    invalid(gateway.pause_activity(Request::new(request)).await, "Either Activity.Id or Activity.Type should be set on request.");
    let request = PauseActivityExecutionRequest { activity_id: String::new(), ..pause_execution() };
    invalid(gateway.pause_activity_execution(Request::new(request)).await, "activity ID is required");
    let request = PauseActivityExecutionRequest { activity_id: "a".repeat(1001), ..pause_execution() };
    invalid(gateway.pause_activity_execution(Request::new(request)).await, "activity ID exceeds length limit. Length=1001 Limit=1000");
    let request = PauseActivityExecutionRequest { run_id: "none".to_owned(), ..pause_execution() };
    invalid(gateway.pause_activity_execution(Request::new(request)).await, "invalid run id: must be a valid UUID");
    let request = PauseActivityExecutionRequest { workflow_id: String::new(), ..pause_execution() };
    let status = gateway.pause_activity_execution(Request::new(request)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented, "standalone activities are not built");
    assert!(fake.with(|state| state.commands.is_empty()));
}

#[tokio::test]
async fn unpause_and_reset_carry_what_they_are_told() {
    let fake = Fake::new();
    let gateway = fake.gateway();
    let jitter = Some(Duration { seconds: 3, nanos: 0 });
    let request = UnpauseActivityRequest {
        namespace: "default".to_owned(),
        execution: execution(),
        activity: Some(unpause_activity_request::Activity::UnpauseAll(true)),
        reset_attempts: true,
        reset_heartbeat: true,
        jitter,
        ..UnpauseActivityRequest::default()
    };
    gateway.unpause_activity(Request::new(request)).await.unwrap();
    let Body::UnpauseActivity(unpause) = body(&fake) else { panic!("no unpause") };
    assert!(unpause.activities.unwrap().all && unpause.reset_attempts && unpause.reset_heartbeat);
    assert_eq!(unpause.jitter, jitter);

    let request = ResetActivityExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        activity_id: "a".to_owned(),
        keep_paused: true,
        restore_original_options: true,
        ..ResetActivityExecutionRequest::default()
    };
    gateway.reset_activity_execution(Request::new(request.clone())).await.unwrap();
    let Body::ResetActivity(reset) = body(&fake) else { panic!("no reset") };
    assert!(reset.keep_paused && reset.restore_original_options && !reset.reset_heartbeat);
    let request = ResetActivityExecutionRequest { jitter: Some(Duration { seconds: -3, nanos: 0 }), ..request };
    invalid(gateway.reset_activity_execution(Request::new(request)).await, "invalid jitter: negative duration");
}

#[tokio::test]
async fn an_update_is_answered_with_the_options_in_force() {
    let fake = Fake::new();
    let gateway = fake.gateway();
    let options = ActivityOptions { heartbeat_timeout: Some(Duration { seconds: 9, nanos: 0 }), ..ActivityOptions::default() };
    let answer = Answer::ActivityOptions(Box::new(options.clone()));
    fake.with(|state| state.replies.push_back(Ok(Reply::Workflow(answer))));
    let request = UpdateActivityExecutionOptionsRequest {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        activity_id: "a".to_owned(),
        activity_options: Some(options.clone()),
        update_mask: Some(FieldMask { paths: vec!["heartbeat_timeout".to_owned()] }),
        ..UpdateActivityExecutionOptionsRequest::default()
    };
    let response = gateway.update_activity_execution_options(Request::new(request.clone())).await.unwrap().into_inner();
    assert_eq!(response.activity_options, Some(options));
    let Body::UpdateActivityOptions(update) = body(&fake) else { panic!("no update") };
    assert_eq!(update.paths.unwrap().paths, ["heartbeatTimeout"]);

    let both = UpdateActivityExecutionOptionsRequest { restore_original: true, ..request.clone() };
    let answer = gateway.update_activity_execution_options(Request::new(both)).await;
    invalid(answer, "Both UpdateMask and RestoreOriginal are provided");
    let mask = Some(FieldMask { paths: vec!["colour".to_owned()] });
    let unknown = UpdateActivityExecutionOptionsRequest { update_mask: mask, ..request };
    let answer = gateway.update_activity_execution_options(Request::new(unknown)).await;
    invalid(answer, "unsupported update_mask path: \"colour\"");
}
