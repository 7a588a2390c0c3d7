//! Callers that wait for updates.
//!
//! An update that is rejected leaves nothing behind that could be read later. So its caller is told of the row that says so, as soon as that
//! row is there.

use std::{collections::HashMap, sync::Arc};

use klamm_messages::klamm::v1::{UpdatePhase, UpdateRow, UpdateState};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Who waits for which update.
#[derive(Default)]
pub(crate) struct UpdateWaiters(Mutex<HashMap<Key, Vec<Arc<Waiting>>>>);

/// Namespace, workflow id and update id. The caller does not know the run yet when it begins to wait.
type Key = (String, String, String);

#[derive(Default)]
struct Waiting {
    /// Updates with the awaited id that have ended since the waiting began. There may be several, one after the other.
    ended: Mutex<Vec<Arc<UpdateRow>>>,
    notify: Notify,
}

impl UpdateWaiters {
    /// Waits for updates of this id. A caller begins to wait before it asks for the update.
    pub(crate) fn wait(&self, namespace: &str, workflow_id: &str, update_id: &str) -> UpdateWaiter<'_> {
        let key = (namespace.to_owned(), workflow_id.to_owned(), update_id.to_owned());
        let waiting = Arc::new(Waiting::default());
        self.0.lock().entry(key.clone()).or_default().push(waiting.clone());
        UpdateWaiter { waiters: self, key, waiting }
    }

    /// A row of an update has changed.
    pub(crate) fn changed(&self, row: &Arc<UpdateRow>) {
        let Some(state) = row.state.as_ref().filter(|state| state.phase() != UpdatePhase::Admitted) else { return };
        let waiting = self.0.lock();
        if waiting.is_empty() {
            return;
        }
        let key = (row.namespace.clone(), row.workflow_id.clone(), state.update_id.clone());
        for waiting in waiting.get(&key).into_iter().flatten() {
            waiting.ended.lock().push(row.clone());
            waiting.notify.notify_one();
        }
    }
}

/// One caller that waits.
pub(crate) struct UpdateWaiter<'w> {
    waiters: &'w UpdateWaiters,
    key: Key,
    waiting: Arc<Waiting>,
}

impl UpdateWaiter<'_> {
    /// How the update of this run and number has ended without an event, if it has.
    pub(crate) fn ended(&self, run_id: &str, number: i64) -> Option<UpdateState> {
        let ended = self.waiting.ended.lock();
        let is_meant = |row: &&Arc<UpdateRow>| row.run_id == run_id && row.state.as_ref().is_some_and(|state| state.number == number);
        ended.iter().find(is_meant).and_then(|row| row.state.clone())
    }

    /// Completes once an update has ended, since the last time or since the waiting began.
    pub(crate) async fn notified(&self) {
        self.waiting.notify.notified().await;
    }
}

impl Drop for UpdateWaiter<'_> {
    fn drop(&mut self) {
        let mut waiting = self.waiters.0.lock();
        let Some(those) = waiting.get_mut(&self.key) else { return };
        those.retain(|other| !Arc::ptr_eq(other, &self.waiting));
        if those.is_empty() {
            waiting.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(run_id: &str, update_id: &str, number: i64, phase: UpdatePhase) -> Arc<UpdateRow> {
        let state = UpdateState { number, update_id: update_id.to_owned(), phase: phase as i32, ..UpdateState::default() };
        Arc::new(UpdateRow { namespace: "n".to_owned(), workflow_id: "w".to_owned(), run_id: run_id.to_owned(), state: Some(state) })
    }

    #[tokio::test]
    async fn a_caller_hears_of_the_end_of_its_own_update() {
        let waiters = UpdateWaiters::default();
        waiters.changed(&row("r", "u", 1, UpdatePhase::Rejected));
        let waiter = waiters.wait("n", "w", "u");
        waiters.changed(&row("r", "u", 2, UpdatePhase::Admitted));
        waiters.changed(&row("r", "other", 2, UpdatePhase::Rejected));
        assert!(waiter.ended("r", 1).is_none() && waiter.ended("r", 2).is_none());
        waiters.changed(&row("r", "u", 2, UpdatePhase::Rejected));
        waiters.changed(&row("r", "u", 3, UpdatePhase::Aborted));
        waiter.notified().await;
        assert_eq!(waiter.ended("r", 2).map(|state| state.phase()), Some(UpdatePhase::Rejected));
        assert_eq!(waiter.ended("r", 3).map(|state| state.phase()), Some(UpdatePhase::Aborted));
        assert!(waiter.ended("another", 2).is_none());
        drop(waiter);
        assert!(waiters.0.lock().is_empty());
    }
}
