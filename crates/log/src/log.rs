//! The duties of a log.

use std::{sync::Arc, task::Waker, time::Duration};

use crate::{
    Appended, Appending, Error, Offset, Output, ReadBatch, ReadLimit, Record, ShareGroup, Topic, TopicSpec, parking::until_readable,
};

/// A log of partitioned topics.
///
/// ```text
///            start_offset                                         end_offset
///                 │                                                   │
///    0 ··· trimmed│ 17  18  19   ·  21  22   ·   ·  25  26  27  28  29│ 30? 31?   not yet committed: nobody reads it
///    Error::Trimmed             hole         holes                    │ Error::PastEnd above the end
///                               └── compacted away, an aborted transaction, or a mark of Kafka's own
/// ```
///
/// *Offsets* grow in the order of the log. They never change, also when records are trimmed or compacted. Readers step over holes.
/// *Order*: the records that one thread appends to a partition stand there in the order of its calls, [`Log::append_async`] included.
/// *Durable* records survive the death of every process of klamm. On Kafka they survive whatever the topic's replication survives. On the
/// embedded log they survive a power loss too when the log was opened with fsync, or after [`Log::sync`].
/// *Readers* see only records that are durable and committed (read_committed). Such a record goes away only by trimming, retention or
/// compaction.
///
/// Calls may block for as long as a disk or a broker takes. Only [`Log::wait`] waits for records to come. Async code calls
/// [`Log::append_async`], which holds no thread while a broker or a sync of the disk works, and [`Log::readable`], which takes a [`Waker`]. A read of
/// what this process has just appended asks no broker either.
/// All calls may be made from any thread. `topic` is a topic's full name. Every call with a topic or partition that does not exist gives
/// [`Error::UnknownTopic`] or [`Error::UnknownPartition`].
pub trait Log: Send + Sync {
    /// Makes the topics that are missing and checks those that exist.
    ///
    /// A new topic gets an id that is as durable as the topic. An existing topic with another number of partitions, or another kind of
    /// cleanup or timestamps, is [`Error::Mismatch`]. The times and limits of an existing topic are set to those given. (Kafka: the
    /// operator sets them; they are a mismatch only when the topic keeps less than asked for.)
    fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), Error>;

    /// All topics, by name.
    fn topics(&self) -> Result<Vec<Topic>, Error>;

    /// One topic.
    fn topic(&self, topic: &str) -> Result<Arc<Topic>, Error>;

    /// One topic as it was a second ago at most: others may have added partitions, or made it anew, with another id. (A log whose topics only
    /// klamm makes has nothing to look for.)
    fn topic_now(&self, topic: &str) -> Result<Arc<Topic>, Error> {
        self.topic(topic)
    }

    /// Which of these topics do not exist. The answer is not taken from memory.
    fn missing_topics(&self, names: &[Arc<str>]) -> Result<Vec<Arc<str>>, Error> {
        let topics = self.topics()?;
        Ok(names.iter().filter(|name| topics.iter().all(|topic| topic.spec.name != **name)).cloned().collect())
    }

    /// Appends records to a partition, in this order, each once (Kafka: the idempotent producer with acks=all, no transaction).
    ///
    /// When it returns `Ok`, all of them are durable and readable. After an error, none, some of the first or all of them may be in the log
    /// (the embedded log and the one in memory write all or none, as one batch). Append times never go back within a partition. The topic's
    /// `max_message_bytes` limits the size of each record (on the embedded log: of all records together). A call without records is
    /// [`Error::Invalid`].
    ///
    /// Errors: [`Error::InDoubt`] (the records may be in the log, or may still get there), [`Error::Unavailable`], [`Error::Full`],
    /// [`Error::TooLarge`], [`Error::Invalid`].
    fn append(&self, topic: &str, partition: u32, records: Vec<Record>) -> Result<Appended, Error>;

    /// Takes a record for appending, as [`Log::append`] does, and gives a future of the outcome instead of waiting for it.
    ///
    /// The record is appended whether or not anybody polls the future. Where an append is one short write (embedded log without fsync), it
    /// is done when this call returns. The future ends in bounded time whatever happens to the broker, if need be with [`Error::InDoubt`].
    fn append_async(&self, topic: &str, partition: u32, record: Record) -> Appending {
        Appending::done(self.append(topic, partition, vec![record]))
    }

    /// Takes records for appending, in this order, and does not wait. No record of the group gets into the log unless all before it do.
    ///
    /// When every future is `Ok`, all records are in the log. When a record was not taken, there are fewer futures than records, and the
    /// last one is an error. This is for senders that must leave nothing out. After a failure they send again, beginning with the first
    /// record that failed, and append no later record before that one is in the log.
    fn append_group(&self, topic: &str, partition: u32, records: Vec<Record>) -> Vec<Appending> {
        vec![Appending::done(self.append(topic, partition, records))]
    }

    /// Becomes the holder of a transactional id (Kafka: init_transactions).
    ///
    /// When it returns `Ok`, every earlier holder is fenced: from now on none of their commits takes effect. Whatever they committed is
    /// either readable below the [`Log::end_offset`] of its partition, or never will be. So a process that now reads to the ends has seen
    /// all of their commits, also those that were in doubt.
    fn transactional(&self, id: &str) -> Result<Box<dyn Transactional>, Error>;

    /// Prepares for holding these ids soon. The present holders are not touched. (Kafka: makes and connects clients in the background, so
    /// that [`Log::transactional`] has less to wait for.)
    fn prepare_transactional(&self, _ids: Vec<String>) {}

    /// Reads committed records from `from` on, never waiting.
    ///
    /// Gives nothing when `from` is the end. Stops before the first offset that isn't decided yet. [`Error::Trimmed`] below the start,
    /// [`Error::PastEnd`] above the end.
    ///
    /// The batch's `end_offset` includes at once what this log object has written. It may include what *others* have written only some
    /// hundred milliseconds later. A caller that must see everything first asks [`Log::end_offset`], which is always fresh, and then reads
    /// until its position has reached that end. Below an end that was once given, a read gives records, or steps over a hole, or fails.
    fn read(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<ReadBatch, Error>;

    /// As [`Log::read`], but it never waits for a broker: `None` when a broker would have to be asked. For callers that hold a lock, or a
    /// thread of a runtime. (The embedded log has everything at hand.)
    fn read_at_hand(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<Option<ReadBatch>, Error> {
        self.read(topic, partition, from, limit).map(Some)
    }

    /// First offset that can be read. There may be a hole at this offset.
    fn start_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error>;

    /// One above the last offset that can be read. The next append gets this offset or a higher one. The answer is fresh: it includes what
    /// anybody has written before the call. It never goes back.
    fn end_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error>;

    /// First offset of a record whose time is not below `time_ms`, in milliseconds since 1970; the end if there is none. Times need not grow
    /// with offsets: of several such records the first one counts.
    fn offset_at(&self, topic: &str, partition: u32, time_ms: i64) -> Result<Offset, Error> {
        let (mut at, end) = (self.start_offset(topic, partition)?, self.end_offset(topic, partition)?);
        while at < end {
            let batch = match self.read(topic, partition, at, ReadLimit { records: 1000, bytes: 4 << 20 }) {
                Err(Error::Trimmed { start, .. }) if start > at => {
                    at = start;
                    continue;
                }
                read => read?,
            };
            if let Some(found) = batch.records.iter().find(|stored| stored.timestamp_ms >= time_ms) {
                return Ok(found.offset.min(end));
            }
            at = batch.next_offset;
        }
        Ok(end)
    }

    /// Whether the end is above `offset`. If not, `waker` is woken once, when the end is above it. It may also be woken earlier or for
    /// another reason, so ask again.
    fn readable(&self, topic: &str, partition: u32, offset: Offset, waker: &Waker) -> Result<bool, Error>;

    /// Says that others write this topic, and that whoever waits for it wants to hear of their records at once. Without effect on logs whose
    /// readers always do. (Kafka: a client stays on the topic, and gets what comes.)
    fn listen_to(&self, _topic: &str) {}

    /// Blocks until the end is above `offset`, at most for `timeout`. Gives whether the end is above.
    fn wait(&self, topic: &str, partition: u32, offset: Offset, timeout: Duration) -> Result<bool, Error> {
        until_readable(|waker| self.readable(topic, partition, offset, waker), timeout)
    }

    /// Removes all records below `before`, which becomes the start. Readers see that at once; the disk space comes back later.
    ///
    /// Does nothing when the start is there already or higher. [`Error::PastEnd`] when `before` is above the end. Durable when it returns.
    /// For topics with [`crate::Cleanup::Delete`] only, else [`Error::Invalid`].
    fn trim(&self, topic: &str, partition: u32, before: Offset) -> Result<(), Error>;

    /// Compacts a partition now, as far as the topic's `min_compaction_lag` and `delete_retention` allow.
    ///
    /// Of the records older than the lag only the newest of each key stays, and tombstones older than both go. Kafka
    /// does this by itself: there the call does nothing. Providers may also do so by themselves at any time. [`Error::Invalid`] on a topic
    /// that isn't compacted.
    fn compact(&self, topic: &str, partition: u32) -> Result<(), Error>;

    /// Shows tools how far a reader of a topic has come: next offsets by partition. klamm itself never reads this, and it may be late or
    /// missing. (Kafka: commits the offsets of a consumer group, outside transactions. Other logs do nothing: there are no such tools.)
    fn show_positions(&self, _group: &str, _topic: &str, _positions: &[(u32, Offset)]) {}

    /// Gives a share group the settings that it is to have, where they differ. (Other logs than Kafka do nothing: no other program has a consumer
    /// there.)
    ///
    /// Errors: [`Error::ShareGroup`] (the broker has no share groups, or does not take these settings), [`Error::Denied`], [`Error::Unavailable`].
    fn set_share_group(&self, _group: &ShareGroup) -> Result<(), Error> {
        Ok(())
    }

    /// A numeric property of the log's RocksDB. `None` when RocksDB has no property of this name, or the log has no RocksDB.
    fn rocksdb_property(&self, _name: &str) -> Option<u64> {
        None
    }

    /// Makes everything that was appended before the call survive a power loss, where it doesn't already.
    fn sync(&self) -> Result<(), Error>;

    /// A problem that the log has found in itself and that no call has reported yet (a damaged block that nobody has needed), for people.
    fn problem(&self) -> Option<String> {
        None
    }
}

/// The holder of a transactional id; see [`Log::transactional`].
pub trait Transactional: Send {
    /// Writes all outputs or none, to all their partitions, and keeps this order within each partition. Gives their offsets.
    ///
    /// When it returns `Ok`, the outputs are durable and readable. Either all of them get into the log or none. Nobody ever reads an output
    /// without being able to read those before it in the same partition. Each topic's `max_message_bytes` limits the size of its records.
    /// An empty list is fine.
    ///
    /// Errors, by what to do: [`Error::Fenced`] (drop this holder; read the log to see who owns now), [`Error::InDoubt`] (drop this
    /// holder, make a new one, read the log), [`Error::Unavailable`] and [`Error::Full`] (nothing was written; try again with this holder),
    /// [`Error::TooLarge`] and [`Error::Invalid`] (nothing was written; the same outputs will always fail).
    fn commit(&mut self, outputs: Vec<Output>) -> Result<Vec<Offset>, Error>;
}
