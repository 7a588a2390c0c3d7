//! Updates that end without a public event.

use klamm_messages::{
    klamm::v1::{PendingUpdate, RunState, UpdatePhase, UpdateState, history_record::Record},
    temporal::failure::v1::Failure,
};

use super::failures;
use crate::run::Run;

/// Says that the update is rejected.
pub(super) fn reject(run: &mut Run<'_, '_>, update_id: &str, update: &PendingUpdate, rejection: Option<Failure>) {
    end(run, update_id, update, UpdatePhase::Rejected, rejection);
}

/// Rejects the updates that the worker was sent and left without an answer, so that they are not sent to it for ever.
pub(crate) fn reject_unprocessed(run: &mut Run<'_, '_>) {
    // The state is given back before the loop: while it is held, each record would copy it.
    let sent = sent(&run.state());
    for (update_id, update) in &sent {
        reject(run, update_id, update, Some(failures::unprocessed()));
    }
}

/// Gives up the updates that a worker was sent with a task whose completion is refused. They are not sent again, because the worker would
/// do the same again.
pub(crate) fn abort_sent(run: &mut Run<'_, '_>) -> bool {
    let sent = sent(&run.state());
    for (update_id, update) in &sent {
        end(run, update_id, update, UpdatePhase::Aborted, None);
    }
    !sent.is_empty()
}

/// Every key suffix under which a record of an update can have been written that has its slot by itself. (Those of updates that came with
/// an event follow from the event's id.)
pub(crate) fn key_suffixes(state: &RunState) -> impl Iterator<Item = String> {
    (1..=state.last_update_slot).map(|slot| format!("~update/{slot}"))
}

fn sent(state: &RunState) -> Vec<(String, PendingUpdate)> {
    let is_sent = |(_, update): &(&String, &PendingUpdate)| update.phase() == UpdatePhase::Sent;
    state.updates.iter().filter(is_sent).map(|(update_id, update)| (update_id.clone(), *update)).collect()
}

fn end(run: &mut Run<'_, '_>, update_id: &str, update: &PendingUpdate, phase: UpdatePhase, rejection: Option<Failure>) {
    run.record(Record::Update(UpdateState {
        slot: update.slot,
        number: update.number,
        update_id: update_id.to_owned(),
        phase: phase as i32,
        request: None,
        rejection,
    }));
}
