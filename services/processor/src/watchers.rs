//! Callers who wait for a run to go on.

use std::{collections::HashMap, sync::Arc};

use klamm_workflow::tables::RunKey;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Who waits for which run.
#[derive(Default)]
pub struct Watchers {
    runs: Mutex<HashMap<RunKey, Arc<Notify>>>,
}

impl Watchers {
    /// Watches a run: take this first, then look at the run, then wait.
    pub fn watch(&self, run: &RunKey) -> Watch<'_> {
        let notify = self.runs.lock().entry(run.clone()).or_default().clone();
        Watch { watchers: self, run: run.clone(), notify }
    }

    /// The run has changed.
    pub fn changed(&self, run: &RunKey) {
        let runs = self.runs.lock();
        if let Some(notify) = runs.get(run) {
            notify.notify_waiters();
        }
    }

    /// True when nobody waits at all.
    pub fn is_empty(&self) -> bool {
        self.runs.lock().is_empty()
    }
}

/// One caller's watch.
pub struct Watch<'a> {
    watchers: &'a Watchers,
    run: RunKey,
    notify: Arc<Notify>,
}

impl Watch<'_> {
    /// Completes at the next change after this call.
    pub fn changed(&self) -> impl Future<Output = ()> + '_ {
        let mut notified = Box::pin(self.notify.notified());
        notified.as_mut().enable();
        notified
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut runs = self.watchers.runs.lock();
        // Two owners are left when this is the last watch: the map and this one.
        if Arc::strong_count(&self.notify) <= 2 {
            runs.remove(&self.run);
        }
    }
}
