//! Topics and how they are kept.

use std::{sync::Arc, time::Duration};

use crate::{Error, Record};

/// The properties that a topic shall have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    /// Full name, prefix included.
    pub name: Arc<str>,
    /// Number of partitions, at least 1. It is fixed once the topic exists.
    pub partitions: u32,
    /// Which old records are removed.
    pub cleanup: Cleanup,
    /// The log sets the timestamps, not the producer.
    pub log_append_time: bool,
    /// Limit of one record in bytes, counted as [`crate::Record::size`] does. On all providers but Kafka also the limit of one appended
    /// batch.
    pub max_message_bytes: usize,
}

/// Which old records of a topic are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// By age.
    Delete {
        /// Age from which on a record may be removed. `None`: only [`crate::Log::trim`] removes records.
        retention: Option<Duration>,
    },
    /// By key: a newer record replaces the older ones of its key. Every record needs a key.
    Compact {
        /// A record younger than this is not removed, and does not replace an older one yet.
        min_compaction_lag: Duration,
        /// How much longer a tombstone stays readable.
        delete_retention: Duration,
    },
}

/// A topic that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// How it is kept.
    pub spec: TopicSpec,
    /// A UUID. On the embedded log, a topic that is deleted and made again under the same name has another one (on Kafka the same).
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
    /// The topic after somebody has asked for it with `spec`: with the times and limits of `spec`, or an error that says what doesn't fit.
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

    /// Finds what is wrong with a record for append and commit alike.
    pub(crate) fn check_record(&self, record: &Record) -> Result<(), Error> {
        if record.key.is_none() && matches!(self.spec.cleanup, Cleanup::Compact { .. }) {
            let reason = "a compacted topic takes no record without key".to_owned();
            return Err(Error::Invalid { topic: self.spec.name.to_string(), reason });
        }
        self.check_size(record.size())
    }

    /// Finds what is wrong with a batch for append.
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

    /// Checks that the topic's records may be trimmed.
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
