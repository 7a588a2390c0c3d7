//! Full names of topics, and what they shall be.

use std::{sync::Arc, time::Duration};

use klamm_log::{Cleanup, TopicSpec};

use crate::topic;

/// Kafka's `max.message.bytes` on topics that hold requests or events: completions reach 4 MiB plus the envelope.
pub const LARGE_MESSAGE_BYTES: usize = 6 << 20;

/// Names of the topics under one prefix.
#[derive(Debug, Clone)]
pub struct Topics {
    prefix: Arc<str>,
    /// Full names of the topics that every command may write, made once.
    known: Arc<[(&'static str, Arc<str>)]>,
    /// Partitions of commands, history, schedules and visibility: a power of two.
    pub partitions: u32,
}

impl Topics {
    /// Topics named `<prefix><name>`.
    pub fn new(prefix: &str, partitions: u32) -> Self {
        let known = [topic::COMMANDS, topic::HISTORY, topic::VISIBILITY, topic::SCHEDULES, topic::CLUSTER];
        let known = known.into_iter().map(|name| (name, format!("{prefix}{name}").into())).collect();
        Self { prefix: prefix.into(), known, partitions }
    }

    /// A topic's full name.
    pub fn full(&self, name: &str) -> Arc<str> {
        let known = self.known.iter().find(|(known, _)| *known == name).map(|(_, full)| full.clone());
        known.unwrap_or_else(|| format!("{}{name}", self.prefix).into())
    }

    /// The name without prefix; `None` when it is not one of ours.
    pub fn short<'a>(&self, full: &'a str) -> Option<&'a str> {
        full.strip_prefix(&*self.prefix)
    }

    /// Name of the transactional id of a partition.
    pub fn transactional_id(&self, partition: u32) -> String {
        format!("{}p{partition}", self.prefix)
    }

    /// All topics with the design's settings.
    pub fn specs(&self) -> Vec<TopicSpec> {
        let week = Duration::from_secs(7 * 24 * 3600);
        let large = |spec: TopicSpec| TopicSpec { max_message_bytes: LARGE_MESSAGE_BYTES, ..spec };
        let aged = |name: &str, retention: Duration| TopicSpec {
            cleanup: Cleanup::Delete { retention: Some(retention) },
            ..TopicSpec::kept(self.full(name), 1)
        };
        vec![
            large(TopicSpec::kept(self.full(topic::COMMANDS), self.partitions)),
            large(TopicSpec::compacted(self.full(topic::HISTORY), self.partitions)),
            large(TopicSpec::compacted(self.full(topic::VISIBILITY), self.partitions)),
            large(TopicSpec::compacted(self.full(topic::SCHEDULES), self.partitions)),
            TopicSpec::compacted(self.full(topic::CLUSTER), 1),
            aged(topic::MEMBERS, Duration::from_secs(600)),
            large(TopicSpec { partitions: self.partitions, ..aged(topic::COMMANDS_DEAD_LETTERS, week) }),
        ]
    }

    /// The partition of an output topic that belongs to command partition `partition`.
    pub fn output_partition(name: &str, partition: u32) -> u32 {
        if name == topic::CLUSTER { 0 } else { partition }
    }
}
