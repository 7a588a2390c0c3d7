//! When the scheduler looks at a partition's wake rows next.

use std::sync::atomic::{AtomicI64, Ordering};

use klamm_machine::Time;
use klamm_messages::klamm::v1::WakeRow;
use tokio::sync::Notify;

/// When the scheduler will look at the partition again, and whether it should look earlier.
pub(crate) struct NextLook {
    /// Notified when a wake row has appeared that is due before the scheduler looks again.
    changed: Notify,
    /// When the scheduler looks again, in milliseconds.
    sleeps_until: AtomicI64,
}

impl Default for NextLook {
    fn default() -> Self {
        Self { changed: Notify::new(), sleeps_until: AtomicI64::new(i64::MAX) }
    }
}

impl NextLook {
    /// Notes a new wake row.
    pub(crate) fn appeared(&self, row: &WakeRow) {
        let due = row.due.as_ref().map_or(Time::default(), Time::from);
        if due.millis() < self.sleeps_until.load(Ordering::SeqCst) {
            self.changed.notify_one();
        }
    }

    /// Notes when the scheduler will look again.
    pub(crate) fn sleeps_until(&self, time: Time) {
        self.sleeps_until.store(time.millis(), Ordering::SeqCst);
    }

    /// Completes when a wake row has appeared that is due before the scheduler looks again.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}
