//! Completed and failed workflow tasks.

use klamm_api::workflowservice::v1::{workflow_service_server::WorkflowService, *};
use klamm_backend::{Error, Reply};
use klamm_machine::{Rejection, Time};
use klamm_messages::{
    klamm::v1::{WorkflowTaskToken, command::Body},
    temporal::{
        command::v1::{
            Command, SignalExternalWorkflowExecutionCommandAttributes, UpsertWorkflowSearchAttributesCommandAttributes, command::Attributes,
        },
        common::v1::{Payload, Payloads, SearchAttributes},
        enums::v1::{CommandType, QueryResultType},
        failure::v1::{Failure, failure::FailureInfo},
        query::v1::{WorkflowQuery, WorkflowQueryResult},
        taskqueue::v1::TaskQueue,
    },
};
use klamm_requests::failures::FAILURE_EXCEEDS_LIMIT;
use klamm_workflow::{Answer, answer::StartedWorkflowTask};
use prost::Message;
use tonic::{Code, Request};

use super::fake::Fake;

const RUN: &str = "8e4b1f4e-0c7e-4d6e-9b0e-000000000001";

fn token(namespace: &str) -> Vec<u8> {
    WorkflowTaskToken {
        namespace: namespace.to_owned(),
        workflow_id: "w".to_owned(),
        run_id: RUN.to_owned(),
        scheduled_event_id: 2,
        started_event_id: 3,
        attempt: 1,
        stamp: 1,
        query_id: String::new(),
    }
    .encode_to_vec()
}

fn completion() -> RespondWorkflowTaskCompletedRequest {
    RespondWorkflowTaskCompletedRequest { task_token: token("default").into(), identity: "me".to_owned(), ..Default::default() }
}

fn completed(new_workflow_task: Option<Box<StartedWorkflowTask>>) -> Result<Reply, Error> {
    Ok(Reply::Workflow(Answer::WorkflowTaskCompleted { new_workflow_task, activity_tasks: Vec::new(), reset_history_event_id: None }))
}

#[tokio::test]
async fn answers_to_queries_go_past_the_log() {
    let fake = Fake::new();
    fake.with(|state| state.replies.push_back(completed(None)));
    let answer = |bytes| WorkflowQueryResult {
        result_type: QueryResultType::Answered as i32,
        answer: Some(Payloads { payloads: vec![Payload { data: vec![0; bytes].into(), ..Payload::default() }] }),
        ..WorkflowQueryResult::default()
    };
    let request = RespondWorkflowTaskCompletedRequest {
        query_results: [("small".to_owned(), answer(1)), ("too-large".to_owned(), answer(2 * 1024 * 1024))].into(),
        ..completion()
    };
    fake.gateway().respond_workflow_task_completed(Request::new(request)).await.unwrap();
    let command = fake.with(|state| state.commands.remove(0));
    assert_eq!(command.workflow_id, "w");
    assert!(command.settings.unwrap().search_attribute_types.is_empty());
    let Some(Body::CompleteWorkflowTask(body)) = command.body else { panic!("no completion") };
    let request = body.request.unwrap();
    assert!(request.query_results.is_empty() && request.task_token.is_empty());
    assert_eq!(body.token.unwrap().scheduled_event_id, 2);
    assert!(!body.poll_id.is_empty());

    let (results, completions) = fake.with(|state| (std::mem::take(&mut state.completed_queries), state.completions));
    assert_eq!(completions, 1);
    assert_eq!(results[0], ("small".to_owned(), answer(1)));
    assert_eq!(results[1].0, "too-large");
    assert_eq!(results[1].1.result_type, QueryResultType::Failed as i32);
    assert_eq!(results[1].1.error_message, "Blob data size exceeds limit.");
}

#[tokio::test]
async fn a_refused_completion_answers_no_query() {
    let fake = Fake::new();
    fake.with(|state| {
        state.replies.push_back(Err(Error::Rejected(Rejection::not_found("Workflow task not found."))));
    });
    let status = fake.gateway().respond_workflow_task_completed(Request::new(completion())).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "Workflow task not found."));
    assert_eq!(fake.with(|state| state.completions), 0);
}

#[tokio::test]
async fn types_are_stamped_where_a_command_may_upsert() {
    let fake = Fake::new();
    fake.with(|state| state.replies.push_back(completed(None)));
    let upsert = Command {
        command_type: CommandType::UpsertWorkflowSearchAttributes as i32,
        attributes: Some(Attributes::UpsertWorkflowSearchAttributesCommandAttributes(UpsertWorkflowSearchAttributesCommandAttributes {
            search_attributes: Some(SearchAttributes { indexed_fields: [("Name".to_owned(), Payload::default())].into() }),
        })),
        ..Command::default()
    };
    let request = RespondWorkflowTaskCompletedRequest { commands: vec![upsert], ..completion() };
    fake.gateway().respond_workflow_task_completed(Request::new(request)).await.unwrap();
    let command = fake.with(|state| state.commands.remove(0));
    assert_eq!(command.settings.unwrap().search_attribute_types["Name"], 2);
    let Some(Body::CompleteWorkflowTask(body)) = command.body else { panic!("no completion") };
    let request = body.request.unwrap();
    let Some(Attributes::UpsertWorkflowSearchAttributesCommandAttributes(upsert)) = &request.commands[0].attributes else {
        panic!("no upsert");
    };
    assert_eq!(upsert.search_attributes.as_ref().unwrap().indexed_fields["Name"].metadata["type"], "Keyword");
}

