//! The run itself: its start, and what changes about it as a whole.

use klamm_machine::{Tables, TablesExt, Time, time};
use klamm_messages::{
    klamm::v1::{ExecutionState, RunState, WorkflowRow},
    temporal::{
        common::v1::{Memo, SearchAttributes},
        enums::v1::WorkflowExecutionStatus,
        history::v1::{
            HistoryEvent, UpsertWorkflowSearchAttributesEventAttributes, WorkflowExecutionOptionsUpdatedEventAttributes,
            WorkflowExecutionSignaledEventAttributes, WorkflowExecutionStartedEventAttributes, WorkflowPropertiesModifiedEventAttributes,
        },
    },
};

use super::{TaskRows, closed, waiting};
use crate::{
    callback,
    commands::check::is_nil,
    tables::{RunNames, Workflows},
};

/// Most request ids kept of one run (history.maxRequestIDsPerExecution).
const REQUEST_ID_COUNT_MAX: usize = 25;
/// Makes the run the newest of its workflow id.
pub(super) fn make_current(tables: &mut dyn Tables, run: RunNames<'_>) {
    let row = WorkflowRow { current_run_id: run.run_id.to_owned() };
    tables.put::<Workflows>(&(run.namespace.to_owned(), run.workflow_id.to_owned()), row);
}

/// The workflow id has no newest run, whichever it was.
pub(super) fn make_none_current(tables: &mut dyn Tables, run: RunNames<'_>) {
    tables.remove::<Workflows>(&(run.namespace.to_owned(), run.workflow_id.to_owned()));
}

/// Applies the run's first event.
pub(super) fn apply_started(run: &mut RunState, event: &HistoryEvent, started: &WorkflowExecutionStartedEventAttributes) {
    let start = Time::or_epoch(event.event_time);
    let backoff = time::duration_or_none(started.first_workflow_task_backoff.as_ref());
    let execution_time = start.after(backoff.unwrap_or_default());
    let run_timeout = time::duration_or_none(started.workflow_run_timeout.as_ref());
    run.start_time = event.event_time;
    run.status = WorkflowExecutionStatus::Running as i32;
    run.first_workflow_task_time = backoff.map(|_| execution_time.into());
    let execution_expiration = started.workflow_execution_expiration_time.as_ref().map_or(Time::from_millis(i64::MAX), Time::from);
    run.run_expiration_time = run_timeout.map(|timeout| execution_time.after(timeout).min(execution_expiration).into());
    run.execution_expiration_time = started.workflow_execution_expiration_time;
    run.memo = started.memo.clone();
    run.search_attributes = started.search_attributes.clone();
    run.auto_reset_points = started.prev_auto_reset_points.clone();
    callback::apply_started(run, event, started);
    run.started = Some(without_payloads(started));
}

/// The attributes without what is large (it stands in the history) and without what has its own place in the run's state.
fn without_payloads(started: &WorkflowExecutionStartedEventAttributes) -> WorkflowExecutionStartedEventAttributes {
    WorkflowExecutionStartedEventAttributes {
        input: None,
        header: None,
        last_completion_result: None,
        continued_failure: None,
        memo: None,
        search_attributes: None,
        prev_auto_reset_points: None,
        completion_callbacks: Vec::new(),
        ..started.clone()
    }
}

/// Applies facts about the run that no public event states.
pub(super) fn apply_state(run: &mut RunState, execution: &ExecutionState) {
    run.execution = Some(execution.clone());
    run.start_request_id.clone_from(&execution.start_request_id);
    if run.close_time.is_some() && execution.delete_time.is_none() {
        closed::set_delete_time(run);
    }
}

/// A signal came.
pub(super) fn apply_signaled(run: &mut RunState, signal: &WorkflowExecutionSignaledEventAttributes) {
    run.signal_count = run.signal_count.saturating_add(1);
    note_request(run, &signal.request_id);
}

/// A start with conflict policy USE_EXISTING attached something to this run, or an operator gave it other options.
pub(super) fn apply_options_updated(
    run: &mut RunState,
    event: &HistoryEvent,
    options: &WorkflowExecutionOptionsUpdatedEventAttributes,
    rows: &mut TaskRows,
) {
    callback::apply_options_updated(run, event, options);
    note_request(run, &options.attached_request_id);
    apply_options(run, options, rows);
}

/// Puts the options of the event into force; also while the event still waits in the buffer.
pub(super) fn apply_options(run: &mut RunState, options: &WorkflowExecutionOptionsUpdatedEventAttributes, rows: &mut TaskRows) {
    let Some(priority) = &options.priority else { return };
    waiting::change(run, rows, |run| {
        if let Some(started) = &mut run.started {
            started.priority = Some(priority.clone());
        }
    });
}

/// Search attributes were upserted, key by key; a null value removes the key.
pub(super) fn apply_search_attributes(run: &mut RunState, upsert: &UpsertWorkflowSearchAttributesEventAttributes) {
    let Some(upserted) = &upsert.search_attributes else { return };
    let current = run.search_attributes.get_or_insert_with(SearchAttributes::default);
    for (key, value) in &upserted.indexed_fields {
        if is_nil(value) {
            current.indexed_fields.remove(key);
        } else {
            current.indexed_fields.insert(key.clone(), value.clone());
        }
    }
}

/// The memo was upserted, key by key; a null value removes the key.
pub(super) fn apply_properties(run: &mut RunState, properties: &WorkflowPropertiesModifiedEventAttributes) {
    let Some(upserted) = &properties.upserted_memo else { return };
    let current = run.memo.get_or_insert_with(Memo::default);
    for (key, value) in &upserted.fields {
        if is_nil(value) {
            current.fields.remove(key);
        } else {
            current.fields.insert(key.clone(), value.clone());
        }
    }
}

/// Remembers that a request has taken effect, so that it does so only once. The oldest requests are forgotten.
fn note_request(run: &mut RunState, request_id: &str) {
    if !request_id.is_empty() {
        remember_request(run.execution.get_or_insert_with(ExecutionState::default), request_id);
    }
}

/// Adds a request id to those that have taken effect.
pub(crate) fn remember_request(execution: &mut ExecutionState, request_id: &str) {
    execution.request_ids.push(request_id.to_owned());
    let surplus = execution.request_ids.len().saturating_sub(REQUEST_ID_COUNT_MAX);
    execution.request_ids.drain(..surplus);
}
