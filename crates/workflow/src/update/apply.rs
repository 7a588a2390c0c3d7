//! How events change the updates of a run.
//!
//! Records of a slot supersede each other, so nothing here relies on an older one: public events alone say what was accepted and completed.

use std::sync::Arc;

use klamm_machine::{Tables, TablesExt};
use klamm_messages::{
    klamm::v1::{CompletedUpdateRow, HistoryRecord, PendingUpdate, RunState, UpdatePhase, UpdateRow, UpdateState, history_record::Record},
    temporal::history::v1::{
        HistoryEvent, WorkflowExecutionUpdateAcceptedEventAttributes, WorkflowExecutionUpdateAdmittedEventAttributes,
        WorkflowExecutionUpdateCompletedEventAttributes, history_event::Attributes,
    },
};
use prost::Message;

use super::known::update_id;
use crate::{
    callback,
    tables::{CompletedUpdates, RunKey, RunNames, Runs, Updates},
};

/// Changes the rows that updates have of their own. This is called before the record changes the run's state.
pub(crate) fn apply_rows(tables: &mut dyn Tables, names: RunNames<'_>, record: &HistoryRecord) {
    match &record.record {
        Some(Record::Update(state)) => {
            let row = UpdateRow {
                namespace: names.namespace.to_owned(),
                workflow_id: names.workflow_id.to_owned(),
                run_id: names.run_id.to_owned(),
                state: Some(state.clone()),
            };
            tables.save(Updates::key_of(names, state.slot), Some(Arc::new(row)));
        }
        Some(Record::Event(HistoryEvent { attributes: Some(Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(a)), .. })) => {
            let run = tables.get_at::<Runs>(&Runs::key_of(names));
            let slot = run.and_then(|run| run.updates.get(&a.protocol_instance_id).map(|update| update.slot));
            if let Some(slot) = slot.filter(|slot| *slot > 0) {
                tables.save(Updates::key_of(names, slot), None);
            }
        }
        Some(Record::Event(HistoryEvent {
            event_id,
            attributes: Some(Attributes::WorkflowExecutionUpdateCompletedEventAttributes(a)),
            ..
        })) => {
            tables.save(CompletedUpdates::key_of(names, id_of(a)), Some(Arc::new(CompletedUpdateRow { event_id: *event_id })));
        }
        _ => {}
    }
}

/// Removes the rows of a run that is deleted.
pub(crate) fn remove_rows(tables: &mut dyn Tables, run: &RunKey) {
    let (from, to) = Updates::of_run(run.names());
    let waiting: Vec<_> = tables.range::<Updates>(&from, &to, usize::MAX).into_iter().map(|(key, _)| key).collect();
    let (from, to) = CompletedUpdates::of_run(run.names());
    let completed: Vec<_> = tables.range::<CompletedUpdates>(&from, &to, usize::MAX).into_iter().map(|(key, _)| key).collect();
    waiting.into_iter().chain(completed).for_each(|key| tables.save(key, None));
}

/// An update waits, or has ended without an event.
pub(crate) fn apply_state(run: &mut RunState, state: &UpdateState) {
    run.last_update_number = run.last_update_number.max(state.number);
    run.last_update_slot = run.last_update_slot.max(state.slot);
    if state.phase() == UpdatePhase::Admitted {
        let pending = PendingUpdate {
            phase: UpdatePhase::Admitted as i32,
            slot: state.slot,
            number: state.number,
            request_bytes: state.request.as_ref().map_or(0, |request| i64::try_from(request.encoded_len()).unwrap_or(i64::MAX)),
            accepted_event_id: 0,
        };
        run.updates.insert(state.update_id.clone(), pending);
    } else if run.updates.get(&state.update_id).is_some_and(|pending| pending.slot == state.slot) {
        run.updates.remove(&state.update_id);
    }
}

/// The updates in these slots were sent to a worker.
pub(crate) fn apply_sent(run: &mut RunState, slots: &[i64]) {
    if slots.is_empty() {
        return;
    }
    for update in run.updates.values_mut().filter(|update| update.phase() == UpdatePhase::Admitted) {
        if slots.contains(&update.slot) {
            update.phase = UpdatePhase::Sent as i32;
        }
    }
}

/// WorkflowExecutionUpdateAdmitted: a reset has brought the update.
pub(crate) fn apply_admitted(run: &mut RunState, event: &HistoryEvent, admitted: &WorkflowExecutionUpdateAdmittedEventAttributes) {
    let Some(request) = &admitted.request else { return };
    let pending = PendingUpdate { phase: UpdatePhase::Admitted as i32, slot: -event.event_id, ..PendingUpdate::default() };
    run.updates.insert(update_id(request).to_owned(), pending);
    callback::note_request(run, event, &request.request_id);
}

/// WorkflowExecutionUpdateAccepted.
pub(crate) fn apply_accepted(run: &mut RunState, event: &HistoryEvent, accepted: &WorkflowExecutionUpdateAcceptedEventAttributes) {
    let pending = PendingUpdate { phase: UpdatePhase::Accepted as i32, accepted_event_id: event.event_id, ..PendingUpdate::default() };
    run.updates.insert(accepted.protocol_instance_id.clone(), pending);
    if let Some(request) = &accepted.accepted_request {
        callback::note_request(run, event, &request.request_id);
    }
}

/// WorkflowExecutionUpdateCompleted.
pub(crate) fn apply_completed(run: &mut RunState, completed: &WorkflowExecutionUpdateCompletedEventAttributes) {
    run.updates.remove(id_of(completed));
    run.completed_update_count = run.completed_update_count.saturating_add(1);
}

fn id_of(completed: &WorkflowExecutionUpdateCompletedEventAttributes) -> &str {
    completed.meta.as_ref().map(|meta| meta.update_id.as_str()).unwrap_or_default()
}
