//! What is published of a closed run on its namespace's topic of outcomes.

mod budget;
mod content;
mod failure;
pub(crate) mod trace;

use klamm_machine::{Publication, outcome_kind};
use klamm_messages::{
    klamm::v1::{CommandSettings, Outcome, OutcomeContent, RunState, VisibilityDocument},
    temporal::{
        common::v1::Payloads,
        enums::v1::WorkflowExecutionStatus,
        history::v1::{HistoryEvent, WorkflowExecutionStartedEventAttributes, history_event::Attributes},
    },
};

use self::{
    budget::Budget,
    content::{content, contents, search_attributes},
    failure::failure,
};
use crate::{
    run::{Run, names, workflow_type},
    successor::next_run_id,
    tables::History,
};

/// The first event of every run.
const FIRST_EVENT_ID: i64 = 1;

/// What is published of the run, which its event `event_id` has closed; nothing if the settings do not name its type. `document` is its
/// visibility document.
pub(crate) fn publication(
    run: &Run<'_, '_>,
    event_id: i64,
    document: &VisibilityDocument,
    settings: &CommandSettings,
) -> Option<Publication> {
    if settings.outcomes.is_empty() {
        return None;
    }
    let state = run.state();
    if !names(&settings.outcomes, &workflow_type(&state)) {
        return None;
    }
    let event = |id: i64| run.tx.get::<History>(&(run.key.clone(), id));
    let closing = event(event_id)?;
    let first = event(FIRST_EVENT_ID);
    let started = first.as_ref().and_then(|first| match &first.attributes {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => Some(started),
        _ => None,
    });
    let traceparent = started.and_then(|started| trace::traceparent(started.header.as_ref()));
    let headers = traceparent.into_iter().map(|value| (trace::TRACEPARENT.to_owned(), value)).collect();
    let outcome = Box::new(outcome(&state, started.map(|started| &**started), &closing, document));
    Some(Publication::Outcome { outcome, headers })
}

/// The outcome of a run with this first and this last event.
fn outcome(
    state: &RunState,
    started: Option<&WorkflowExecutionStartedEventAttributes>,
    closing: &HistoryEvent,
    document: &VisibilityDocument,
) -> Outcome {
    let mut budget = Budget::default();
    // What comes last is the first to be left out when there is too much.
    let ended = ended(closing, &mut budget);
    let search_attributes = search_attributes(document.search_attributes.as_ref(), &mut budget);
    let input = contents(started.and_then(|started| started.input.as_ref()), &mut budget);
    let memo = document.memo.iter().flat_map(|memo| &memo.fields);
    let memo = memo.map(|(name, payload)| (name.clone(), content(payload, &mut budget))).collect();
    let document = document.clone();
    let schedule = state.execution.as_ref().and_then(|execution| execution.scheduled_by.as_ref());
    Outcome {
        kind: outcome_kind::RUN_CLOSED.to_owned(),
        time: closing.event_time,
        namespace: document.namespace,
        workflow_id: document.workflow_id,
        run_id: document.run_id,
        workflow_type: document.workflow_type,
        task_queue: document.task_queue,
        status: status(document.status).to_owned(),
        start_time: document.start_time,
        execution_time: document.execution_time,
        close_time: document.close_time,
        execution_duration: document.execution_duration,
        history_length: document.history_length,
        history_size_bytes: document.history_size_bytes,
        state_transition_count: document.state_transition_count,
        memo,
        search_attributes,
        parent_workflow_id: document.parent_workflow_id,
        parent_run_id: document.parent_run_id,
        root_workflow_id: document.root_workflow_id,
        root_run_id: document.root_run_id,
        first_run_id: document.first_run_id,
        attempt: state.started.as_ref().map_or(1, |started| started.attempt.max(1)),
        schedule_id: schedule.map(|schedule| schedule.schedule_id.clone()).unwrap_or_default(),
        new_run_id: next_run_id(closing).unwrap_or_default().to_owned(),
        close_event_id: closing.event_id,
        input,
        ..ended
    }
}

/// Temporal's name of a status, without what all of them begin with.
fn status(number: i32) -> &'static str {
    let name = WorkflowExecutionStatus::try_from(number).unwrap_or_default().as_str_name();
    name.trim_start_matches("WORKFLOW_EXECUTION_STATUS_")
}

/// How the run ended.
fn ended(closing: &HistoryEvent, budget: &mut Budget) -> Outcome {
    match &closing.attributes {
        Some(Attributes::WorkflowExecutionCompletedEventAttributes(completed)) => {
            let (result, further_results) = results(completed.result.as_ref(), budget);
            Outcome { result, further_results, ..Outcome::default() }
        }
        Some(Attributes::WorkflowExecutionFailedEventAttributes(failed)) => {
            Outcome { failure: failed.failure.as_ref().map(|it| failure(it, budget)), ..Outcome::default() }
        }
        Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(continued)) => {
            Outcome { failure: continued.failure.as_ref().map(|it| failure(it, budget)), ..Outcome::default() }
        }
        Some(Attributes::WorkflowExecutionCanceledEventAttributes(canceled)) => {
            Outcome { details: contents(canceled.details.as_ref(), budget), ..Outcome::default() }
        }
        Some(Attributes::WorkflowExecutionTerminatedEventAttributes(terminated)) => Outcome {
            reason: budget.text(&terminated.reason),
            identity: budget.text(&terminated.identity),
            details: contents(terminated.details.as_ref(), budget),
            ..Outcome::default()
        },
        _ => Outcome::default(),
    }
}

/// The result, and what else was given as one.
fn results(payloads: Option<&Payloads>, budget: &mut Budget) -> (Option<OutcomeContent>, Vec<OutcomeContent>) {
    let mut contents = contents(payloads, budget).into_iter();
    (contents.next(), contents.collect())
}
