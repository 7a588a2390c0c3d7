//! Queries: which run is asked, and what the caller gets when no worker can answer.

use klamm_api::workflowservice::v1::{workflow_service_server::WorkflowService, *};
use klamm_backend::QueryOutcome;
use klamm_messages::{
    klamm::v1::{RunState, WorkflowTaskPhase, WorkflowTaskState},
    temporal::{
        common::v1::WorkflowExecution,
        enums::v1::{QueryRejectCondition, QueryResultType, WorkflowExecutionStatus},
        failure::v1::Failure,
        query::v1::{WorkflowQuery, WorkflowQueryResult},
    },
};
use klamm_requests::tokens;
use klamm_workflow::tables::RunKey;
use tonic::{Code, Request, Status};

use super::fake::{Fake, run_state};

const RUN: &str = "8e4b1f4e-0c7e-4d6e-9b0e-000000000001";

async fn ask(state: RunState, outcome: QueryOutcome, condition: QueryRejectCondition) -> Result<QueryWorkflowResponse, Status> {
    let fake = Fake::new();
    fake.with(|fake| {
        fake.runs.insert(RUN.to_owned(), std::sync::Arc::new(state));
        fake.query_outcome = Some(outcome);
    });
    let request = QueryWorkflowRequest {
        namespace: "default".to_owned(),
        execution: Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: String::new() }),
        query: Some(WorkflowQuery { query_type: "state".to_owned(), ..WorkflowQuery::default() }),
        query_reject_condition: condition as i32,
    };
    fake.gateway().query_workflow(Request::new(request)).await.map(tonic::Response::into_inner)
}

fn running() -> RunState {
    run_state(RUN, 5, WorkflowExecutionStatus::Running)
}

fn answered(result_type: QueryResultType) -> QueryOutcome {
    QueryOutcome::Answered(Box::new(WorkflowQueryResult {
        result_type: result_type as i32,
        answer: Some(Default::default()),
        error_message: "unknown query".to_owned(),
        failure: None,
    }))
}

#[tokio::test]
async fn outcomes_are_told_in_temporals_words() {
    let none = QueryRejectCondition::Unspecified;
    let response = ask(running(), answered(QueryResultType::Answered), none).await.unwrap();
    assert!(response.query_result.is_some());
    for (outcome, code, message) in [
        (answered(QueryResultType::Failed), Code::InvalidArgument, "unknown query"),
        (QueryOutcome::TimedOut, Code::DeadlineExceeded, "query timed out before a worker could process it"),
        (QueryOutcome::NoPoller, Code::FailedPrecondition, "no poller seen for task queue recently, worker may be down"),
    ] {
        let status = ask(running(), outcome, none).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (code, message));
    }
}

#[tokio::test]
async fn conditions_reject_by_status() {
    use QueryRejectCondition::{None, NotCompletedCleanly, NotOpen};
    use WorkflowExecutionStatus::{Completed, Failed, Running};
    for (status, condition, rejected) in [
        (Running, NotOpen, false),
        (Completed, NotOpen, true),
        (Completed, NotCompletedCleanly, false),
        (Failed, NotCompletedCleanly, true),
        (Failed, None, false),
    ] {
        let outcome = answered(QueryResultType::Answered);
        let response = ask(run_state(RUN, 5, status), outcome, condition).await.unwrap();
        let shown = response.query_rejected.map(|rejected| rejected.status);
        assert_eq!(shown, rejected.then_some(status as i32), "{status:?} {condition:?}");
    }
}

#[tokio::test]
async fn runs_that_no_worker_could_answer_for_are_not_ready() {
    let failing = RunState {
        workflow_task: Some(WorkflowTaskState { phase: WorkflowTaskPhase::Scheduled as i32, attempt: 3, ..WorkflowTaskState::default() }),
        ..running()
    };
    let never_began =
        RunState { last_completed_workflow_task_started_event_id: 0, ..run_state(RUN, 5, WorkflowExecutionStatus::Terminated) };
    let delayed = RunState {
        last_completed_workflow_task_started_event_id: 0,
        first_workflow_task_time: Some(prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 }),
        ..running()
    };
    for (state, message) in [
        (failing, "Unable to query workflow due to Workflow Task in failed state."),
        (never_began, "Workflow execution closed before WorkflowTaskStarted event"),
        (delayed, "Workflow task is not scheduled yet."),
    ] {
        let outcome = answered(QueryResultType::Answered);
        let status = ask(state, outcome, QueryRejectCondition::Unspecified).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, message));
        assert!(!status.details().is_empty(), "WorkflowNotReadyFailure");
    }
}

#[tokio::test]
async fn a_workers_answer_reaches_the_asker() {
    let fake = Fake::new();
    let request = RespondQueryTaskCompletedRequest {
        task_token: tokens::query_task(&RunKey::new("default", "w", RUN), "q").into(),
        completed_type: QueryResultType::Failed as i32,
        error_message: "unknown query".to_owned(),
        ..Default::default()
    };
    fake.gateway().respond_query_task_completed(Request::new(request)).await.unwrap();
    let (id, result) = fake.with(|state| state.completed_queries.remove(0));
    assert_eq!((id.as_str(), result.error_message.as_str()), ("q", "unknown query"));

    let no_query = RespondQueryTaskCompletedRequest {
        task_token: tokens::query_task(&RunKey::new("default", "w", RUN), "").into(),
        ..Default::default()
    };
    let status = fake.gateway().respond_query_task_completed(Request::new(no_query)).await.unwrap_err();
    assert_eq!(status.message(), "Invalid TaskToken.");
}

#[tokio::test]
async fn an_answer_that_is_none_is_refused_and_told_to_the_asker() {
    let fake = Fake::new();
    for completed_type in [QueryResultType::Unspecified as i32, 7, -1] {
        let request = RespondQueryTaskCompletedRequest {
            task_token: tokens::query_task(&RunKey::new("default", "w", RUN), "q").into(),
            completed_type,
            ..Default::default()
        };
        let status = fake.gateway().respond_query_task_completed(Request::new(request)).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "unknown query completed type"));
        let (_, result) = fake.with(|state| state.completed_queries.remove(0));
        let outcome = QueryOutcome::Answered(Box::new(result));
        let status = ask(running(), outcome, QueryRejectCondition::Unspecified).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "unknown query completed type"));
    }
}

#[tokio::test]
async fn a_failure_of_many_causes_reaches_the_asker_as_deep_as_it_can_be_read() {
    let fake = Fake::new();
    let failure = (0..97).fold(Failure::default(), |cause, _| Failure { cause: Some(Box::new(cause)), ..Failure::default() });
    let request = RespondQueryTaskCompletedRequest {
        task_token: tokens::query_task(&RunKey::new("default", "w", RUN), "q").into(),
        completed_type: QueryResultType::Failed as i32,
        failure: Some(failure),
        ..Default::default()
    };
    fake.gateway().respond_query_task_completed(Request::new(request)).await.unwrap();
    let (_, result) = fake.with(|state| state.completed_queries.remove(0));
    let depth = std::iter::successors(result.failure.as_ref(), |failure| failure.cause.as_deref()).count();
    assert_eq!(depth, klamm_requests::validate::canonical::FAILURES_MAX);
}
