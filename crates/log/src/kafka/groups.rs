//! Copies readers' positions into the committed offsets of a consumer group, for tools that show lag.

use parking_lot::Mutex;
use rdkafka::{
    TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer},
    topic_partition_list::Offset as Place,
};

use super::{clients::Clients, context::Context};
use crate::Offset;

/// The group whose offsets were committed last, and its client.
#[derive(Default)]
pub(super) struct Groups(Mutex<Option<(String, BaseConsumer<Context>)>>);

impl Groups {
    /// Commits offsets and does not wait for the answer: klamm never reads them, and the next ones come soon.
    pub(super) fn commit(&self, clients: &Clients, group: &str, topic: &str, positions: &[(u32, Offset)]) {
        let mut known = self.0.lock();
        if known.as_ref().is_none_or(|(name, _)| name != group) {
            *known = match clients.committing(group) {
                Ok(client) => Some((group.to_owned(), client)),
                Err(error) => return tracing::debug!(group, error = %error, "no client for the group's offsets"),
            };
        }
        let Some((_, client)) = known.as_ref() else { return };
        // Takes the answers to earlier commits, which would pile up.
        while client.poll(std::time::Duration::ZERO).is_some() {}
        let mut offsets = TopicPartitionList::with_capacity(positions.len());
        for (partition, offset) in positions {
            if let Err(error) = offsets.add_partition_offset(topic, *partition as i32, Place::Offset(*offset)) {
                return tracing::debug!(group, error = %error, "no offset");
            }
        }
        if let Err(error) = client.commit(&offsets, CommitMode::Async) {
            tracing::debug!(group, error = %error, "the group's offsets were not committed");
        }
    }
}
