//! ListWorkflowExecutions, ScanWorkflowExecutions, CountWorkflowExecutions, ListOpen- and ListClosedWorkflowExecutions, GetSearchAttributes.

use klamm_backend::Backend;
use klamm_filters::{Scope, VisibilityQueries};
use klamm_messages::{
    klamm::v1::VisibilityDocument,
    temporal::{
        common::v1::{WorkflowExecution, WorkflowType},
        enums::v1::{IndexedValueType, WorkflowExecutionStatus},
        workflow::v1::WorkflowExecutionInfo,
        workflowservice::v1::{
            CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse, GetSearchAttributesRequest, GetSearchAttributesResponse,
            ListClosedWorkflowExecutionsRequest, ListClosedWorkflowExecutionsResponse, ListOpenWorkflowExecutionsRequest,
            ListOpenWorkflowExecutionsResponse, ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse,
            ScanWorkflowExecutionsRequest, ScanWorkflowExecutionsResponse, count_workflow_executions_response::AggregationGroup,
        },
    },
};
use klamm_requests::{Result, calls};
use klamm_search_attributes as search_attributes;

use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle_list<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ListWorkflowExecutionsRequest,
) -> Result<ListWorkflowExecutionsResponse> {
    let (executions, next_page_token) =
        list(gateway, &request.namespace, &request.query, request.page_size, &request.next_page_token).await?;
    Ok(ListWorkflowExecutionsResponse { executions, next_page_token: next_page_token.into() })
}

/// The same as ListWorkflowExecutions, under an older name.
pub(super) async fn handle_scan<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ScanWorkflowExecutionsRequest,
) -> Result<ScanWorkflowExecutionsResponse> {
    let (executions, next_page_token) =
        list(gateway, &request.namespace, &request.query, request.page_size, &request.next_page_token).await?;
    Ok(ScanWorkflowExecutionsResponse { executions, next_page_token: next_page_token.into() })
}

pub(super) async fn handle_count<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: CountWorkflowExecutionsRequest,
) -> Result<CountWorkflowExecutionsResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let counted = gateway.visibility.count(Scope::Workflows, namespace, &request.query).await?;
    let keyword = |value: &str| search_attributes::payload(search_attributes::json_text(value), IndexedValueType::Keyword);
    let groups = counted.groups.into_iter().map(|group| AggregationGroup { group_values: vec![keyword(&group.value)], count: group.count });
    Ok(CountWorkflowExecutionsResponse { count: counted.total, groups: groups.collect() })
}

pub(super) async fn handle_list_open<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ListOpenWorkflowExecutionsRequest,
) -> Result<ListOpenWorkflowExecutionsResponse> {
    let query = calls::list_runs::open(&request)?;
    let (executions, next_page_token) =
        list(gateway, &request.namespace, &query, request.maximum_page_size, &request.next_page_token).await?;
    Ok(ListOpenWorkflowExecutionsResponse { executions, next_page_token: next_page_token.into() })
}

pub(super) async fn handle_list_closed<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ListClosedWorkflowExecutionsRequest,
) -> Result<ListClosedWorkflowExecutionsResponse> {
    let query = calls::list_runs::closed(&request)?;
    let (executions, next_page_token) =
        list(gateway, &request.namespace, &query, request.maximum_page_size, &request.next_page_token).await?;
    Ok(ListClosedWorkflowExecutionsResponse { executions, next_page_token: next_page_token.into() })
}

/// Names and types of all search attributes of all namespaces: the call names no namespace.
pub(super) async fn handle_get_search_attributes<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    _request: GetSearchAttributesRequest,
) -> Result<GetSearchAttributesResponse> {
    let namespaces = gateway.backend.namespaces();
    let custom = namespaces.values().flat_map(|namespace| &namespace.search_attributes).map(|(name, kind)| (name.clone(), *kind));
    let defined = search_attributes::SYSTEM.iter().chain(search_attributes::PREDEFINED);
    Ok(GetSearchAttributesResponse { keys: custom.chain(defined.map(|(name, kind)| ((*name).to_owned(), *kind as i32))).collect() })
}

async fn list<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    namespace: &str,
    query: &str,
    page_size: i32,
    next_page_token: &[u8],
) -> Result<(Vec<WorkflowExecutionInfo>, Vec<u8>)> {
    let limit = gateway.limits_of(namespace).visibility_page;
    let size = usize::try_from(page_size).ok().filter(|size| (1..=limit).contains(size)).unwrap_or(limit);
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, namespace)?;
    let runs = gateway.visibility.list(Scope::Workflows, namespace, query, size, next_page_token).await?;
    Ok((runs.documents.into_iter().map(shown).collect(), runs.next_page_token))
}

/// A run as lists show it. Fields that get their value at the close are left out while the run is open.
fn shown(document: VisibilityDocument) -> WorkflowExecutionInfo {
    let closed = !matches!(document.status(), WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused);
    let execution = |workflow_id: String, run_id: String| (!workflow_id.is_empty()).then_some(WorkflowExecution { workflow_id, run_id });
    WorkflowExecutionInfo {
        execution: execution(document.workflow_id, document.run_id),
        r#type: Some(WorkflowType { name: document.workflow_type }),
        start_time: document.start_time,
        execution_time: document.execution_time,
        close_time: document.close_time.filter(|_| closed),
        execution_duration: document.execution_duration.filter(|_| closed),
        status: document.status,
        history_length: if closed { document.history_length } else { 0 },
        history_size_bytes: if closed { document.history_size_bytes } else { 0 },
        state_transition_count: if closed { document.state_transition_count } else { 0 },
        memo: Some(document.memo.unwrap_or_default()),
        search_attributes: Some(document.search_attributes.unwrap_or_default()),
        task_queue: document.task_queue,
        parent_execution: execution(document.parent_workflow_id, document.parent_run_id),
        root_execution: execution(document.root_workflow_id, document.root_run_id),
        ..WorkflowExecutionInfo::default()
    }
}
