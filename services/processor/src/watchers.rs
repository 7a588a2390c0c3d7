//! Callers who wait for a run to go on.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use klamm_machine::Table;
use klamm_messages::klamm::v1::RunState;
use klamm_workflow::tables::{RunKey, Runs};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::reads::is_closed;

/// Who waits for which run, by the run's key in its table.
#[derive(Default)]
pub struct Watchers {
    next: AtomicU64,
    runs: Mutex<HashMap<Vec<u8>, Vec<Watching>>>,
}

/// What a caller waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Anything new.
    Change,
    /// An event with an id of at least this, or the close of the run.
    Event(i64),
}

impl Until {
    /// Whether the run stands where the caller wants it.
    pub fn is_met(self, run: &RunState) -> bool {
        match self {
            Self::Change => true,
            Self::Event(event_id) => run.next_event_id > event_id || is_closed(run),
        }
    }
}

struct Watching {
    number: u64,
    until: Until,
    notify: Arc<Notify>,
}

impl Watchers {
    /// Watches a run: take this first, then look at the run, then wait.
    pub fn watch(&self, run: &RunKey, until: Until) -> Watch<'_> {
        let (key, number, notify) = (Runs::key(run), self.next.fetch_add(1, Ordering::Relaxed), Arc::new(Notify::new()));
        self.runs.lock().entry(key.clone()).or_default().push(Watching { number, until, notify: notify.clone() });
        Watch { watchers: self, key, number, notify }
    }

    /// The run under this key of its table has changed.
    pub fn changed(&self, key: &[u8], run: &RunState) {
        let runs = self.runs.lock();
        let Some(watching) = runs.get(key) else { return };
        watching.iter().filter(|watching| watching.until.is_met(run)).for_each(|watching| watching.notify.notify_one());
    }

    /// True when nobody waits at all.
    pub fn is_empty(&self) -> bool {
        self.runs.lock().is_empty()
    }
}

/// One caller's watch.
pub struct Watch<'a> {
    watchers: &'a Watchers,
    key: Vec<u8>,
    number: u64,
    notify: Arc<Notify>,
}

impl Watch<'_> {
    /// Completes once the run stands where the caller wants it and has changed since the last time (or since the watch began).
    pub async fn changed(&self) {
        self.notify.notified().await;
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut runs = self.watchers.runs.lock();
        let Some(watching) = runs.get_mut(&self.key) else { return };
        watching.retain(|watching| watching.number != self.number);
        if watching.is_empty() {
            runs.remove(&self.key);
        }
    }
}
