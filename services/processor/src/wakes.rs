//! The partitions' wake rows, for the scheduler.

use std::sync::atomic::{AtomicI64, Ordering};

use klamm_machine::Time;
use klamm_messages::klamm::v1::{Command, WakeRow, WakeUp, command::Body};
use klamm_scheduler::{Due, WakeSource};
use parking_lot::MutexGuard;
use tokio::sync::Notify;

use crate::{Processor, processor::OwnedPartition};

impl WakeSource for Processor {
    fn partition_count(&self) -> u32 {
        self.partition_count()
    }

    fn due(&self, partition: u32, now: Time, limit: usize) -> Due {
        let look = |mut partition: MutexGuard<'_, OwnedPartition>| Due {
            rows: partition.due_wakes(now, limit),
            next: partition.next_wake(Some(now)),
        };
        self.read(partition).map(look).unwrap_or_default()
    }

    async fn wake_up(&self, partition: u32, rows: &[WakeRow]) -> bool {
        let commands: Vec<_> = rows.iter().map(command).collect();
        match self.append_all(partition, &commands).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(partition, error = %error, "wake-ups wait");
                false
            }
        }
    }

    fn sleeps_until(&self, partition: u32, time: Time) {
        self.slots[partition as usize].wakes.sleeps_until.store(time.millis(), Ordering::SeqCst);
    }

    async fn changed(&self, partition: u32) {
        self.slots[partition as usize].wakes.changed.notified().await;
    }
}

/// What the scheduler is told of a partition's wake rows.
pub(crate) struct Wakes {
    /// A wake row has appeared that is due before the scheduler looks again.
    changed: Notify,
    /// When it looks again, in milliseconds.
    sleeps_until: AtomicI64,
}

impl Default for Wakes {
    fn default() -> Self {
        Self { changed: Notify::new(), sleeps_until: AtomicI64::new(i64::MAX) }
    }
}

impl Wakes {
    /// A row has come.
    pub(crate) fn appeared(&self, row: &WakeRow) {
        let due = row.due.as_ref().map_or(Time::default(), Time::from);
        if due.millis() < self.sleeps_until.load(Ordering::SeqCst) {
            self.changed.notify_one();
        }
    }
}

fn command(row: &WakeRow) -> Command {
    let WakeRow { machine, namespace, id, run_id, due } = row.clone();
    Command {
        version: 1,
        namespace: namespace.clone(),
        workflow_id: id.clone(),
        body: Some(Body::WakeUp(WakeUp { machine, namespace, id, run_id, due })),
        ..Command::default()
    }
}
