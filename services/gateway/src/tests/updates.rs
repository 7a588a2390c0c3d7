//! UpdateWorkflowExecution and PollWorkflowExecutionUpdate.

use klamm_api::workflowservice::v1::{workflow_service_server::WorkflowService, *};
use klamm_backend::{Error, Reply, UpdateProgress, UpdateStage, UpdateStatus};
use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::command::Body,
    temporal::{
        common::v1::{Callback, WorkflowExecution, link::Variant},
        enums::v1::{UpdateWorkflowExecutionLifecycleStage as Stage, WorkflowExecutionStatus},
        failure::v1::Failure,
        update::v1::{self as update, Input, Meta, Outcome, UpdateRef, WaitPolicy, outcome::Value},
    },
};
use klamm_workflow::{Answer, answer::AdmittedUpdate, tables::RunKey};
use tonic::{Code, Request, Status};

use super::fake::Fake;

fn request() -> UpdateWorkflowExecutionRequest {
    UpdateWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: String::new() }),
        request: Some(update::Request {
            meta: Some(Meta { update_id: "u".to_owned(), identity: "me".to_owned() }),
            input: Some(Input { name: "add".to_owned(), ..Input::default() }),
            request_id: "req".to_owned(),
            ..update::Request::default()
        }),
        ..UpdateWorkflowExecutionRequest::default()
    }
}

fn wait(stage: Stage) -> Option<WaitPolicy> {
    Some(WaitPolicy { lifecycle_stage: stage as i32 })
}

fn will_be(fake: &Fake, progress: UpdateProgress) {
    let admitted = Answer::UpdateAdmitted(AdmittedUpdate { run_id: "r".to_owned(), number: 1 });
    fake.with(|state| {
        state.replies.push_back(Ok(Reply::Workflow(admitted)));
        state.updates.push_back(Ok(UpdateStatus { run: RunKey::new("default", "w", "r"), progress }));
    });
}

fn completed(value: Value) -> UpdateProgress {
    UpdateProgress::Completed(Box::new(Outcome { value: Some(value) }))
}

fn refused<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, String) {
    let status = result.expect_err("the request is refused");
    (status.code(), status.message().to_owned())
}

type Change = fn(&mut UpdateWorkflowExecutionRequest);

#[tokio::test]
async fn updates_are_refused_in_temporals_words() {
    fn update(request: &mut UpdateWorkflowExecutionRequest) -> &mut update::Request {
        request.request.as_mut().unwrap()
    }
    let invalid = Code::InvalidArgument;
    let rows: Vec<(Change, Code, &str)> = vec![
        (|r| r.workflow_execution = None, invalid, "Execution is not set on request."),
        (|r| r.workflow_execution.as_mut().unwrap().workflow_id.clear(), invalid, "WorkflowId is not set on request."),
        (|r| r.request = None, invalid, "Update meta is not set on request."),
        (|r| update(r).meta = None, invalid, "Update meta is not set on request."),
        (|r| update(r).meta.as_mut().unwrap().update_id = "x".repeat(1001), invalid, "UpdateId length exceeds limit."),
        (|r| update(r).input = None, invalid, "Update input is not set on request."),
        (|r| update(r).input.as_mut().unwrap().name.clear(), invalid, "Update name is not set on request."),
        (
            |r| r.wait_policy = wait(Stage::Admitted),
            Code::PermissionDenied,
            "UpdateWorkflowExecution issued asynchronously and waiting on update admitted is not supported.",
        ),
        (
            |r| update(r).completion_callbacks = vec![Callback::default()],
            Code::Unimplemented,
            "A completion callback of an update is not supported by this version of klamm.",
        ),
    ];
    let fake = Fake::new();
    for (change, code, message) in rows {
        let mut request = request();
        change(&mut request);
        let refusal = refused(fake.gateway().update_workflow_execution(Request::new(request)).await);
        assert_eq!(refusal, (code, message.to_owned()));
    }
    assert!(fake.with(|state| state.commands.is_empty()));
}

#[tokio::test]
async fn an_update_is_waited_for_as_its_caller_wants() {
    let fake = Fake::new();
    for (asked, stage) in [
        (None, UpdateStage::Completed),
        (wait(Stage::Unspecified), UpdateStage::Completed),
        (wait(Stage::Accepted), UpdateStage::Accepted),
        (wait(Stage::Completed), UpdateStage::Completed),
    ] {
        will_be(&fake, UpdateProgress::Accepted);
        let request = UpdateWorkflowExecutionRequest { wait_policy: asked, ..request() };
        let response = fake.gateway().update_workflow_execution(Request::new(request)).await.unwrap().into_inner();
        assert_eq!((response.stage(), response.outcome), (Stage::Accepted, None));
        let Some(Variant::WorkflowEvent(link)) = response.link.and_then(|link| link.variant) else { panic!("no link to an event") };
        assert_eq!((link.workflow_id.as_str(), link.run_id.as_str()), ("w", "r"));
        assert_eq!(fake.with(|state| state.update_waits.pop().map(|(id, wait)| (id, wait.stage))), Some(("u".to_owned(), stage)));
    }
}

