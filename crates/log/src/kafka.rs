//! The log on Apache Kafka, by librdkafka.
//!
//! - **Appends** go through one idempotent producer with acks=all. The acknowledgement tells offset and log-append time, and the newest own
//!   records stay in memory, so the process that appends reads its own records without asking the broker (`producer`, `partition`).
//! - **Reads** of anything else are fetched with read_committed, on a partition only while there is something to read (`fetch`).
//! - **Others' records** on partitions that somebody reads are noticed by asking for their ends, all in one request, every
//!   [`Settings::watch_interval`] (`watch`).
//! - **Commits** are Kafka's transactions, one producer per transactional id (`transactions`).
//! - **Topics** are made or checked (`ensure`); Kafka itself expires and compacts them.
//!
//! What is promised rests on the topics' replication; on the broker's own disk nothing is synced at once unless the broker is set so.
//! An open transaction of some other program on a topic holds up its readers here, as it does everywhere on Kafka.

mod clients;
mod context;
mod core;
mod ensure;
mod errors;
mod fetch;
mod groups;
mod partition;
mod polled;
mod prepared;
mod producer;
mod settings;
mod topics;
mod transactions;
mod trim;
mod watch;

use std::{sync::Arc, task::Waker};

use self::{core::Core, watch::Watcher};
pub use ensure::topic_configs;
pub use settings::{Settings, TopicsMode};

use crate::{Appended, Appending, Error, Log, Offset, ReadBatch, ReadLimit, Record, Topic, TopicSpec, Transactional, topic::no_records};

/// A log on a broker.
///
/// A handle is cheap to use from many threads; its connections are closed when it and every [`Transactional`] made from it are dropped.
pub struct KafkaLog {
    /// Dropped first: it stops the thread.
    _watcher: Watcher,
    core: Arc<Core>,
}

impl KafkaLog {
    /// Makes the clients. Nothing is asked of the broker yet: the first call finds out whether it is there.
    ///
    /// # Errors
    /// [`Error::Misconfigured`].
    pub fn open(settings: Settings) -> Result<Self, Error> {
        let core = Arc::new(Core::new(settings)?);
        Ok(Self { _watcher: Watcher::start(&core)?, core })
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

    fn append(&self, topic: &str, partition: u32, records: Vec<Record>) -> Result<Appended, Error> {
        // All are waited for, so that nothing of this call comes behind what is appended after it.
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

    fn start_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error> {
        self.core.ask_start(self.core.topic(topic)?.partition(partition)?)
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error> {
        self.core.ask_end(self.core.topic(topic)?.partition(partition)?)
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

    /// What was acknowledged is as safe as the topics' replication makes it; there is nothing that a client could add.
    fn sync(&self) -> Result<(), Error> {
        Ok(())
    }
}