#[tokio::test]
#[allow(deprecated, reason = "workers still name namespaces")]
async fn a_command_about_another_workflow_brings_the_namespaces_id_and_names_one_that_exists() {
    let fake = Fake::new();
    fake.with(|state| state.replies.push_back(completed(None)));
    let signal = |namespace: &str| RespondWorkflowTaskCompletedRequest {
        commands: vec![Command {
            command_type: CommandType::SignalExternalWorkflowExecution as i32,
            attributes: Some(Attributes::SignalExternalWorkflowExecutionCommandAttributes(
                SignalExternalWorkflowExecutionCommandAttributes {
                    namespace: namespace.to_owned(),
                    ..SignalExternalWorkflowExecutionCommandAttributes::default()
                },
            )),
            ..Command::default()
        }],
        ..completion()
    };
    fake.gateway().respond_workflow_task_completed(Request::new(signal("default"))).await.unwrap();
    let command = fake.with(|state| state.commands.remove(0));
    let id = fake.with(|state| state.namespaces["default"].id.clone());
    assert!(!id.is_empty());
    assert_eq!(command.settings.unwrap().namespace_id, id);

    let refused = fake.gateway().respond_workflow_task_completed(Request::new(signal("nowhere"))).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::NotFound, "Namespace nowhere is not found."));
    assert!(fake.with(|state| state.commands.is_empty()));
}

#[tokio::test]
async fn the_next_task_comes_with_the_history_since_the_last_one() {
    let fake = Fake::new();
    fake.put_run(RUN, 8, klamm_messages::temporal::enums::v1::WorkflowExecutionStatus::Running);
    let next = StartedWorkflowTask {
        run_id: RUN.to_owned(),
        workflow_type: "T".to_owned(),
        scheduled_event_id: 7,
        started_event_id: 8,
        attempt: 1,
        stamp: 4,
        previous_started_event_id: 3,
        scheduled_time: Time::from_millis(1),
        started_time: Time::from_millis(2),
        transient_events: Vec::new(),
        last_stored_event_id: 8,
        workflow_task_queue: TaskQueue::default(),
        sticky: true,
        messages: Vec::new(),
        history_size_bytes: 100,
    };
    fake.with(|state| {
        state.replies.push_back(completed(Some(Box::new(next))));
        state.waiting_queries.insert("id".to_owned(), WorkflowQuery { query_type: "state".to_owned(), ..Default::default() });
    });
    let request = RespondWorkflowTaskCompletedRequest { return_new_workflow_task: true, ..completion() };
    let response = fake.gateway().respond_workflow_task_completed(Request::new(request)).await.unwrap().into_inner();
    let task = response.workflow_task.unwrap();
    let ids: Vec<_> = task.history.unwrap().events.iter().map(|event| event.event_id).collect();
    assert_eq!(ids, [4, 5, 6, 7, 8]);
    assert_eq!(klamm_requests::tokens::decode_workflow_task(&task.task_token).unwrap().stamp, 4);
    assert_eq!(task.queries["id"].query_type, "state", "a query that waits does not wait for yet another task");
}

#[tokio::test]
async fn the_tokens_namespace_counts() {
    let gateway = Fake::new().gateway();
    let refused = async |namespace: &str, of_token: &str| {
        let request =
            RespondWorkflowTaskFailedRequest { namespace: namespace.to_owned(), task_token: token(of_token).into(), ..Default::default() };
        match gateway.respond_workflow_task_failed(Request::new(request)).await {
            Ok(_) => (Code::Ok, String::new()),
            Err(status) => (status.code(), status.message().to_owned()),
        }
    };
    assert_eq!(
        refused("old", "default").await,
        (Code::InvalidArgument, "Operation requested with a token from a different namespace.".to_owned())
    );
    assert_eq!(refused("temporal-system", "default").await.0, Code::InvalidArgument);
    assert_eq!(refused("", "nowhere").await, (Code::NotFound, "Namespace nowhere is not found.".to_owned()));
    // When the request's namespace is empty or unknown, the token's namespace counts.
    assert_eq!(refused("", "default").await.0, Code::Ok);
    assert_eq!(refused("nowhere", "default").await.0, Code::Ok);
}

#[tokio::test]
async fn a_failure_that_is_too_large_is_cut() {
    let fake = Fake::new();
    let request = RespondWorkflowTaskFailedRequest {
        task_token: token("default").into(),
        cause: 999,
        failure: Some(Failure { message: "m".repeat(3 * 1024 * 1024), ..Failure::default() }),
        ..Default::default()
    };
    fake.gateway().respond_workflow_task_failed(Request::new(request)).await.unwrap();
    let command = fake.with(|state| state.commands.remove(0));
    let Some(Body::FailWorkflowTask(body)) = command.body else { panic!("no failure") };
    let request = body.request.unwrap();
    assert_eq!(request.cause, 0);
    let failure = request.failure.unwrap();
    assert_eq!(failure.message, FAILURE_EXCEEDS_LIMIT);
    assert!(matches!(failure.failure_info, Some(FailureInfo::ServerFailureInfo(info)) if info.non_retryable));
    assert!(failure.cause.unwrap().encoded_len() < 512 * 1024);
}
