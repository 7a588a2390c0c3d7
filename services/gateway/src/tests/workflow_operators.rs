//! What operators do to open runs: pause, unpause, other options.

use klamm_api::workflowservice::v1::{workflow_service_server::WorkflowService, *};
use klamm_backend::Reply;
use klamm_messages::{
    klamm::v1::command::Body,
    temporal::{
        common::v1::{Priority, WorkflowExecution},
        enums::v1::ResetReapplyType,
        workflow::v1::{PostResetOperation, WorkflowExecutionOptions},
    },
};
use klamm_workflow::Answer;
use prost_types::FieldMask;
use tonic::{Code, Request, Status};

use super::fake::Fake;

fn body(fake: &Fake) -> Body {
    fake.with(|state| state.commands.remove(0)).body.expect("a body")
}

fn invalid<T: std::fmt::Debug>(answer: Result<T, Status>, message: &str) {
    let status = answer.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, message));
}

#[tokio::test]
async fn a_pause_and_an_unpause_go_onto_the_log() {
    let fake = Fake::new();
    let gateway = fake.gateway();
    let pause = PauseWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        reason: "lunch".to_owned(),
        request_id: "r".to_owned(),
        ..PauseWorkflowExecutionRequest::default()
    };
    gateway.pause_workflow_execution(Request::new(pause.clone())).await.unwrap();
    let Body::PauseWorkflow(paused) = body(&fake) else { panic!("no pause") };
    assert_eq!((paused.execution.unwrap().workflow_id.as_str(), paused.reason.as_str(), paused.request_id.as_str()), ("w", "lunch", "r"));
    let unpause = UnpauseWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        ..UnpauseWorkflowExecutionRequest::default()
    };
    gateway.unpause_workflow_execution(Request::new(unpause)).await.unwrap();
    assert!(matches!(body(&fake), Body::UnpauseWorkflow(_)));

    let long = "x".repeat(1001);
    let request = PauseWorkflowExecutionRequest { reason: long.clone(), ..pause.clone() };
    invalid(gateway.pause_workflow_execution(Request::new(request)).await, "reason is too long.");
    let request = PauseWorkflowExecutionRequest { request_id: long.clone(), ..pause.clone() };
    invalid(gateway.pause_workflow_execution(Request::new(request)).await, "request id is too long.");
    let request = PauseWorkflowExecutionRequest { identity: long, ..pause };
    invalid(gateway.pause_workflow_execution(Request::new(request)).await, "identity is too long.");
}

#[tokio::test]
async fn options_are_answered_as_they_are_in_force() {
    let fake = Fake::new();
    let gateway = fake.gateway();
    let options = WorkflowExecutionOptions {
        priority: Some(Priority { priority_key: 2, ..Priority::default() }),
        ..WorkflowExecutionOptions::default()
    };
    let answer = Answer::WorkflowOptions(Box::new(options.clone()));
    fake.with(|state| state.replies.push_back(Ok(Reply::Workflow(answer))));
    let request = UpdateWorkflowExecutionOptionsRequest {
        namespace: "default".to_owned(),
        workflow_execution: Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: String::new() }),
        workflow_execution_options: Some(options.clone()),
        update_mask: Some(FieldMask { paths: vec!["priority.priority_key".to_owned()] }),
        ..UpdateWorkflowExecutionOptionsRequest::default()
    };
    let response = gateway.update_workflow_execution_options(Request::new(request.clone())).await.unwrap().into_inner();
    assert_eq!(response.workflow_execution_options, Some(options));
    let Body::UpdateWorkflowOptions(update) = body(&fake) else { panic!("no update") };
    assert_eq!(update.paths.unwrap().paths, ["priority.priorityKey"]);

    let wrong = UpdateWorkflowExecutionOptionsRequest { update_mask: None, ..request.clone() };
    invalid(gateway.update_workflow_execution_options(Request::new(wrong)).await, "UpdateMask is required");
    let wrong = UpdateWorkflowExecutionOptionsRequest { workflow_execution_options: None, ..request.clone() };
    invalid(gateway.update_workflow_execution_options(Request::new(wrong)).await, "WorkflowExecutionOptions is required");
    let wrong = UpdateWorkflowExecutionOptionsRequest { workflow_execution: None, ..request.clone() };
    invalid(gateway.update_workflow_execution_options(Request::new(wrong)).await, "WorkflowId is not set on request.");
    let mask = Some(FieldMask { paths: vec!["colour".to_owned()] });
    let wrong = UpdateWorkflowExecutionOptionsRequest { update_mask: mask, ..request };
    let answer = gateway.update_workflow_execution_options(Request::new(wrong)).await;
    assert!(answer.unwrap_err().message().starts_with("error parsing UpdateMask: "));
}

#[tokio::test]
async fn a_reset_is_checked_and_its_run_answered() {
    let fake = Fake::new();
    let gateway = fake.gateway();
    let answer = Answer::Reset { run_id: "new".to_owned(), is_done: true };
    fake.with(|state| state.replies.push_back(Ok(Reply::Workflow(answer))));
    #[allow(deprecated, reason = "clients still say so what is to happen again")]
    let request = ResetWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: String::new() }),
        workflow_task_finish_event_id: 4,
        request_id: "r".to_owned(),
        reset_reapply_type: ResetReapplyType::Signal as i32,
        ..ResetWorkflowExecutionRequest::default()
    };
    let response = gateway.reset_workflow_execution(Request::new(request.clone())).await.unwrap().into_inner();
    assert_eq!(response.run_id, "new");
    let Body::ResetWorkflow(reset) = body(&fake) else { panic!("no reset") };
    assert_eq!((reset.exclude_signals, reset.exclude_updates, reset.exclude_nexus), (false, true, false));
    assert!(!reset.run_id.is_empty(), "the new run's id is drawn here");

    let wrong = ResetWorkflowExecutionRequest { request_id: String::new(), ..request.clone() };
    invalid(gateway.reset_workflow_execution(Request::new(wrong)).await, "RequestId is not set on request.");
    let wrong = ResetWorkflowExecutionRequest { workflow_execution: None, ..request.clone() };
    invalid(gateway.reset_workflow_execution(Request::new(wrong)).await, "Execution is not set on request.");
    let wrong = ResetWorkflowExecutionRequest { post_reset_operations: vec![PostResetOperation::default()], ..request };
    let refused = gateway.reset_workflow_execution(Request::new(wrong)).await.unwrap_err();
    assert!(refused.message().starts_with("unsupported post reset operation"), "{refused:?}");
}
