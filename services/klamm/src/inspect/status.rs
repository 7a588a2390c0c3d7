//! The state of this process, for `klamm status`.

use std::sync::Arc;

use klamm_api::klamm::v1::{GetStatusResponse, PartitionStatus};
use klamm_engine::{Error, Topics, topic};
use klamm_log::Log;
use klamm_machine::Time;
use klamm_processor::{Backend, Processor};
use klamm_visibility::Index;

/// The parts of the process that the status asks besides the log.
pub(super) struct Asked {
    pub(super) processor: Arc<Processor>,
    pub(super) topics: Topics,
    pub(super) index: Index,
    pub(super) address: String,
    pub(super) since: Time,
}

impl Asked {
    /// Asks the parts, and makes the answer.
    pub(super) fn answer(self, log: &dyn Log) -> Result<GetStatusResponse, Error> {
        let ownership = self.processor.ownership();
        let lapsed = || Some(format!("Its lease ended {} ms ago.", ownership.lease_ended_for()?.as_millis()));
        let problem = self.processor.failure().or_else(|| ownership.check().err().map(|error| error.to_string())).or_else(lapsed);
        let partitions = (0..self.processor.partition_count()).map(|partition| self.partition(log, partition));
        Ok(GetStatusResponse {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            problem: problem.unwrap_or_default(),
            partitions: partitions.collect::<Result<_, _>>()?,
            namespaces: self.processor.namespaces().len() as u64,
            task_queues: self.processor.task_queue_figures().len() as u64,
            owner_since: Some(self.since.into()),
            owner: self.address,
        })
    }

    fn partition(&self, log: &dyn Log, partition: u32) -> Result<PartitionStatus, Error> {
        let committed = self.processor.stored_position(partition)?.and_then(|position| position.partition).unwrap_or_default();
        let taken = self.index.next_offsets().get(&partition).copied().unwrap_or_default();
        let documents = log.end_offset(&self.topics.full(topic::VISIBILITY), partition)?;
        Ok(PartitionStatus {
            partition: partition as i32,
            next_command_offset: committed.next_command_offset,
            end_offset: log.end_offset(&self.topics.full(topic::COMMANDS), partition)?,
            visibility_lag: documents.saturating_sub(taken).max(0),
            failure: self.processor.partition_failure(partition).unwrap_or_default(),
        })
    }
}
