//! Which queries calls send to the index.

use klamm_api::workflowservice::v1::{workflow_service_server::WorkflowService, *};
use klamm_messages::{
    klamm::v1::VisibilityDocument,
    temporal::{
        enums::v1::WorkflowExecutionStatus,
        filter::v1::{StartTimeFilter, StatusFilter, WorkflowExecutionFilter},
    },
};
use prost_types::Timestamp;
use tonic::Request;

use super::fake::Fake;

fn asked(fake: &Fake) -> String {
    fake.with(|state| state.visibility_queries.remove(0))
}

#[tokio::test]
async fn lists_keep_their_page_size_below_the_limit() {
    let fake = Fake::new();
    for (asked_size, size) in [(0, 1000), (50, 50), (5000, 1000)] {
        let request = ListWorkflowExecutionsRequest {
            namespace: "default".to_owned(),
            page_size: asked_size,
            query: "WorkflowType = 'T'".to_owned(),
            ..Default::default()
        };
        fake.gateway().list_workflow_executions(Request::new(request)).await.unwrap();
        assert_eq!(asked(&fake), format!("WorkflowType = 'T' [{size}]"));
    }
}

#[tokio::test]
async fn the_older_lists_become_filters() {
    let fake = Fake::new();
    let time = |seconds| Some(Timestamp { seconds, nanos: 0 });
    let request = ListOpenWorkflowExecutionsRequest {
        namespace: "default".to_owned(),
        start_time_filter: Some(StartTimeFilter { earliest_time: time(0), latest_time: time(60) }),
        filters: Some(list_open_workflow_executions_request::Filters::ExecutionFilter(WorkflowExecutionFilter {
            workflow_id: "it's".to_owned(),
            ..Default::default()
        })),
        ..Default::default()
    };
    fake.gateway().list_open_workflow_executions(Request::new(request)).await.unwrap();
    assert_eq!(
        asked(&fake),
        "ExecutionStatus = 'Running' AND StartTime BETWEEN '1970-01-01T00:00:00Z' AND '1970-01-01T00:01:00Z' AND WorkflowId = 'it''s' [1000]"
    );
    let request = |status| ListClosedWorkflowExecutionsRequest {
        namespace: "default".to_owned(),
        filters: Some(list_closed_workflow_executions_request::Filters::StatusFilter(StatusFilter { status })),
        ..Default::default()
    };
    fake.gateway().list_closed_workflow_executions(Request::new(request(7))).await.unwrap();
    assert_eq!(asked(&fake), "ExecutionStatus != 'Running' AND ExecutionStatus = 'TimedOut' [1000]");
    let status = fake.gateway().list_closed_workflow_executions(Request::new(request(1))).await.unwrap_err();
    assert_eq!(status.message(), "StatusFilter must be specified and must be not Running.");
}

#[tokio::test]
async fn counts_go_through() {
    let fake = Fake::new();
    let request = CountWorkflowExecutionsRequest { namespace: "default".to_owned(), query: "GROUP BY ExecutionStatus".to_owned() };
    let response = fake.gateway().count_workflow_executions(Request::new(request)).await.unwrap().into_inner();
    assert_eq!((response.count, asked(&fake).as_str()), (5, "GROUP BY ExecutionStatus"));
    let value = &response.groups[0].group_values[0];
    assert_eq!((&value.data[..], &value.metadata["type"][..]), (&b"\"Running\""[..], &b"Keyword"[..]));
    assert_eq!(response.groups.iter().map(|group| group.count).collect::<Vec<_>>(), [3, 2]);
}

#[tokio::test]
async fn what_is_known_at_the_close_is_shown_of_closed_runs_only() {
    let fake = Fake::new();
    let document = |status: WorkflowExecutionStatus| VisibilityDocument {
        workflow_id: "w".to_owned(),
        run_id: "r".to_owned(),
        workflow_type: "T".to_owned(),
        status: status as i32,
        history_length: 11,
        ..VisibilityDocument::default()
    };
    fake.with(|state| {
        state.documents = vec![document(WorkflowExecutionStatus::Running), document(WorkflowExecutionStatus::Completed)];
    });
    let request = ListWorkflowExecutionsRequest { namespace: "default".to_owned(), ..Default::default() };
    let response = fake.gateway().list_workflow_executions(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(response.executions.iter().map(|run| run.history_length).collect::<Vec<_>>(), [0, 11]);
    assert_eq!(response.executions[0].r#type.as_ref().unwrap().name, "T");
    assert!(response.executions[0].parent_execution.is_none());
    assert_eq!(response.next_page_token, "next");
}
