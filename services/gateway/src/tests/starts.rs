//! Which commands starts and signals put onto the log, and what their callers get.

use klamm_api::workflowservice::v1::{workflow_service_server::WorkflowService, *};
use klamm_backend::{Error, Reply};
use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::command::Body,
    temporal::{
        common::v1::{Link, Payload, SearchAttributes, WorkflowExecution, WorkflowType, link},
        enums::v1::{EventType, WorkflowExecutionStatus, WorkflowIdConflictPolicy, WorkflowIdReusePolicy},
        taskqueue::v1::TaskQueue,
        workflow::v1::OnConflictOptions,
    },
};
use klamm_workflow::{Answer, answer::Started};
use prost_types::Duration;
use tonic::{Code, Request};

use super::fake::Fake;

fn start() -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: "w".to_owned(),
        workflow_type: Some(WorkflowType { name: "T".to_owned() }),
        task_queue: Some(TaskQueue { name: "q".to_owned(), ..TaskQueue::default() }),
        identity: "me".to_owned(),
        ..StartWorkflowExecutionRequest::default()
    }
}

fn started() -> std::result::Result<Reply, Error> {
    Ok(Reply::Workflow(Answer::Started(Started {
        run_id: "r".to_owned(),
        started: true,
        status: WorkflowExecutionStatus::Running,
        first_execution_run_id: "f".to_owned(),
        eager_workflow_task: None,
    })))
}

fn event_link(link: Option<Link>) -> link::WorkflowEvent {
    match link.and_then(|link| link.variant) {
        Some(link::Variant::WorkflowEvent(event)) => event,
        other => panic!("no link to an event: {other:?}"),
    }
}

#[tokio::test]
async fn a_start_is_normalised_and_stamped() {
    let fake = Fake::new();
    fake.with(|state| state.replies.push_back(started()));
    let json =
        Payload { metadata: [("encoding".to_owned(), "json/plain".into())].into(), data: b"\"v\"".to_vec().into(), ..Payload::default() };
    let request = StartWorkflowExecutionRequest {
        workflow_execution_timeout: Some(Duration { seconds: 5, nanos: 0 }),
        workflow_run_timeout: Some(Duration { seconds: 60, nanos: 0 }),
        search_attributes: Some(SearchAttributes { indexed_fields: [("Name".to_owned(), json)].into() }),
        request_eager_execution: true,
        ..start()
    };
    let response = fake.gateway().start_workflow_execution(Request::new(request)).await.unwrap().into_inner();
    assert_eq!((response.run_id.as_str(), response.first_execution_run_id.as_str(), response.started), ("r", "f", true));
    assert_eq!(response.status, WorkflowExecutionStatus::Running as i32);
    let link = event_link(response.link);
    assert_eq!((link.namespace.as_str(), link.workflow_id.as_str(), link.run_id.as_str()), ("default", "w", "r"));

    let command = fake.with(|state| state.commands.remove(0));
    assert_eq!((command.version, command.namespace.as_str(), command.workflow_id.as_str()), (1, "default", "w"));
    assert_eq!(command.identity, "me");
    let settings = command.settings.unwrap();
    assert_eq!(settings.retention, Some(Duration { seconds: 86_400, nanos: 0 }));
    assert_eq!((settings.blob_size_limit_bytes, settings.history_count_limit), (2 * 1024 * 1024, 51_200));
    assert_eq!(settings.history_size_limit_bytes, 50 * 1024 * 1024);
    assert_eq!(settings.history_count_suggest_continue_as_new, 4096);
    assert_eq!(settings.history_size_suggest_continue_as_new_bytes, 4 * 1024 * 1024);
    assert!(settings.search_attribute_types.is_empty(), "a start has been checked here");
    let Some(Body::StartWorkflow(body)) = command.body else { panic!("no start") };
    assert!(uuid::Uuid::parse_str(&body.run_id).is_ok());
    let request = body.request.unwrap();
    assert!(uuid::Uuid::parse_str(&request.request_id).is_ok(), "filled, so that re-sends take effect once");
    assert_eq!(request.workflow_id_reuse_policy, WorkflowIdReusePolicy::AllowDuplicate as i32);
    assert_eq!(request.workflow_id_conflict_policy, WorkflowIdConflictPolicy::Fail as i32);
    assert_eq!(request.task_queue.unwrap().kind, 1);
    assert_eq!(request.workflow_run_timeout, Some(Duration { seconds: 5, nanos: 0 }));
    assert_eq!(request.workflow_task_timeout, Some(Duration { seconds: 5, nanos: 0 }));
    assert!(request.request_eager_execution);
    assert_eq!(request.search_attributes.unwrap().indexed_fields["Name"].metadata["type"], "Keyword");
}

