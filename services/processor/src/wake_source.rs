//! The processor as the scheduler's source: shows it the partitions' wake rows, and takes its wake-ups.

use std::{collections::BTreeMap, future::pending};

use klamm_machine::Time;
use klamm_messages::klamm::v1::WakeRow;
use klamm_scheduler::{Due, WakeSource};
use tokio::sync::watch;

use crate::{Processor, partition::State};

impl WakeSource for Processor {
    fn partitions(&self) -> watch::Receiver<BTreeMap<u32, i64>> {
        self.partitions.take_overs()
    }

    fn due(&self, partition: u32, after: Option<Time>, now: Time, limit: usize) -> Due {
        let look = |state: &mut State| Due { rows: state.due_wakes(after, now, limit), next: state.next_wake(Some(now)) };
        self.partitions.look(partition, look).unwrap_or_default()
    }

    async fn wake_up(&self, partition: u32, rows: &[WakeRow]) -> bool {
        let commands = rows.iter().map(|row| self.process.wake_up(row)).collect();
        match self.submitter.append_all(partition, commands).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(partition, error = %error, "wake-ups wait");
                false
            }
        }
    }

    fn sleeps_until(&self, partition: u32, time: Time) {
        if let Some(owned) = self.partitions.find(partition) {
            owned.next_look().sleeps_until(time);
        }
    }

    async fn changed(&self, partition: u32) {
        match self.partitions.find(partition) {
            Some(owned) => owned.next_look().changed().await,
            // The partition has just been lost, and its watch ends soon.
            None => pending().await,
        }
    }
}
