//! Pages of histories, and waiting for new events.

use bytes::Bytes;
use klamm_api::workflowservice::v1::{workflow_service_server::WorkflowService, *};
use klamm_messages::klamm::v1::{WorkflowTaskPhase, WorkflowTaskState};
use klamm_messages::temporal::{
    common::v1::WorkflowExecution,
    enums::v1::{EventType, HistoryEventFilterType, WorkflowExecutionStatus},
    history::v1::{HistoryEvent, WorkflowExecutionFailedEventAttributes, history_event::Attributes},
};
use tonic::{Code, Request};

use super::fake::{Fake, run_state};

const RUN: &str = "8e4b1f4e-0c7e-4d6e-9b0e-000000000001";

fn request() -> GetWorkflowExecutionHistoryRequest {
    GetWorkflowExecutionHistoryRequest {
        namespace: "default".to_owned(),
        execution: Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: String::new() }),
        ..GetWorkflowExecutionHistoryRequest::default()
    }
}

fn with_headers<T>(message: T, headers: &[(&'static str, &'static str)]) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in headers {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    request
}

async fn read(fake: &Fake, request: Request<GetWorkflowExecutionHistoryRequest>) -> (Vec<i64>, Bytes) {
    let response = fake.gateway().get_workflow_execution_history(request).await.unwrap().into_inner();
    (response.history.unwrap().events.iter().map(|event| event.event_id).collect(), response.next_page_token)
}

#[tokio::test]
async fn pages_follow_each_other_to_the_end() {
    let fake = Fake::new();
    fake.put_run(RUN, 600, WorkflowExecutionStatus::Completed);
    let (mut all, mut token, mut pages) = (Vec::new(), Bytes::new(), 0);
    loop {
        let request = GetWorkflowExecutionHistoryRequest { next_page_token: token, ..request() };
        let (events, next) = read(&fake, Request::new(request)).await;
        assert!(events.len() <= 256);
        all.extend(events);
        pages += 1;
        if next.is_empty() {
            break;
        }
        token = next;
    }
    assert_eq!(pages, 3);
    assert_eq!(all, (1..=600).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_page_size_is_kept_below_the_limit() {
    let fake = Fake::new();
    fake.put_run(RUN, 600, WorkflowExecutionStatus::Completed);
    for (asked, given) in [(0, 256), (10, 10), (1000, 256), (-1, 256)] {
        let request = GetWorkflowExecutionHistoryRequest { maximum_page_size: asked, ..request() };
        assert_eq!(read(&fake, Request::new(request)).await.0.len(), given, "{asked}");
    }
}

#[tokio::test]
async fn a_token_pins_run_and_end() {
    let fake = Fake::new();
    fake.put_run(RUN, 300, WorkflowExecutionStatus::Running);
    let (_, token) = read(&fake, Request::new(request())).await;
    // Events that come after the first page do not appear on later ones.
    fake.put_run(RUN, 400, WorkflowExecutionStatus::Running);
    let other_run = Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: "8e4b1f4e-0c7e-4d6e-9b0e-000000000002".to_owned() });
    let next = GetWorkflowExecutionHistoryRequest { next_page_token: token, ..request() };
    let (events, end) = read(&fake, Request::new(next.clone())).await;
    assert_eq!(events, (257..=300).collect::<Vec<_>>());
    assert!(end.is_empty());
    let status = fake
        .gateway()
        .get_workflow_execution_history(Request::new(GetWorkflowExecutionHistoryRequest { execution: other_run, ..next }))
        .await
        .unwrap_err();
    assert_eq!(status.message(), "RunId in the request does not match the NextPageToken.");
}

#[tokio::test]
async fn a_waiting_reader_gets_what_comes_and_ends_with_the_run() {
    let fake = Fake::new();
    fake.put_run(RUN, 3, WorkflowExecutionStatus::Running);
    let waiting = GetWorkflowExecutionHistoryRequest { wait_new_event: true, ..request() };
    let (events, token) = read(&fake, Request::new(waiting.clone())).await;
    assert_eq!(events, [1, 2, 3]);
    assert!(fake.with(|state| state.waits.is_empty()), "the first page waits for nothing");

    // Nothing comes in time: an empty page and a token.
    let next = GetWorkflowExecutionHistoryRequest { next_page_token: token, ..waiting.clone() };
    let (events, token) = read(&fake, Request::new(next)).await;
    assert!(events.is_empty() && !token.is_empty());
    assert_eq!(fake.with(|state| std::mem::take(&mut state.waits)), [4]);

    fake.with(|state| state.after_wait = Some(run_state(RUN, 6, WorkflowExecutionStatus::Completed)));
    let next = GetWorkflowExecutionHistoryRequest { next_page_token: token, ..waiting };
    let (events, token) = read(&fake, Request::new(next)).await;
    assert_eq!(events, [4, 5]);
    assert!(token.is_empty());
}

