//! Topics and how they are kept.

use std::{sync::Arc, time::Duration};

use crate::{Error, Record};

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

/// The error of an append of nothing.
pub(crate) fn no_records(topic: &str) -> Error {
    Error::Invalid { topic: topic.to_owned(), reason: "an empty batch".to_owned() }
}

/// Makes the id of a new topic from its name.
pub type TopicIds = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// Random UUIDs.
pub fn random_ids() -> TopicIds {
    Arc::new(|_| uuid::Uuid::new_v4().to_string())
}

/// UUIDs derived from the topic's name: the same in every run of a test.
pub fn ids_from_names() -> TopicIds {
    Arc::new(|name| uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string())
}

impl Topic {
    /// The topic after it was asked for again: times and limits as given, or what doesn't fit.
    pub(crate) fn updated(&self, spec: &TopicSpec) -> Result<Self, Error> {
        let mismatch = |problem: String| Err(Error::Mismatch { topic: spec.name.to_string(), problem });
        if self.spec.partitions != spec.partitions {
            return mismatch(format!("it has {} partitions, {} are configured", self.spec.partitions, spec.partitions));
        }
        if self.spec.log_append_time != spec.log_append_time {
            let stands = if self.spec.log_append_time { "log-append time" } else { "the producer's time" };
            return mismatch(format!("its timestamps are {stands}"));
        }
        match (&self.spec.cleanup, &spec.cleanup) {
            (Cleanup::Delete { .. }, Cleanup::Delete { .. }) | (Cleanup::Compact { .. }, Cleanup::Compact { .. }) => {
                Ok(Self { spec: spec.clone(), id: self.id.clone() })
            }
            (Cleanup::Delete { .. }, Cleanup::Compact { .. }) => mismatch("it isn't compacted".to_owned()),
            (Cleanup::Compact { .. }, Cleanup::Delete { .. }) => mismatch("it is compacted".to_owned()),
        }
    }

    /// Checks what both append and commit refuse.
    pub(crate) fn check_record(&self, record: &Record) -> Result<(), Error> {
        if record.key.is_none() && matches!(self.spec.cleanup, Cleanup::Compact { .. }) {
            let reason = "a compacted topic takes no record without key".to_owned();
            return Err(Error::Invalid { topic: self.spec.name.to_string(), reason });
        }
        self.check_size(record.size())
    }

    /// Checks a batch for append.
    pub(crate) fn check_batch(&self, records: &[Record]) -> Result<(), Error> {
        if records.is_empty() {
            return Err(no_records(&self.spec.name));
        }
        records.iter().try_for_each(|record| self.check_record(record))?;
        self.check_size(records.iter().map(Record::size).sum())
    }

    fn check_size(&self, size: usize) -> Result<(), Error> {
        let limit = self.spec.max_message_bytes;
        if size > limit { Err(Error::TooLarge { topic: self.spec.name.to_string(), size, limit }) } else { Ok(()) }
    }

    /// Checks a partition number.
    pub(crate) fn check_partition(&self, partition: u32) -> Result<(), Error> {
        let partitions = self.spec.partitions;
        if partition < partitions {
            return Ok(());
        }
        Err(Error::UnknownPartition { topic: self.spec.name.to_string(), partition, partitions })
    }

    /// Checks that records may be trimmed.
    pub(crate) fn check_trimmable(&self) -> Result<(), Error> {
        match self.spec.cleanup {
            Cleanup::Delete { .. } => Ok(()),
            Cleanup::Compact { .. } => {
                let reason = "a compacted topic isn't trimmed: write tombstones".to_owned();
                Err(Error::Invalid { topic: self.spec.name.to_string(), reason })
            }
        }
    }

    /// Lag and tombstone retention in milliseconds, of a compacted topic.
    pub(crate) fn compaction_ms(&self) -> Result<(i64, i64), Error> {
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        match self.spec.cleanup {
            Cleanup::Compact { min_compaction_lag, delete_retention } => Ok((millis(min_compaction_lag), millis(delete_retention))),
            Cleanup::Delete { .. } => {
                Err(Error::Invalid { topic: self.spec.name.to_string(), reason: "the topic isn't compacted".to_owned() })
            }
        }
    }
}

/// The error for a name that is no topic.
pub(crate) fn unknown(topic: &str) -> Error {
    Error::UnknownTopic { topic: topic.to_owned() }
}
