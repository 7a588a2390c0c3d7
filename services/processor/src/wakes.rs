//! The partitions' wake rows, for the scheduler.

use std::sync::atomic::Ordering;

use klamm_machine::Time;
use klamm_messages::klamm::v1::{Command, WakeRow, WakeUp, command::Body};
use klamm_scheduler::WakeSource;

use crate::Processor;

impl WakeSource for Processor {
    fn partition_count(&self) -> u32 {
        self.partition_count()
    }

    fn due(&self, partition: u32, now: Time, limit: usize) -> Vec<WakeRow> {
        self.read(partition).map(|mut partition| partition.due_wakes(now, limit)).unwrap_or_default()
    }

    fn next(&self, partition: u32) -> Option<Time> {
        self.read(partition).ok()?.next_wake()
    }

    fn wake_up(&self, partition: u32, rows: &[WakeRow]) -> bool {
        let commands: Vec<_> = rows.iter().map(command).collect();
        match self.append_all(partition, &commands) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(partition, error = %error, "wake-ups wait");
                false
            }
        }
    }

    fn sleeps_until(&self, time: Time) {
        self.scheduler_sleeps_until.store(time.millis(), Ordering::SeqCst);
    }

    async fn changed(&self) {
        self.wakes_changed.notified().await;
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
