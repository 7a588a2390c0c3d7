//! The processor as the scheduler's source: shows it the partitions' wake rows, and takes its wake-ups.

use std::{collections::BTreeMap, future::pending};

use klamm_machine::Time;
use klamm_messages::klamm::v1::{Command, WakeRow, WakeUp, command::Body};
use klamm_scheduler::{Due, WakeSource};
use tokio::sync::watch;

use crate::{Processor, partition::State, process::Process};

impl WakeSource for Processor {
    fn partitions(&self) -> watch::Receiver<BTreeMap<u32, i64>> {
        self.partitions.take_overs()
    }

    fn due(&self, partition: u32, now: Time, limit: usize) -> Due {
        let look = |state: &mut State| Due { rows: state.due_wakes(now, limit), next: state.next_wake(Some(now)) };
        self.partitions.look(partition, look).unwrap_or_default()
    }

    async fn wake_up(&self, partition: u32, rows: &[WakeRow]) -> bool {
        let commands = rows.iter().map(|row| wake_up(&self.process, row)).collect();
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

/// The command that makes a machine look again.
fn wake_up(process: &Process, row: &WakeRow) -> Command {
    let WakeRow { machine, namespace, id, run_id, due } = row.clone();
    let settings = if machine == klamm_workflow::MACHINE { process.workflow_settings(&namespace) } else { process.settings(&namespace) };
    Command {
        version: 1,
        settings: Some(settings),
        namespace: namespace.clone(),
        workflow_id: id.clone(),
        body: Some(Body::WakeUp(WakeUp { machine, namespace, id, run_id, due })),
        ..Command::default()
    }
}
