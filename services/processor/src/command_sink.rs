//! The processor as the place where commands of records from source topics go.

use std::{collections::BTreeMap, sync::Arc};

use klamm_ingress::{Away, CommandSink, TriggerStatus, TriggerStatuses};
use klamm_log::Offset;
use klamm_messages::klamm::v1::{Command, DeclaredTopics, NamespaceState, TriggerState};
use tokio::sync::watch;

use crate::{Processor, backend::Error};

impl CommandSink for Processor {
    fn partitions(&self) -> watch::Receiver<BTreeMap<u32, i64>> {
        self.partitions.take_overs()
    }

    fn partition_count(&self) -> u32 {
        self.partitions.count()
    }

    fn settled(&self, topic_id: &str) -> Result<BTreeMap<i32, Offset>, Away> {
        let mut settled: BTreeMap<i32, Offset> = BTreeMap::new();
        for number in 0..self.partitions.count() {
            let known = self.partitions.look(number, |state| state.settled(topic_id)).map_err(away)?;
            for (partition, offset) in known {
                let highest = settled.entry(partition).or_default();
                *highest = (*highest).max(offset);
            }
        }
        Ok(settled)
    }

    fn namespaces(&self) -> Arc<BTreeMap<String, NamespaceState>> {
        self.process.namespaces.all()
    }

    fn triggers(&self) -> watch::Receiver<Arc<BTreeMap<String, TriggerState>>> {
        self.process.triggers.known.watch()
    }

    fn trigger_statuses(&self) -> Arc<TriggerStatuses> {
        self.process.triggers.statuses.clone()
    }

    fn partition_of(&self, command: &Command) -> u32 {
        self.partitions.of_command(command)
    }

    async fn append(&self, partition: u32, commands: Vec<Command>) -> Result<(), Away> {
        self.submitter.append_all(partition, commands).await.map_err(away)
    }
}

impl Processor {
    /// The declared topics of all namespaces. Watched from partition 0: what is shown may not be committed yet.
    pub fn declared_topics(&self) -> watch::Receiver<Arc<BTreeMap<String, DeclaredTopics>>> {
        self.process.declared_topics.watch()
    }

    /// All triggers, by name.
    pub fn triggers(&self) -> Arc<BTreeMap<String, TriggerState>> {
        self.process.triggers.known.watch().borrow().clone()
    }

    /// How a trigger is doing, as far as this process knows.
    pub fn trigger_status(&self, trigger: &str) -> TriggerStatus {
        self.process.triggers.statuses.of(trigger)
    }
}

fn away(error: Error) -> Away {
    Away(error.to_string())
}
