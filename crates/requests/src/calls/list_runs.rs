//! ListOpenWorkflowExecutions, ListClosedWorkflowExecutions: turns their requests into filters.

use chrono::{DateTime, SecondsFormat, Utc};
use klamm_filters::status_name;
use klamm_messages::temporal::{
    enums::v1::WorkflowExecutionStatus,
    filter::v1::StartTimeFilter,
    workflowservice::v1::{
        ListClosedWorkflowExecutionsRequest, ListOpenWorkflowExecutionsRequest, list_closed_workflow_executions_request as closed,
        list_open_workflow_executions_request as open,
    },
};
use prost_types::Timestamp;

use crate::fault::{Fault, Result};

/// The filter of a list of open runs.
///
/// # Errors
/// What Temporal says of a bad range of times.
pub fn open(request: &ListOpenWorkflowExecutionsRequest) -> Result<String> {
    let mut clauses = vec!["ExecutionStatus = 'Running'".to_owned()];
    clauses.extend(time_clause("StartTime", request.start_time_filter.as_ref())?);
    clauses.extend(request.filters.as_ref().map(|filter| match filter {
        open::Filters::ExecutionFilter(filter) => equals("WorkflowId", &filter.workflow_id),
        open::Filters::TypeFilter(filter) => equals("WorkflowType", &filter.name),
    }));
    Ok(clauses.join(" AND "))
}

/// The filter of a list of closed runs.
///
/// # Errors
/// What Temporal says of a bad range of times or status.
pub fn closed(request: &ListClosedWorkflowExecutionsRequest) -> Result<String> {
    let mut clauses = vec!["ExecutionStatus != 'Running'".to_owned()];
    // For closed runs, the "start time" filter tests the close time, as in Temporal.
    clauses.extend(time_clause("CloseTime", request.start_time_filter.as_ref())?);
    match &request.filters {
        Some(closed::Filters::ExecutionFilter(filter)) => clauses.push(equals("WorkflowId", &filter.workflow_id)),
        Some(closed::Filters::TypeFilter(filter)) => clauses.push(equals("WorkflowType", &filter.name)),
        Some(closed::Filters::StatusFilter(filter)) => {
            let status = WorkflowExecutionStatus::try_from(filter.status).unwrap_or_default();
            if matches!(status, WorkflowExecutionStatus::Unspecified | WorkflowExecutionStatus::Running) {
                return Err(Fault::invalid("StatusFilter must be specified and must be not Running."));
            }
            clauses.push(equals("ExecutionStatus", &status_name(filter.status)));
        }
        None => {}
    }
    Ok(clauses.join(" AND "))
}

/// A clause on a time. `None` when the filter has no bounds.
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

/// A clause that compares a column with a text. Quotes and backslashes in the text are doubled, so that it stays one literal.
fn equals(column: &str, value: &str) -> String {
    format!("{column} = '{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}
