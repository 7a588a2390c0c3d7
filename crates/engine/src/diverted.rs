//! Records for topics of others that the log does not take: they go to klamm's own topic of such records, in the transaction that they
//! belong to. So no topic of others holds up history.

use std::sync::Arc;

use klamm_machine::{Machine, key};

use crate::{Codec, Partition, Topics};

/// Class of the dead letters, in the header `klamm-dlq-class`.
const CLASS: &str = "destination";
/// Characters of a reason that a header tells.
const REASON_CHARS_MAX: usize = 1000;

impl<M: Machine, C: Codec<M::Event>> Partition<M, C> {
    /// The topics of others to which the batch under way writes, each once.
    pub fn foreign_topics(&self) -> Vec<Arc<str>> {
        let topics = &self.settings.topics;
        let outputs = self.in_flight.iter().flat_map(|batch| &batch.outputs);
        let mut foreign: Vec<_> = outputs.map(|output| &output.topic).filter(|topic| !topics.is_own(topic)).cloned().collect();
        foreign.sort();
        foreign.dedup();
        foreign
    }

    /// To be called when nothing of the batch under way was written because the log does not take its records for `topic` (full name). They
    /// become dead letters of the batch, as they are, with headers that say what was wrong. Gives their number: 0 when the topic is klamm's
    /// own. The topic of dead letters is [`Topics::dead_letters_spec`] of [`Topics::PUBLISHED`].
    pub fn divert(&mut self, topic: &str, reason: &str) -> usize {
        let topics = &self.settings.topics;
        if topics.is_own(topic) {
            return 0;
        }
        let letters = topics.full(&Topics::dead_letters(Topics::PUBLISHED));
        let message: String = reason.chars().take(REASON_CHARS_MAX).collect();
        let outputs = self.in_flight.iter_mut().flat_map(|batch| &mut batch.outputs).filter(|output| *output.topic == *topic);
        let mut diverted = 0;
        for output in outputs {
            let headers = [
                ("__dlq.errors.topic", topic.to_owned()),
                ("__dlq.errors.partition", output.partition.to_string()),
                ("__dlq.errors.message", message.clone()),
                ("klamm-dlq-class", CLASS.to_owned()),
                ("klamm-dlq-stage", "effect".to_owned()),
                ("klamm-dlq-attempt", "1".to_owned()),
            ];
            output.record.headers.extend(headers.map(|(name, value)| (name.to_owned(), value.into())));
            let key = output.record.key.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            output.partition = key::hash(&key) % topics.partitions;
            output.topic = letters.clone();
            diverted += 1;
        }
        diverted
    }
}
