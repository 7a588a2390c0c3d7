//! Updates that wait for a workflow task, or for its worker's word.

use klamm_messages::klamm::v1::{PendingUpdate, RunState, UpdatePhase};

/// An update that a task brings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outgoing {
    /// Its place among those that were asked for.
    pub(super) number: i64,
    /// As in the update's record.
    pub(super) slot: i64,
}

/// Whether updates wait for a workflow task.
pub(crate) fn waits(state: &RunState) -> bool {
    state.updates.values().any(is_waiting)
}

/// The updates that the next task brings, in the order in which they were admitted. `repeats`: also those that a worker has been sent.
pub(crate) fn outgoing(state: &RunState, repeats: bool) -> Vec<Outgoing> {
    // The worker finds the requests of updates that came with an event in the history.
    let is_brought =
        |update: &&PendingUpdate| is_waiting(update) && update.slot > 0 && (repeats || update.phase() == UpdatePhase::Admitted);
    let mut updates: Vec<_> =
        state.updates.values().filter(is_brought).map(|update| Outgoing { number: update.number, slot: update.slot }).collect();
    updates.sort_unstable_by_key(|update| update.number);
    updates
}

/// The slots of the pending updates that a worker has been sent.
pub(crate) fn sent(state: &RunState) -> Vec<i64> {
    slots(state, |update| update.phase() == UpdatePhase::Sent)
}

/// The slots of the pending updates that a worker has been sent once a task has started now. `None`: the start changes nothing about them.
pub(crate) fn sent_by_start(state: &RunState) -> Option<Vec<i64>> {
    let is_new = state.updates.values().any(|update| update.phase() == UpdatePhase::Admitted);
    is_new.then(|| slots(state, is_waiting))
}

fn slots(state: &RunState, which: impl Fn(&PendingUpdate) -> bool) -> Vec<i64> {
    state.updates.values().filter(|update| which(update)).map(|update| update.slot).collect()
}

/// Whether the update is not accepted yet.
fn is_waiting(update: &PendingUpdate) -> bool {
    matches!(update.phase(), UpdatePhase::Admitted | UpdatePhase::Sent)
}
