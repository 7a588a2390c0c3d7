//! QueryWorkflow, and RespondQueryTaskCompleted: the worker's answer to a query that had a task of its own.

use std::time::{Duration, Instant};

use klamm_backend::{Backend, QueryOutcome};
use klamm_filters::VisibilityQueries;
use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{RunState, WorkflowTaskPhase},
    temporal::{
        enums::v1::{QueryRejectCondition, QueryResultType, WorkflowExecutionStatus},
        query::v1::{QueryRejected, WorkflowQueryResult},
        workflowservice::v1::{
            QueryWorkflowRequest, QueryWorkflowResponse, RespondQueryTaskCompletedRequest, RespondQueryTaskCompletedResponse,
        },
    },
};
use klamm_requests::{Fault, Result, calls::complete_workflow_task::too_large, tokens, validate};

use crate::{call::Call, gateway::Gateway, runs};

/// When the run's workflow task is at this attempt or a later one, queries fail at once: the workflow cannot be replayed.
const FAILING_ATTEMPT: i32 = 3;
/// The error when the worker neither answered nor failed the query. (The words are Temporal's. Temporal's code is Internal, although the
/// worker is at fault.)
const UNKNOWN_TYPE: &str = "unknown query completed type";
/// Of a short deadline, one part in so many is left for the answer's way back.
const TAIL_PART: u32 = 5;

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: QueryWorkflowRequest,
) -> Result<QueryWorkflowResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let execution = validate::execution::execution(request.execution.as_ref())?;
    let Some(query) = request.query else {
        return Err(Fault::invalid("WorkflowQuery is not set on request."));
    };
    if query.query_type.is_empty() {
        return Err(Fault::invalid("QueryType is not set on request."));
    }
    validate::sizes::blob(query.query_args.as_ref(), gateway.limits_of(&namespace.name))?;

    let snapshot = runs::find(&*gateway.backend, namespace, execution).await?;
    let deadline = deadline(&call, gateway.config.query_timeout, gateway.config.long_poll_tail_room);
    if let Some(rejected) = rejected(&snapshot.state, request.query_reject_condition) {
        return Ok(QueryWorkflowResponse { query_rejected: Some(rejected), ..QueryWorkflowResponse::default() });
    }
    if snapshot.state.outcome_only {
        let message = "Only the outcome of this run was kept, so its workflow cannot be queried.";
        return Err(Fault::FailedPrecondition(message.to_owned()));
    }
    check_ready(&snapshot.state, call.deadline().map(|_| deadline))?;
    match gateway.backend.query(&snapshot.run, query, deadline).await? {
        QueryOutcome::Answered(result) => answered(*result),
        QueryOutcome::TimedOut => Err(Fault::DeadlineExceeded("query timed out before a worker could process it".to_owned())),
        QueryOutcome::NoPoller => Err(Fault::FailedPrecondition("no poller seen for task queue recently, worker may be down".to_owned())),
    }
}

/// The worker's answer to a query task.
pub(super) async fn handle_completed<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    mut request: RespondQueryTaskCompletedRequest,
) -> Result<RespondQueryTaskCompletedResponse> {
    let namespaces = gateway.backend.namespaces();
    let token = tokens::decode_workflow_task(&request.task_token)?;
    let namespace = gateway.token_namespace(&namespaces, &request.namespace, &token.namespace)?;
    if token.query_id.is_empty() {
        return Err(Fault::invalid("Invalid TaskToken."));
    }
    validate::canonical::failure(request.failure.as_mut());
    let unknown_type = !is_known(request.completed_type);
    let result = if validate::sizes::blob_exceeds(request.query_result.as_ref(), gateway.limits_of(&namespace.name)) {
        too_large()
    } else {
        WorkflowQueryResult {
            result_type: request.completed_type,
            answer: request.query_result,
            error_message: request.error_message,
            failure: request.failure,
        }
    };
    // The caller of the query gets this failure at once. The worker gets an error too.
    gateway.backend.complete_query_task(&token.query_id, result)?;
    if unknown_type {
        return Err(Fault::invalid(UNKNOWN_TYPE));
    }
    Ok(RespondQueryTaskCompletedResponse {})
}

/// When waiting for an answer ends: early enough that the caller still gets the reason.
fn deadline(call: &Call, without_deadline: Duration, tail_room: Duration) -> Instant {
    let now = Instant::now();
    match call.deadline() {
        Some(deadline) => {
            let left = deadline.saturating_duration_since(now);
            deadline - tail_room.min(left / TAIL_PART)
        }
        None => now + without_deadline,
    }
}

/// The rejection, if the run's status does not meet the caller's condition.
fn rejected(state: &RunState, condition: i32) -> Option<QueryRejected> {
    let status = WorkflowExecutionStatus::try_from(state.status).unwrap_or_default();
    let condition = QueryRejectCondition::try_from(condition).unwrap_or_default();
    let reject = match condition {
        QueryRejectCondition::Unspecified | QueryRejectCondition::None => false,
        QueryRejectCondition::NotOpen => status != WorkflowExecutionStatus::Running,
        QueryRejectCondition::NotCompletedCleanly => {
            !matches!(status, WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Completed)
        }
    };
    // A paused run gets no tasks, queries included.
    let reject = reject || status == WorkflowExecutionStatus::Paused;
    reject.then_some(QueryRejected { status: status as i32 })
}

/// Refuses queries that no worker could answer: because no workflow task was ever completed and none will be in time, or because the
/// workflow task keeps failing (Temporal: service/history/api/queryworkflow/api.go).
fn check_ready(state: &RunState, deadline: Option<Instant>) -> Result<()> {
    let running = state.status == WorkflowExecutionStatus::Running as i32;
    if !running && state.last_completed_workflow_task_started_event_id == 0 {
        return Err(Fault::WorkflowNotReady("Workflow execution closed before WorkflowTaskStarted event".to_owned()));
    }
    if let Some(first_task) = &state.first_workflow_task_time
        && state.last_completed_workflow_task_started_event_id == 0
    {
        let wait = Time::from(first_task).since(Time::from_millis(chrono::Utc::now().timestamp_millis()));
        if deadline.is_none_or(|deadline| Instant::now() + wait > deadline) {
            return Err(Fault::WorkflowNotReady("Workflow task is not scheduled yet.".to_owned()));
        }
    }
    let failing = state.workflow_task.as_ref().is_some_and(|task| {
        task.attempt >= FAILING_ATTEMPT && matches!(task.phase(), WorkflowTaskPhase::Scheduled | WorkflowTaskPhase::Started)
    });
    if running && failing {
        return Err(Fault::WorkflowNotReady("Unable to query workflow due to Workflow Task in failed state.".to_owned()));
    }
    Ok(())
}

/// The answer, or the failure that the worker answered with.
fn answered(result: WorkflowQueryResult) -> Result<QueryWorkflowResponse> {
    match QueryResultType::try_from(result.result_type) {
        Ok(QueryResultType::Answered) => Ok(QueryWorkflowResponse { query_result: result.answer, ..QueryWorkflowResponse::default() }),
        Ok(QueryResultType::Failed) => Err(Fault::QueryFailed { message: result.error_message, failure: result.failure.map(Box::new) }),
        _ => Err(Fault::QueryFailed { message: UNKNOWN_TYPE.to_owned(), failure: None }),
    }
}

/// True for the two ways in which a query is completed.
fn is_known(completed_type: i32) -> bool {
    matches!(QueryResultType::try_from(completed_type), Ok(QueryResultType::Answered | QueryResultType::Failed))
}
