//! The duties of a log.

use std::{sync::Arc, task::Waker, time::Duration};

use crate::{Appending, Error, Offset, Output, ReadBatch, ReadLimit, Record, Topic, TopicSpec, wait};

/// Where an append went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first record; the others follow in their order (without gap on the embedded log; on Kafka, others' records may stand between).
    pub first_offset: Offset,
    /// Timestamp of the last record: log-append time where the topic has it, else its producer's.
    pub timestamp_ms: i64,
}

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
/// *Offsets* grow by the order of the log and never change, whatever is trimmed or compacted; a reader steps over holes.
/// *Order*: what one thread appends to a partition stands there in the order of its calls, [`Log::append_async`] included.
/// *Durable* means: survives the death of every process of klamm; on Kafka what the topic's replication survives; on the embedded log a
/// power loss too when it was opened with fsync, or after [`Log::sync`].
/// *Readers* see only what is durable and committed (read_committed): never a record that later goes away other than by trimming,
/// retention or compaction.
///
/// Calls may block for as long as a disk or a broker takes; none waits for records to come, except [`Log::wait`]. Callers in async
/// code use [`Log::append_async`], which on Kafka holds no thread while the broker works, and [`Log::readable`], which takes a [`Waker`];
/// a read of what this process has just appended asks no broker either.
/// All calls may be made from any thread. `topic` is a topic's full name; every call with a topic or partition that isn't there gives
/// [`Error::UnknownTopic`] or [`Error::UnknownPartition`].
pub trait Log: Send + Sync {
    /// Makes the topics that are missing and checks those that exist.
    ///
    /// A topic made gets an id, durable with it. An existing one with another number of partitions or another kind of cleanup or
    /// timestamps is [`Error::Mismatch`]; its times and limits are set to those given. (Kafka: they are the operator's; only those that
    /// keep less than asked for are a mismatch.)
    fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), Error>;

    /// All topics, by name.
    fn topics(&self) -> Result<Vec<Topic>, Error>;

    /// One topic.
    fn topic(&self, topic: &str) -> Result<Arc<Topic>, Error>;

    /// Appends records to a partition, in this order, each once (Kafka: the idempotent producer with acks=all, no transaction).
    ///
    /// When it returns `Ok`, all of them are durable and readable. On an error the first of them may stand there, up to any of them (the
    /// embedded log and the one in memory write all or none, as one batch). Append times never go back within a partition. Each record's
    /// size is limited by the topic's `max_message_bytes` (on the embedded log their sum is). No record at all is [`Error::Invalid`].
    ///
    /// Errors: [`Error::InDoubt`] (may stand there or come to stand there), [`Error::Unavailable`], [`Error::Full`],
    /// [`Error::TooLarge`], [`Error::Invalid`].
    fn append(&self, topic: &str, partition: u32, records: Vec<Record>) -> Result<Appended, Error>;

    /// Takes a record for appending, as [`Log::append`] does, and gives a future of the outcome instead of waiting for it.
    ///
    /// The record goes its way whether or not the future is polled. Where an append is one short write (embedded log) it is done when this
    /// returns. The future comes to its end in bounded time whatever happens to the broker, if need be with [`Error::InDoubt`].
    fn append_async(&self, topic: &str, partition: u32, record: Record) -> Appending {
        Appending::done(self.append(topic, partition, vec![record]))
    }

    /// Takes records for appending in this order, without waiting and without gap: where one comes to stand, all before it stand.
    ///
    /// All of them stand when every future is `Ok`; there may be fewer futures than records when one was not taken. For senders that leave
    /// nothing out: they begin again with the first record of a group that failed, and append nothing behind it before.
    fn append_group(&self, topic: &str, partition: u32, records: Vec<Record>) -> Vec<Appending> {
        vec![Appending::done(self.append(topic, partition, records))]
    }

    /// Becomes the holder of a transactional id (Kafka: init_transactions).
    ///
    /// When it returns `Ok`, every earlier holder is fenced: none of their commits takes effect from now on, and all they ever committed
    /// is either readable below the [`Log::end_offset`] of its partition or never will be. So whoever then reads to
    /// the ends has seen all of them, in-doubt ones included.
    fn transactional(&self, id: &str) -> Result<Box<dyn Transactional>, Error>;

    /// Makes ready to become the holder of these ids soon, without touching whoever holds them now. (Kafka: clients are made and connected in
    /// the background, so that [`Log::transactional`] has less to wait for.)
    fn prepare_transactional(&self, _ids: Vec<String>) {}

    /// Reads committed records from `from` on, never waiting.
    ///
    /// Gives nothing when `from` is the end. Stops before the first offset that isn't decided yet. [`Error::Trimmed`] below the start,
    /// [`Error::PastEnd`] above the end.
    ///
    /// The batch's `end_offset` knows of what this log object has written, at once; of what *others* have written it may know some hundred
    /// milliseconds later. Whoever must have seen everything asks [`Log::end_offset`] first, which is always fresh, and reads until its
    /// position has got there: below an end once given, a read gives records, or gets on over a hole, or fails.
    fn read(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<ReadBatch, Error>;

    /// First offset that can be read; a hole may be there.
    fn start_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error>;

    /// One above the last offset that can be read; the offset that the next append gets or a lower one. Fresh: what anybody has
    /// written before the call counts. Never goes back.
    fn end_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error>;

    /// Whether the end is above `offset`. If not, `waker` is woken once, when it gets there (or earlier, or for
    /// another reason: ask again).
    fn readable(&self, topic: &str, partition: u32, offset: Offset, waker: &Waker) -> Result<bool, Error>;

    /// Blocks until the end is above `offset`, at most `timeout`; whether it is.
    fn wait(&self, topic: &str, partition: u32, offset: Offset, timeout: Duration) -> Result<bool, Error> {
        wait::until_readable(|waker| self.readable(topic, partition, offset, waker), timeout)
    }

    /// Takes away all records below `before`, which becomes the start: at once for readers, later on the disk.
    ///
    /// Does nothing when the start is there already; [`Error::PastEnd`] above the end. Durable when it returns. For topics with
    /// [`crate::Cleanup::Delete`] only, else [`Error::Invalid`].
    fn trim(&self, topic: &str, partition: u32, before: Offset) -> Result<(), Error>;

    /// Compacts a partition now, as far as the topic's `min_compaction_lag` and `delete_retention` allow.
    ///
    /// Of the records older than the lag only the newest of each key stays, and tombstones older than both go. Kafka
    /// does this by itself: there the call does nothing. Providers may also do so by themselves at any time. [`Error::Invalid`] on a topic
    /// that isn't compacted.
    fn compact(&self, topic: &str, partition: u32) -> Result<(), Error>;

    /// Shows tools how far a reader of a topic has come: next offsets by partition. Nothing rests on it, and it may be late or missing.
    /// (Kafka: offsets of a consumer group, committed outside transactions. Other logs have no such tools: nothing.)
    fn show_positions(&self, _group: &str, _topic: &str, _positions: &[(u32, Offset)]) {}

    /// Makes all that was appended before the call survive a power loss, where it doesn't already.
    fn sync(&self) -> Result<(), Error>;
}

/// The holder of a transactional id; see [`Log::transactional`].
pub trait Transactional: Send {
    /// Writes all outputs, or none, to whatever partitions they go, in this order within each; gives their offsets.
    ///
    /// When it returns `Ok` they are durable and readable; nobody ever reads some of one partition without those before them, and
    /// all or none come to stand. Each record's size is limited by its topic's `max_message_bytes`. Nothing to write is fine.
    ///
    /// Errors, by what to do: [`Error::Fenced`] (drop this holder; look at the log who owns), [`Error::InDoubt`] (drop this
    /// holder, make a new one, look), [`Error::Unavailable`] and [`Error::Full`] (nothing was written; try again with this holder),
    /// [`Error::TooLarge`] and [`Error::Invalid`] (nothing was written; won't ever work).
    fn commit(&mut self, outputs: Vec<Output>) -> Result<Vec<Offset>, Error>;
}