#[tokio::test]
async fn the_close_event_is_waited_for_and_given_alone() {
    let fake = Fake::new();
    fake.put_run(RUN, 3, WorkflowExecutionStatus::Running);
    let close = GetWorkflowExecutionHistoryRequest {
        wait_new_event: true,
        history_event_filter_type: HistoryEventFilterType::CloseEvent as i32,
        ..request()
    };
    let (events, token) = read(&fake, Request::new(close.clone())).await;
    assert!(events.is_empty() && !token.is_empty());
    assert_eq!(fake.with(|state| std::mem::take(&mut state.waits)), [i64::MAX]);

    fake.with(|state| state.after_wait = Some(run_state(RUN, 6, WorkflowExecutionStatus::Completed)));
    let next = GetWorkflowExecutionHistoryRequest { next_page_token: token, ..close.clone() };
    let (events, token) = read(&fake, Request::new(next)).await;
    assert_eq!(events, [5]);
    assert!(token.is_empty());

    // Without a wait, an open run has no close event.
    fake.put_run(RUN, 3, WorkflowExecutionStatus::Running);
    let (events, token) = read(&fake, Request::new(GetWorkflowExecutionHistoryRequest { wait_new_event: false, ..close })).await;
    assert!(events.is_empty() && token.is_empty());
}

#[tokio::test]
async fn clients_that_do_not_follow_runs_see_a_made_up_continued_as_new() {
    let fake = Fake::new();
    fake.put_run(RUN, 2, WorkflowExecutionStatus::Failed);
    let failed = HistoryEvent {
        event_id: 2,
        event_type: EventType::WorkflowExecutionFailed as i32,
        attributes: Some(Attributes::WorkflowExecutionFailedEventAttributes(WorkflowExecutionFailedEventAttributes {
            new_execution_run_id: "next".to_owned(),
            ..Default::default()
        })),
        ..HistoryEvent::default()
    };
    fake.with(|state| state.events[1] = std::sync::Arc::new(failed));
    let close = || GetWorkflowExecutionHistoryRequest { history_event_filter_type: HistoryEventFilterType::CloseEvent as i32, ..request() };
    let type_of = async |request| {
        let response = fake.gateway().get_workflow_execution_history(request).await.unwrap().into_inner();
        response.history.unwrap().events[0].event_type
    };
    assert_eq!(type_of(Request::new(close())).await, EventType::WorkflowExecutionContinuedAsNew as i32);
    let follows = with_headers(close(), &[("supported-features", "follows-next-run-id")]);
    assert_eq!(type_of(follows).await, EventType::WorkflowExecutionFailed as i32);
    let response = fake.gateway().get_workflow_execution_history(Request::new(request())).await.unwrap().into_inner();
    assert_eq!(response.history.unwrap().events[1].event_type, EventType::WorkflowExecutionFailed as i32);
}

#[tokio::test]
async fn events_of_a_retried_workflow_task_are_shown_to_sdks_only() {
    let fake = Fake::new();
    fake.put_run(RUN, 4, WorkflowExecutionStatus::Running);
    fake.with(|state| {
        let mut run = run_state(RUN, 5, WorkflowExecutionStatus::Running);
        run.workflow_task = Some(WorkflowTaskState {
            phase: WorkflowTaskPhase::Started as i32,
            attempt: 2,
            scheduled_event_id: 5,
            started_event_id: 6,
            ..WorkflowTaskState::default()
        });
        state.runs.insert(RUN.to_owned(), std::sync::Arc::new(run));
    });
    assert_eq!(read(&fake, Request::new(request())).await.0, [1, 2, 3, 4, 5, 6]);
    for client in ["temporal-cli", "temporal-ui"] {
        assert_eq!(read(&fake, with_headers(request(), &[("client-name", client)])).await.0, [1, 2, 3, 4]);
    }
}

#[tokio::test]
async fn histories_are_read_backwards() {
    let fake = Fake::new();
    fake.put_run(RUN, 300, WorkflowExecutionStatus::Completed);
    let (mut all, mut token) = (Vec::new(), Bytes::new());
    loop {
        let request = GetWorkflowExecutionHistoryReverseRequest {
            namespace: "default".to_owned(),
            execution: request().execution,
            maximum_page_size: 100,
            next_page_token: token,
        };
        let response = fake.gateway().get_workflow_execution_history_reverse(Request::new(request)).await.unwrap().into_inner();
        all.extend(response.history.unwrap().events.iter().map(|event| event.event_id));
        if response.next_page_token.is_empty() {
            break;
        }
        token = response.next_page_token;
    }
    assert_eq!(all, (1..=300).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_run_that_is_not_there_is_said_so() {
    let gateway = Fake::new().gateway();
    let status = gateway.get_workflow_execution_history(Request::new(request())).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "workflow not found for ID: w"));
    let request = GetWorkflowExecutionHistoryRequest {
        execution: Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: RUN.to_owned() }),
        ..request()
    };
    let status = gateway.get_workflow_execution_history(Request::new(request)).await.unwrap_err();
    assert_eq!(status.message(), format!("workflow execution not found for workflow ID \"w\" and run ID \"{RUN}\""));
}
