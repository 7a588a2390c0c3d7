//! The log on Apache Kafka, by librdkafka.
//!
//! - **Appends** go through one idempotent producer with acks=all. The acknowledgement tells the offset and the log-append time. The newest
//!   records of this process stay in memory, so it reads its own records without asking the broker (`append`, `partition`).
//! - **Reads** of other records are fetched from the broker with read_committed, and only while there is something to read (`fetch`).
//! - **Records of other processes** are noticed by asking for the ends of all partitions that somebody reads, in one request, every
//!   [`Settings::watch_interval`] (`watch`). On topics that others are expected to write, a client gets them as they come (`listen`).
//! - **Commits** are Kafka's transactions, one producer per transactional id (`transactions`).
//! - **Topics** are made or checked (`ensure`); Kafka itself expires and compacts them.
//!
//! The log's promises rest on the topics' replication: a broker does not sync each write to its disk unless it is configured so. When some
//! other program has a transaction open on a topic, readers of this topic wait for it, as all readers on Kafka do.

mod append;
mod check;
mod clients;
mod context;
mod core;
mod ensure;
mod errors;
mod fetch;
mod groups;
mod listen;
mod partition;
mod polled;
mod pool;
mod prepare;
mod prepared;
mod producer;
mod read;
mod settings;
mod share_groups;
mod sheet;
mod signal;
mod statistics;
mod topics;
mod transactions;
mod trim;
mod watch;

use std::{sync::Arc, task::Waker};

use klamm_supervise::Supervisor;

use self::{core::Core, listen::Listener, watch::Watcher};
pub use check::{check_broker, check_settings};
pub use ensure::topic_configs;
pub use settings::{Settings, TopicsMode};

use crate::{
    Appended, Appending, Error, Log, Offset, ReadBatch, ReadLimit, Record, ShareGroup, Topic, TopicSpec, Transactional, topic::no_records,
};

/// A log on a broker.
///
/// Many threads may share one log. Its connections are closed when it and every [`Transactional`] made from it are dropped.
pub struct KafkaLog {
    /// Dropped first, as the next one: they stop their threads.
    _watcher: Watcher,
    listener: Listener,
    core: Arc<Core>,
}

impl KafkaLog {
    /// Makes the clients. They ask the broker nothing yet: the first call of the log finds out whether the broker is there.
    ///
    /// # Errors
    /// [`Error::Misconfigured`].
    pub fn open(settings: Settings) -> Result<Self, Error> {
        Self::open_supervised(settings, &Supervisor::default())
    }

    /// As [`KafkaLog::open`], with the log's threads under `supervisor`.
    ///
    /// # Errors
    /// [`Error::Misconfigured`].
    pub fn open_supervised(settings: Settings, supervisor: &Supervisor) -> Result<Self, Error> {
        let core = Arc::new(Core::new(settings, supervisor.clone())?);
        Ok(Self { _watcher: Watcher::start(&core)?, listener: Listener::new(&core), core })
    }
}

impl Log for KafkaLog {
    fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), Error> {
        self.core.ensure(topics)
    }

    fn topics(&self) -> Result<Vec<Topic>, Error> {
        self.core.list()
    }

    fn topic(&self, topic: &str) -> Result<Arc<Topic>, Error> {
        self.core.topic(topic).map(|known| known.topic.clone())
    }

    fn topic_now(&self, topic: &str) -> Result<Arc<Topic>, Error> {
        self.core.topic_now(topic).map(|known| known.topic.clone())
    }

    fn missing_topics(&self, names: &[Arc<str>]) -> Result<Vec<Arc<str>>, Error> {
        let missing = |name: &Arc<str>| Ok(self.core.partitions(name)?.is_none().then(|| name.clone()));
        names.iter().filter_map(|name| missing(name).transpose()).collect()
    }

    fn append(&self, topic: &str, partition: u32, records: Vec<Record>) -> Result<Appended, Error> {
        // Waits for all records, also after an error: none of them may arrive behind what the caller appends next.
        let outcomes: Vec<_> = self.core.append_group(topic, partition, records).into_iter().map(Appending::wait).collect();
        let appended: Vec<_> = outcomes.into_iter().collect::<Result<_, _>>()?;
        match (appended.first(), appended.last()) {
            (Some(first), Some(last)) => Ok(Appended { first_offset: first.first_offset, timestamp_ms: last.timestamp_ms }),
            _ => Err(no_records(topic)),
        }
    }

    fn append_group(&self, topic: &str, partition: u32, records: Vec<Record>) -> Vec<Appending> {
        self.core.append_group(topic, partition, records)
    }

    fn append_async(&self, topic: &str, partition: u32, record: Record) -> Appending {
        self.core.append_one(topic, partition, record)
    }

    fn transactional(&self, id: &str) -> Result<Box<dyn Transactional>, Error> {
        self.core.hold(id)
    }

    fn prepare_transactional(&self, ids: Vec<String>) {
        self.core.prepare(ids);
    }

    fn read(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<ReadBatch, Error> {
        self.core.read(topic, partition, from, limit)
    }

    fn read_at_hand(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<Option<ReadBatch>, Error> {
        self.core.read_at_hand(topic, partition, from, limit)
    }

    fn start_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error> {
        self.core.ask_start(self.core.topic(topic)?.partition(partition)?)
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error> {
        self.core.ask_end(self.core.topic(topic)?.partition(partition)?)
    }

    fn offset_at(&self, topic: &str, partition: u32, time_ms: i64) -> Result<Offset, Error> {
        self.core.ask_at(self.core.topic(topic)?.partition(partition)?, time_ms)
    }

    fn readable(&self, topic: &str, partition: u32, offset: Offset, waker: &Waker) -> Result<bool, Error> {
        let known = self.core.topic(topic)?;
        let partition = known.partition(partition)?;
        let mut view = partition.view.lock();
        let (is_above, is_suspect) = (view.is_above(offset, waker), view.is_suspect());
        drop(view);
        match (is_above, is_suspect) {
            (true, _) => {}
            (false, true) => self.core.signal.raise(),
            (false, false) => self.core.signal.rouse(),
        }
        Ok(is_above)
    }

    fn listen_to(&self, topic: &str) {
        self.listener.add(topic);
    }

    fn trim(&self, topic: &str, partition: u32, before: Offset) -> Result<(), Error> {
        self.core.trim(topic, partition, before)
    }

    /// Kafka compacts by itself.
    fn compact(&self, topic: &str, partition: u32) -> Result<(), Error> {
        let known = self.core.topic(topic)?;
        known.partition(partition)?;
        known.topic.compaction_ms().map(drop)
    }

    fn show_positions(&self, group: &str, topic: &str, positions: &[(u32, Offset)]) {
        self.core.groups.commit(&self.core.clients, group, topic, positions);
    }

    fn set_share_group(&self, group: &ShareGroup) -> Result<(), Error> {
        self.core.set_share_group(group, false)
    }

    /// Does nothing: the topics' replication keeps acknowledged records safe, and a client can't add anything to that.
    fn sync(&self) -> Result<(), Error> {
        Ok(())
    }
}
