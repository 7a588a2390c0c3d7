//! StartBatchOperation, StopBatchOperation, DescribeBatchOperation, ListBatchOperations.
//!
//! A batch operation is a workflow whose id is the job's. It stands in a division of its own, so that lists of workflows do not show it.

use klamm_backend::{Backend, RunSnapshot};
use klamm_filters::{Scope, VisibilityQueries};
use klamm_messages::temporal::{
    batch::v1::BatchOperationInfo,
    common::v1::{Execution, Memo, WorkflowExecution},
    enums::v1::{BatchOperationState, ExecutionType, ResourceExhaustedCause, WorkflowExecutionStatus},
    history::v1::history_event::Attributes,
    workflowservice::v1::{
        DescribeBatchOperationRequest, DescribeBatchOperationResponse, ListBatchOperationsRequest, ListBatchOperationsResponse,
        StartBatchOperationRequest, StartBatchOperationResponse, StopBatchOperationRequest, StopBatchOperationResponse,
        TerminateWorkflowExecutionRequest,
    },
};
use klamm_requests::{
    Fault, Result,
    batch::{self, Progress, Stats},
    calls::{start_batch_operation, terminate_workflow},
};

use crate::{call::Call, gateway::Gateway, runs};

/// Operations of one namespace that may be open at a time (frontend.MaxConcurrentBatchOperationPerNamespace).
const OPEN_MAX: i64 = 1;

pub(super) async fn handle_start<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: StartBatchOperationRequest,
) -> Result<StartBatchOperationResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.registered_namespace(&namespaces, &request.namespace)?;
    let command = start_batch_operation::command(request, &gateway.terms(namespace))?;
    let open = format!("{} AND ExecutionStatus = 'Running'", division());
    if gateway.visibility.count(Scope::Workflows, namespace, &open).await?.total >= OPEN_MAX {
        let message = "Max concurrent batch operations is reached".to_owned();
        return Err(Fault::ResourceExhausted { cause: ResourceExhaustedCause::ConcurrentLimit, message });
    }
    gateway.submit(&call, command).await?;
    Ok(StartBatchOperationResponse {})
}

pub(super) async fn handle_stop<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: StopBatchOperationRequest,
) -> Result<StopBatchOperationResponse> {
    check_job(&request.job_id)?;
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    if request.reason.is_empty() {
        return Err(Fault::invalid("Reason is not set on request."));
    }
    let terminate = TerminateWorkflowExecutionRequest {
        namespace: request.namespace.clone(),
        workflow_execution: Some(WorkflowExecution { workflow_id: request.job_id, run_id: String::new() }),
        reason: request.reason,
        identity: request.identity,
        ..TerminateWorkflowExecutionRequest::default()
    };
    gateway.submit(&call, terminate_workflow::command(terminate, &gateway.terms(namespace))?).await?;
    Ok(StopBatchOperationResponse {})
}

pub(super) async fn handle_describe<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: DescribeBatchOperationRequest,
) -> Result<DescribeBatchOperationResponse> {
    check_job(&request.job_id)?;
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let execution = WorkflowExecution { workflow_id: request.job_id, run_id: String::new() };
    let snapshot = runs::find(&*gateway.backend, namespace, &execution).await?;
    let is_batch = snapshot.state.started.as_ref().and_then(|started| started.workflow_type.as_ref());
    if is_batch.is_none_or(|kind| kind.name != batch::WORKFLOW_TYPE) {
        return Err(runs::not_found(&execution.workflow_id, ""));
    }
    let first = gateway.backend.history(&snapshot.run, 1, 2, 1).await?;
    let started = match first.first().and_then(|event| event.attributes.as_ref()) {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => batch::request_of(started.input.as_ref()),
        _ => None,
    };
    Ok(describe(&snapshot, &started.unwrap_or_default()))
}

fn describe(snapshot: &RunSnapshot, request: &StartBatchOperationRequest) -> DescribeBatchOperationResponse {
    let state = &snapshot.state;
    let fields = state.memo.clone().unwrap_or_default().fields;
    let user = state.search_attributes.as_ref().and_then(|attributes| attributes.indexed_fields.get(batch::USER));
    let (total, complete, failed) = if state.status == WorkflowExecutionStatus::Completed as i32 {
        let stats: Stats = batch::from_json(fields.get(batch::STATS_MEMO));
        (stats.num_success + stats.num_failure, stats.num_success, stats.num_failure)
    } else if state.status == WorkflowExecutionStatus::Running as i32 {
        let beats = state.activities.values().next().and_then(|activity| activity.state.as_ref()?.heartbeat_details.clone());
        let progress: Progress = batch::from_json(beats.unwrap_or_default().payloads.first());
        (progress.total_estimate, progress.success_count, progress.error_count)
    } else {
        (0, 0, 0)
    };
    DescribeBatchOperationResponse {
        operation_type: operation_type(state.memo.as_ref()),
        job_id: state.workflow_id.clone(),
        state: operation_state(state.status) as i32,
        start_time: state.start_time,
        close_time: state.close_time,
        total_operation_count: total,
        complete_operation_count: complete,
        failure_operation_count: failed,
        identity: batch::from_json(user),
        reason: batch::from_json(fields.get(batch::REASON_MEMO)),
        query: batch::from_json(fields.get(batch::QUERY_MEMO)),
        executions: executions(request),
    }
}

pub(super) async fn handle_list<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ListBatchOperationsRequest,
) -> Result<ListBatchOperationsResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let limit = gateway.limits_of(&request.namespace).visibility_page;
    let size = usize::try_from(request.page_size).ok().filter(|size| (1..=limit).contains(size)).unwrap_or(limit);
    let page = gateway.visibility.list(Scope::Workflows, namespace, &division(), size, &request.next_page_token).await?;
    let info = page.documents.into_iter().map(|document| BatchOperationInfo {
        operation_type: operation_type(document.memo.as_ref()),
        job_id: document.workflow_id,
        state: operation_state(document.status) as i32,
        start_time: document.start_time,
        close_time: document.close_time.filter(|_| document.status != WorkflowExecutionStatus::Running as i32),
    });
    Ok(ListBatchOperationsResponse { operation_info: info.collect(), next_page_token: page.next_page_token.into() })
}

/// The filter that finds batch operations.
fn division() -> String {
    format!("TemporalNamespaceDivision = '{}'", batch::DIVISION)
}

fn check_job(job_id: &str) -> Result<()> {
    if job_id.is_empty() { Err(Fault::invalid("JobId is not set on request.")) } else { Ok(()) }
}

fn operation_type(memo: Option<&Memo>) -> i32 {
    let name: String = batch::from_json(memo.and_then(|memo| memo.fields.get(batch::TYPE_MEMO)));
    batch::number_named(&name) as i32
}

fn operation_state(status: i32) -> BatchOperationState {
    match WorkflowExecutionStatus::try_from(status) {
        Ok(WorkflowExecutionStatus::Running) => BatchOperationState::Running,
        Ok(WorkflowExecutionStatus::Completed) => BatchOperationState::Completed,
        _ => BatchOperationState::Failed,
    }
}

/// The executions that a request lists.
#[allow(deprecated, reason = "older clients name executions by the deprecated field")]
fn executions(request: &StartBatchOperationRequest) -> Vec<Execution> {
    let named = request.executions.iter().map(|execution| Execution {
        r#type: ExecutionType::Workflow as i32,
        business_id: execution.workflow_id.clone(),
        run_id: execution.run_id.clone(),
    });
    request.target_executions.iter().cloned().chain(named).collect()
}