#[tokio::test]
async fn answers_tell_the_outcome_and_the_run() {
    let fake = Fake::new();
    will_be(&fake, completed(Value::Failure(Failure::default())));
    let response = fake.gateway().update_workflow_execution(Request::new(request())).await.unwrap().into_inner();
    let reference = response.update_ref.clone().unwrap();
    assert_eq!((reference.update_id.as_str(), reference.workflow_execution.unwrap().run_id.as_str()), ("u", "r"));
    assert_eq!(response.stage(), Stage::Completed);
    let Some(Variant::Workflow(link)) = response.link.and_then(|link| link.variant) else { panic!("no link to the workflow") };
    assert_eq!(link.reason, "Update rejected");

    will_be(&fake, UpdateProgress::Admitted);
    let response = fake.gateway().update_workflow_execution(Request::new(request())).await.unwrap().into_inner();
    assert_eq!((response.stage(), response.outcome, response.link), (Stage::Admitted, None, None));
}

#[tokio::test]
async fn an_update_without_an_id_gets_one() {
    let fake = Fake::new();
    will_be(&fake, UpdateProgress::Accepted);
    let mut request = request();
    request.request.as_mut().unwrap().meta.as_mut().unwrap().update_id.clear();
    let response = fake.gateway().update_workflow_execution(Request::new(request)).await.unwrap().into_inner();
    let id = response.update_ref.unwrap().update_id;
    assert_eq!(id.len(), 36);
    let Some(Body::UpdateWorkflow(body)) = fake.with(|state| state.commands.pop()).and_then(|command| command.body) else { panic!() };
    assert_eq!(body.request.unwrap().request.unwrap().meta.unwrap().update_id, id);
}

#[tokio::test]
async fn an_update_whose_run_continues_is_asked_of_the_next_run() {
    let fake = Fake::new();
    will_be(&fake, UpdateProgress::Continued);
    will_be(&fake, completed(Value::Success(Default::default())));
    let response = fake.gateway().update_workflow_execution(Request::new(request())).await.unwrap().into_inner();
    assert_eq!(response.stage(), Stage::Completed);
    assert_eq!(fake.with(|state| state.commands.len()), 2);
}

#[tokio::test]
async fn a_poll_tells_how_an_update_stands() {
    let fake = Fake::new();
    fake.put_run("r", 3, WorkflowExecutionStatus::Running);
    let poll = |policy| PollWorkflowExecutionUpdateRequest {
        namespace: "default".to_owned(),
        update_ref: Some(UpdateRef {
            workflow_execution: Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: String::new() }),
            update_id: "u".to_owned(),
        }),
        wait_policy: policy,
        ..PollWorkflowExecutionUpdateRequest::default()
    };
    for (policy, stage) in [
        (None, UpdateStage::Admitted),
        (wait(Stage::Unspecified), UpdateStage::Admitted),
        (wait(Stage::Accepted), UpdateStage::Accepted),
        (wait(Stage::Completed), UpdateStage::Completed),
    ] {
        will_be(&fake, UpdateProgress::Admitted);
        let response = fake.gateway().poll_workflow_execution_update(Request::new(poll(policy))).await.unwrap().into_inner();
        assert_eq!((response.stage(), response.outcome), (Stage::Admitted, None));
        assert_eq!(fake.with(|state| state.update_waits.pop().map(|(_, wait)| wait.stage)), Some(stage));
    }
    let closed = "workflow update was aborted by closing workflow";
    fake.with(|state| state.updates.push_back(Err(Error::Rejected(Rejection::not_found(closed)))));
    let refusal = refused(fake.gateway().poll_workflow_execution_update(Request::new(poll(None))).await);
    assert_eq!(refusal, (Code::NotFound, closed.to_owned()));
    let nothing = PollWorkflowExecutionUpdateRequest { update_ref: None, ..poll(None) };
    let refusal = refused(fake.gateway().poll_workflow_execution_update(Request::new(nothing)).await);
    assert_eq!(refusal, (Code::InvalidArgument, "UpdateRef is not set on request.".to_owned()));
}