#[tokio::test]
async fn the_deprecated_reuse_policy_becomes_a_conflict_policy() {
    let fake = Fake::new();
    fake.with(|state| state.replies.push_back(started()));
    let request = StartWorkflowExecutionRequest { workflow_id_reuse_policy: 4, ..start() };
    fake.gateway().start_workflow_execution(Request::new(request)).await.unwrap();
    let Some(Body::StartWorkflow(body)) = fake.with(|state| state.commands.remove(0)).body else { panic!("no start") };
    let request = body.request.unwrap();
    assert_eq!(request.workflow_id_reuse_policy, WorkflowIdReusePolicy::AllowDuplicate as i32);
    assert_eq!(request.workflow_id_conflict_policy, WorkflowIdConflictPolicy::TerminateExisting as i32);
    assert_eq!(request.workflow_task_timeout, Some(Duration { seconds: 10, nanos: 0 }));
}

#[tokio::test]
async fn a_held_workflow_id_is_told_with_its_run() {
    let fake = Fake::new();
    fake.with(|state| {
        state.replies.push_back(Err(Error::Rejected(Rejection::WorkflowExecutionAlreadyStarted {
            message: "Workflow execution is already running.".to_owned(),
            start_request_id: "q".to_owned(),
            run_id: "r".to_owned(),
            first_execution_run_id: "f".to_owned(),
        })));
    });
    let status = fake.gateway().start_workflow_execution(Request::new(start())).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    assert!(!status.details().is_empty());
}

#[tokio::test]
async fn a_signal_answers_a_link_by_request_id() {
    let fake = Fake::new();
    fake.with(|state| state.replies.push_back(Ok(Reply::Workflow(Answer::Signaled { run_id: "r".to_owned() }))));
    let request = SignalWorkflowExecutionRequest {
        namespace: "old".to_owned(),
        workflow_execution: Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: String::new() }),
        signal_name: "s".to_owned(),
        request_id: "q".to_owned(),
        ..SignalWorkflowExecutionRequest::default()
    };
    let response = fake.gateway().signal_workflow_execution(Request::new(request)).await.unwrap().into_inner();
    let link = event_link(response.link);
    assert_eq!(link.run_id, "r");
    let Some(link::workflow_event::Reference::RequestIdRef(reference)) = link.reference else { panic!("no request id") };
    assert_eq!(reference.request_id, "q");
    assert_eq!(reference.event_type, EventType::WorkflowExecutionSignaled as i32);
}

#[tokio::test]
async fn terminations_say_who_and_why() {
    let fake = Fake::new();
    let request = TerminateWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: String::new() }),
        ..TerminateWorkflowExecutionRequest::default()
    };
    fake.gateway().terminate_workflow_execution(Request::new(request)).await.unwrap();
    let command = fake.with(|state| state.commands.remove(0));
    assert!(!command.request_id.is_empty());
    let Some(Body::TerminateWorkflow(body)) = command.body else { panic!("no termination") };
    let request = body.request.unwrap();
    assert_eq!((request.reason.as_str(), request.identity.as_str()), ("terminated by user via frontend", "frontend-service"));
}

#[tokio::test]
async fn a_record_that_is_too_large_is_not_appended() {
    let fake = Fake::new();
    let mut config = crate::Config::default();
    config.limits.command_bytes = 100;
    let gateway = crate::Gateway::new(fake.clone().into(), fake.clone(), config);
    let status = gateway.start_workflow_execution(Request::new(start())).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("exceeds the limit of 100 bytes"), "{}", status.message());
    assert!(fake.with(|state| state.commands.is_empty()));
}

#[tokio::test]
async fn a_start_that_left_its_request_id_on_an_open_run_links_to_where() {
    let fake = Fake::new();
    fake.with(|state| {
        state.replies.push_back(Ok(Reply::Workflow(Answer::Started(Started {
            run_id: "r".to_owned(),
            started: false,
            status: WorkflowExecutionStatus::Running,
            first_execution_run_id: "r".to_owned(),
            eager_workflow_task: None,
        }))));
    });
    let request = StartWorkflowExecutionRequest {
        request_id: "q".to_owned(),
        workflow_id_conflict_policy: WorkflowIdConflictPolicy::UseExisting as i32,
        on_conflict_options: Some(OnConflictOptions { attach_request_id: true, ..Default::default() }),
        ..start()
    };
    let response = fake.gateway().start_workflow_execution(Request::new(request)).await.unwrap().into_inner();
    assert!(!response.started);
    let Some(link::workflow_event::Reference::RequestIdRef(reference)) = event_link(response.link).reference else {
        panic!("no request id");
    };
    assert_eq!(reference.request_id, "q");
    assert_eq!(reference.event_type, EventType::WorkflowExecutionOptionsUpdated as i32);
}
