//! ListWorkflowExecutions, ScanWorkflowExecutions, CountWorkflowExecutions, ListOpen- and ListClosedWorkflowExecutions, GetSearchAttributes.

use chrono::{DateTime, SecondsFormat, Utc};
use klamm_cluster::search_attributes;
use klamm_messages::{
    klamm::v1::VisibilityDocument,
    temporal::{
        common::v1::{WorkflowExecution, WorkflowType},
        enums::v1::{IndexedValueType, WorkflowExecutionStatus},
        filter::v1::StartTimeFilter,
        workflow::v1::WorkflowExecutionInfo,
        workflowservice::v1::{
            CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse, GetSearchAttributesRequest, GetSearchAttributesResponse,
            ListClosedWorkflowExecutionsRequest, ListClosedWorkflowExecutionsResponse, ListOpenWorkflowExecutionsRequest,
            ListOpenWorkflowExecutionsResponse, ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse,
            ScanWorkflowExecutionsRequest, ScanWorkflowExecutionsResponse, count_workflow_executions_response::AggregationGroup,
            list_closed_workflow_executions_request as closed, list_open_workflow_executions_request as open,
        },
    },
};
use klamm_processor::Backend;
use klamm_visibility::Scope;
use prost_types::Timestamp;

use crate::{
    call::Call,
    errors::{Fault, Result},
    gateway::Gateway,
    visibility::VisibilityQueries,
};

pub(super) async fn handle_list<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ListWorkflowExecutionsRequest,
) -> Result<ListWorkflowExecutionsResponse> {
    let (executions, next_page_token) =
        list(gateway, &request.namespace, &request.query, request.page_size, &request.next_page_token).await?;
    Ok(ListWorkflowExecutionsResponse { executions, next_page_token })
}

/// The same as a list, under its older name.
pub(super) async fn handle_scan<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ScanWorkflowExecutionsRequest,
) -> Result<ScanWorkflowExecutionsResponse> {
    let (executions, next_page_token) =
        list(gateway, &request.namespace, &request.query, request.page_size, &request.next_page_token).await?;
    Ok(ScanWorkflowExecutionsResponse { executions, next_page_token })
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
    let groups = counted.groups.into_iter().map(|(value, count)| AggregationGroup { group_values: vec![keyword(&value)], count });
    Ok(CountWorkflowExecutionsResponse { count: counted.count, groups: groups.collect() })
}

pub(super) async fn handle_list_open<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ListOpenWorkflowExecutionsRequest,
) -> Result<ListOpenWorkflowExecutionsResponse> {
    let mut query = vec!["ExecutionStatus = 'Running'".to_owned()];
    query.extend(time_clause("StartTime", request.start_time_filter.as_ref())?);
    query.extend(request.filters.map(|filter| match filter {
        open::Filters::ExecutionFilter(filter) => equals("WorkflowId", &filter.workflow_id),
        open::Filters::TypeFilter(filter) => equals("WorkflowType", &filter.name),
    }));
    let query = query.join(" AND ");
    let (executions, next_page_token) =
        list(gateway, &request.namespace, &query, request.maximum_page_size, &request.next_page_token).await?;
    Ok(ListOpenWorkflowExecutionsResponse { executions, next_page_token })
}

pub(super) async fn handle_list_closed<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ListClosedWorkflowExecutionsRequest,
) -> Result<ListClosedWorkflowExecutionsResponse> {
    let mut query = vec!["ExecutionStatus != 'Running'".to_owned()];
    // The "start time" filter of closed runs is about their close time in Temporal too.
    query.extend(time_clause("CloseTime", request.start_time_filter.as_ref())?);
    match request.filters {
        Some(closed::Filters::ExecutionFilter(filter)) => query.push(equals("WorkflowId", &filter.workflow_id)),
        Some(closed::Filters::TypeFilter(filter)) => query.push(equals("WorkflowType", &filter.name)),
        Some(closed::Filters::StatusFilter(filter)) => {
            let status = WorkflowExecutionStatus::try_from(filter.status).unwrap_or_default();
            if matches!(status, WorkflowExecutionStatus::Unspecified | WorkflowExecutionStatus::Running) {
                return Err(Fault::invalid("StatusFilter must be specified and must be not Running."));
            }
            query.push(equals("ExecutionStatus", status_name(status)));
        }
        None => {}
    }
    let query = query.join(" AND ");
    let (executions, next_page_token) =
        list(gateway, &request.namespace, &query, request.maximum_page_size, &request.next_page_token).await?;
    Ok(ListClosedWorkflowExecutionsResponse { executions, next_page_token })
}

/// All names and types of search attributes, of all namespaces: the call has no namespace.
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
    let limit = gateway.config.limits.visibility_page;
    let size = usize::try_from(page_size).ok().filter(|size| (1..=limit).contains(size)).unwrap_or(limit);
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, namespace)?;
    let runs = gateway.visibility.list(Scope::Workflows, namespace, query, size, next_page_token).await?;
    Ok((runs.documents.into_iter().map(shown).collect(), runs.next_page_token))
}

/// A run as lists show it; what is known at its close only is left out while it is open.
fn shown(document: VisibilityDocument) -> WorkflowExecutionInfo {
    let closed = document.status != WorkflowExecutionStatus::Running as i32;
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

/// A clause on a time; none where the filter has no bounds.
fn time_clause(column: &str, filter: Option<&StartTimeFilter>) -> Result<Option<String>> {
    let Some(filter) = filter else {
        return Ok(None);
    };
    let earliest = filter.earliest_time.as_ref().and_then(literal);
    let latest = filter.latest_time.as_ref().and_then(literal);
    Ok(match (earliest, latest) {
        (Some(earliest), Some(latest)) => {
            if earliest.0 > latest.0 {
                return Err(Fault::invalid("EarliestTime in StartTimeFilter should not be larger than LatestTime."));
            }
            Some(format!("{column} BETWEEN '{}' AND '{}'", earliest.1, latest.1))
        }
        (Some(earliest), None) => Some(format!("{column} >= '{}'", earliest.1)),
        (None, Some(latest)) => Some(format!("{column} <= '{}'", latest.1)),
        (None, None) => None,
    })
}

/// A time and its RFC 3339 text; `None` when it is beyond the calendar.
fn literal(time: &Timestamp) -> Option<(DateTime<Utc>, String)> {
    let time = DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).ok()?)?;
    Some((time, time.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
}

/// Quotes within the value are doubled, so that it stays one literal.
fn equals(column: &str, value: &str) -> String {
    format!("{column} = '{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

fn status_name(status: WorkflowExecutionStatus) -> &'static str {
    match status {
        WorkflowExecutionStatus::Unspecified => "Unspecified",
        WorkflowExecutionStatus::Running => "Running",
        WorkflowExecutionStatus::Completed => "Completed",
        WorkflowExecutionStatus::Failed => "Failed",
        WorkflowExecutionStatus::Canceled => "Canceled",
        WorkflowExecutionStatus::Terminated => "Terminated",
        WorkflowExecutionStatus::ContinuedAsNew => "ContinuedAsNew",
        WorkflowExecutionStatus::TimedOut => "TimedOut",
        WorkflowExecutionStatus::Paused => "Paused",
    }
}
