//! The table of contents of how events change the tables.
//!
//! Nothing here fails, whatever record comes, of whatever run: a change whose row is missing is left out. Older internal events may be gone
//! (compaction), so public events rely only on the newest internal event of each kind.

mod buffered;
mod build_ids;
mod closed;
mod delete;
pub(crate) mod execution;
mod outcome;
mod paused;
mod public;
mod reset;
mod rows;
mod waiting;
pub(crate) mod wake;
pub(crate) mod workflow_task;

pub(crate) use rows::TaskRows;

use std::sync::Arc;

use klamm_machine::{Tables, TablesExt, Time, wakes};
use klamm_messages::{
    klamm::v1::{ExternalKind, HistoryRecord, ResetPhase, RunState, WakeRow, history_record::Record},
    temporal::history::v1::{HistoryEvent, history_event::Attributes},
};

use crate::{
    Event, MACHINE, activity, callback, children, external, lineage,
    tables::{History, RunKey, RunNames, Runs},
    timer, update,
};

/// Applies one event.
pub(crate) fn apply(tables: &mut dyn Tables, event: &Event) {
    match event {
        Event::Record(record) => apply_record(tables, record),
        Event::Delete { namespace, workflow_id, run_id, .. } => {
            delete::apply(tables, &RunKey::new(namespace, workflow_id, run_id));
        }
    }
}

/// Applies one record: its run's state, then the rows that follow from it.
fn apply_record(tables: &mut dyn Tables, record: &HistoryRecord) {
    let Some(kind) = &record.record else { return };
    if matches!(kind, Record::CommandFailed(_) | Record::Partition(_) | Record::Test(_)) {
        return;
    }
    let HistoryRecord { namespace, workflow_id, run_id, .. } = record;
    let names = RunNames::new(namespace, workflow_id, run_id);
    if let Record::Event(event) = kind {
        tables.save(History::key_of(names, event.event_id), Some(Arc::new(event.clone())));
        if let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &event.attributes
            && !reset::is_copied(started, run_id)
        {
            execution::make_current(tables, names);
        }
    }
    update::apply_rows(tables, names, record);
    if let Record::Outcome(outcome) = kind {
        if let Some(closing) = &outcome.closing {
            tables.save(History::key_of(names, closing.event_id), Some(Arc::new(closing.clone())));
        }
        if outcome.is_current {
            execution::make_current(tables, names);
        }
    }
    if let Record::WorkflowIdFreed(_) = kind {
        execution::make_none_current(tables, names);
    }
    if let Record::Reset(state) = kind
        && state.phase() == ResetPhase::Done
    {
        execution::make_current(tables, names);
    }
    let mut rows = TaskRows::default();
    let (mut old_wake, mut new_wake) = (None, None);
    let (mut old_calls, mut new_calls) = (Vec::new(), Vec::new());
    let begin = || RunState {
        namespace: namespace.clone(),
        workflow_id: workflow_id.clone(),
        run_id: run_id.clone(),
        next_event_id: 1,
        ..RunState::default()
    };
    tables.upsert_at::<Runs>(Runs::key_of(names), begin, |run| {
        old_wake = run.wake_time.as_ref().map(Time::from);
        old_calls = callback::due(run);
        apply_to_run(run, kind, &mut rows);
        new_calls = callback::due(run);
        run.wake_time = wake::next(run).map(Into::into);
        new_wake = run.wake_time.as_ref().map(Time::from);
    });
    rows.write(tables);
    callback::write(tables, &old_calls, new_calls);
    if old_wake != new_wake {
        let (namespace, id, run_id) = (namespace.clone(), workflow_id.clone(), run_id.clone());
        wakes::set(tables, WakeRow { machine: MACHINE.to_owned(), namespace, id, run_id, due: None }, old_wake, new_wake);
    }
}

/// Applies a record to the state of its run.
fn apply_to_run(run: &mut RunState, record: &Record, rows: &mut TaskRows) {
    match record {
        Record::Event(event) => apply_public(run, event, rows),
        Record::Activity(state) => activity::apply_state(run, state, rows),
        Record::WorkflowTask(state) => workflow_task::apply_state(run, state, rows),
        Record::BufferedEvents(events) => buffered::apply(run, events, rows),
        Record::Sticky(sticky) => run.sticky = Some(sticky.clone()),
        Record::Execution(execution) => execution::apply_state(run, execution),
        Record::External(state) => external::apply_state(run, state),
        Record::WorkflowIdFreed(_) => run.workflow_id_freed = true,
        Record::Reset(state) => reset::apply(run, state, rows),
        Record::ResetBase(state) => run.reset_base = Some(state.clone()),
        Record::Callback(attempts) => callback::apply_attempts(run, attempts),
        Record::Update(state) => update::apply_state(run, state),
        Record::Outcome(outcome) => outcome::apply(run, outcome),
        Record::CommandFailed(_) | Record::Partition(_) | Record::Test(_) => {}
    }
}

