//! Topics and how they are kept.

use std::{sync::Arc, time::Duration};

/// What a topic shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    /// Full name, prefix included.
    pub name: Arc<str>,
    /// How many partitions, at least 1; fixed once the topic exists.
    pub partitions: u32,
    /// Which old records go.
    pub cleanup: Cleanup,
    /// Timestamps by the log instead of the producer.
    pub log_append_time: bool,
    /// Limit of one appended batch, and of one record of a transaction, in bytes as [`crate::Record::size`] counts.
    pub max_message_bytes: usize,
}

/// Which old records of a topic go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// By age.
    Delete {
        /// Age at which a record may go; `None`: only [`crate::Log::trim`] takes records away.
        retention: Option<Duration>,
    },
    /// By key: newer records replace older ones. Every record needs a key.
    Compact {
        /// Age below which a record neither goes nor makes an older one go.
        min_compaction_lag: Duration,
        /// How long a tombstone stays readable beyond that.
        delete_retention: Duration,
    },
}

/// A topic that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// How it is kept.
    pub spec: TopicSpec,
    /// A UUID made with the topic: a topic deleted and made again under the same name has another.
    pub id: Arc<str>,
}

impl TopicSpec {
    /// Kafka's default limit of a batch.
    pub const MAX_MESSAGE_BYTES_DEFAULT: usize = 1 << 20;

    /// A topic that keeps every record until it is trimmed.
    pub fn kept(name: impl Into<Arc<str>>, partitions: u32) -> Self {
        Self {
            name: name.into(),
            partitions,
            cleanup: Cleanup::Delete { retention: None },
            log_append_time: true,
            max_message_bytes: Self::MAX_MESSAGE_BYTES_DEFAULT,
        }
    }

    /// A topic compacted as klamm's are: lag 24 h, tombstones 7 days.
    pub fn compacted(name: impl Into<Arc<str>>, partitions: u32) -> Self {
        const HOUR: Duration = Duration::from_secs(3600);
        let cleanup = Cleanup::Compact { min_compaction_lag: 24 * HOUR, delete_retention: 7 * 24 * HOUR };
        Self { cleanup, log_append_time: false, ..Self::kept(name, partitions) }
    }
}
