//! Trimming, by DeleteRecords.

use rdkafka::{TopicPartitionList, topic_partition_list::Offset as Place};

use super::{core::Core, errors::Doing};
use crate::{Error, Offset, parking::block_on};

impl Core {
    /// See [`crate::Log::trim`].
    pub(super) fn trim(&self, topic: &str, number: u32, before: Offset) -> Result<(), Error> {
        let known = self.topic(topic)?;
        let partition = known.partition(number)?;
        known.topic.check_trimmable()?;
        let end = self.ask_end(partition)?;
        if before > end {
            return Err(partition.past_end(end));
        }
        if before <= self.ask_start(partition)? {
            return Ok(());
        }
        let doing = Doing::Trim(topic);
        let mut places = TopicPartitionList::with_capacity(1);
        let added = places.add_partition_offset(topic, number as i32, Place::Offset(before));
        added.map_err(|error| self.errors().failed(doing, &error))?;
        let trimmed = block_on(self.admin()?.delete_records(&places, &self.admin_options()));
        let trimmed = trimmed.map_err(|error| self.errors().failed(doing, &error))?;
        if let Some(place) = trimmed.find_partition(topic, number as i32) {
            place.error().map_err(|error| self.errors().failed(doing, &error))?;
        }
        partition.view.lock().starts_at(before);
        Ok(())
    }
}