/// Applies a public event to the state of its run.
fn apply_public(run: &mut RunState, event: &HistoryEvent, rows: &mut TaskRows) {
    public::count(run, event);
    let Some(attributes) = &event.attributes else { return };
    match attributes {
        Attributes::WorkflowExecutionStartedEventAttributes(a) => execution::apply_started(run, event, a),
        Attributes::WorkflowExecutionSignaledEventAttributes(a) => execution::apply_signaled(run, a),
        Attributes::WorkflowExecutionCancelRequestedEventAttributes(_) => run.cancel_requested = true,
        Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(a) => execution::apply_options_updated(run, event, a, rows),
        Attributes::WorkflowExecutionPausedEventAttributes(a) => paused::apply_paused(run, event, a, rows),
        Attributes::WorkflowExecutionUnpausedEventAttributes(_) => paused::apply_unpaused(run, rows),
        Attributes::UpsertWorkflowSearchAttributesEventAttributes(a) => execution::apply_search_attributes(run, a),
        Attributes::WorkflowPropertiesModifiedEventAttributes(a) => execution::apply_properties(run, a),

        Attributes::WorkflowExecutionCompletedEventAttributes(_)
        | Attributes::WorkflowExecutionFailedEventAttributes(_)
        | Attributes::WorkflowExecutionTimedOutEventAttributes(_)
        | Attributes::WorkflowExecutionCanceledEventAttributes(_)
        | Attributes::WorkflowExecutionTerminatedEventAttributes(_)
        | Attributes::WorkflowExecutionContinuedAsNewEventAttributes(_) => closed::apply(run, event, rows),

        Attributes::WorkflowTaskScheduledEventAttributes(a) => workflow_task::apply_scheduled(run, event, a, rows),
        Attributes::WorkflowTaskStartedEventAttributes(a) => workflow_task::apply_started(run, event, a, rows),
        Attributes::WorkflowTaskCompletedEventAttributes(a) => workflow_task::apply_completed(run, event, a, rows),
        Attributes::WorkflowTaskFailedEventAttributes(_) | Attributes::WorkflowTaskTimedOutEventAttributes(_) => {
            workflow_task::apply_ended(run, rows);
        }

        Attributes::ActivityTaskScheduledEventAttributes(a) => activity::apply_scheduled(run, event, a, rows),
        Attributes::ActivityTaskCancelRequestedEventAttributes(a) => activity::apply_cancel_requested(run, event, a, rows),
        Attributes::ActivityTaskCompletedEventAttributes(a) => {
            lineage::apply_completed(run, a);
            activity::apply_closed(run, a.scheduled_event_id, rows);
        }
        Attributes::ActivityTaskFailedEventAttributes(a) => activity::apply_closed(run, a.scheduled_event_id, rows),
        Attributes::ActivityTaskTimedOutEventAttributes(a) => activity::apply_closed(run, a.scheduled_event_id, rows),
        Attributes::ActivityTaskCanceledEventAttributes(a) => activity::apply_closed(run, a.scheduled_event_id, rows),

        Attributes::TimerStartedEventAttributes(a) => timer::apply_started(run, event, a),
        Attributes::TimerFiredEventAttributes(a) => timer::apply_closed(run, &a.timer_id, a.started_event_id),
        Attributes::TimerCanceledEventAttributes(a) => timer::apply_closed(run, &a.timer_id, a.started_event_id),

        Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(_) => {
            external::apply_initiated(run, event.event_id, ExternalKind::Signal);
        }
        Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(_) => {
            external::apply_initiated(run, event.event_id, ExternalKind::Cancel);
        }
        Attributes::ExternalWorkflowExecutionSignaledEventAttributes(a) => external::apply_closed(run, a.initiated_event_id),
        Attributes::SignalExternalWorkflowExecutionFailedEventAttributes(a) => external::apply_closed(run, a.initiated_event_id),
        Attributes::ExternalWorkflowExecutionCancelRequestedEventAttributes(a) => external::apply_closed(run, a.initiated_event_id),
        Attributes::RequestCancelExternalWorkflowExecutionFailedEventAttributes(a) => external::apply_closed(run, a.initiated_event_id),
        Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(a) => children::apply_initiated(run, event, a),
        Attributes::StartChildWorkflowExecutionFailedEventAttributes(a) => children::apply_ended(run, a.initiated_event_id),
        Attributes::ChildWorkflowExecutionStartedEventAttributes(a) => children::apply_started(run, event.event_id, a),
        Attributes::ChildWorkflowExecutionCompletedEventAttributes(a) => children::apply_ended(run, a.initiated_event_id),
        Attributes::ChildWorkflowExecutionFailedEventAttributes(a) => children::apply_ended(run, a.initiated_event_id),
        Attributes::ChildWorkflowExecutionTimedOutEventAttributes(a) => children::apply_ended(run, a.initiated_event_id),
        Attributes::ChildWorkflowExecutionCanceledEventAttributes(a) => children::apply_ended(run, a.initiated_event_id),
        Attributes::ChildWorkflowExecutionTerminatedEventAttributes(a) => children::apply_ended(run, a.initiated_event_id),
        Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(a) => update::apply_admitted(run, event, a),
        Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(a) => update::apply_accepted(run, event, a),
        Attributes::WorkflowExecutionUpdateCompletedEventAttributes(a) => update::apply_completed(run, a),

        // ActivityTaskStarted is written directly before the activity's end. Markers are kept in the history only. Other events are never
        // written yet.
        _ => {}
    }
}
