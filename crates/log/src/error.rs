//! What can go wrong, sorted by what the caller does next.

use crate::Offset;

/// Why a call of the log failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another holder of the transactional id has come. Nothing of this call was written. Drop the producer; read the log to find
    /// out who owns now, and only then make a new one.
    #[error("transactional id {transactional_id} has a newer holder")]
    Fenced {
        /// The id.
        transactional_id: String,
    },
    /// Nobody knows whether it was written, wholly or not at all. For a commit: drop the producer, make a new one with the same id
    /// (which settles it), read the output topics to their ends and see. For an append: read the partition, or rely on the
    /// receiver's deduplication and append again.
    #[error("outcome unknown: {reason}")]
    InDoubt {
        /// What happened.
        reason: String,
    },
    /// The log can't be reached or is busy; nothing was written. The same call may be made again later; a [`crate::Transactional`]
    /// stays usable.
    #[error("log unavailable: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
    },
    /// No room (a full disk, a quota); nothing was written, and reads still work. Wait for room, then the same call may be made again.
    #[error("no room in the log: {reason}; free some space, klamm goes on by itself")]
    Full {
        /// What happened.
        reason: String,
    },
    /// More bytes than the topic takes; nothing was written. The same call will always fail.
    #[error("{size} bytes for topic {topic}, which takes at most {limit}")]
    TooLarge {
        /// The topic.
        topic: String,
        /// Size of what was given, as [`crate::Record::size`] counts.
        size: usize,
        /// The topic's `max_message_bytes`.
        limit: usize,
    },
    /// A record that the topic can't hold, such as one without key on a compacted topic; nothing was written. A mistake of the caller.
    #[error("record refused by topic {topic}: {reason}")]
    Invalid {
        /// The topic.
        topic: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The records before `start` are gone (trimmed or expired). Go on at `start`, or rebuild from elsewhere.
    #[error("{topic}/{partition}: records before offset {start} are gone")]
    Trimmed {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// First offset that can be read.
        start: Offset,
    },
    /// The offset lies behind the partition's end: whoever remembers it has seen a log that is not this one (or one that lost its
    /// tail in a power failure). Throw the derived state away and rebuild it.
    #[error("{topic}/{partition} ends at offset {end}, before the one asked for")]
    PastEnd {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// The partition's end.
        end: Offset,
    },
    /// No such topic.
    #[error("no topic {topic}")]
    UnknownTopic {
        /// The topic.
        topic: String,
    },
    /// The topic has fewer partitions.
    #[error("no partition {partition} of {topic}, which has {partitions}")]
    UnknownPartition {
        /// The topic.
        topic: String,
        /// The partition asked for.
        partition: u32,
        /// How many there are.
        partitions: u32,
    },
    /// The topic exists and is not as asked for. For the operator: a start-up error.
    #[error("topic {topic} is not as configured: {problem}")]
    Mismatch {
        /// The topic.
        topic: String,
        /// What differs.
        problem: String,
    },
    /// The broker refuses klamm's credentials, or an operation to whom they belong. For the operator; once it is allowed, the same call may
    /// be made again.
    #[error("Kafka refuses to {operation}: {reason}\nhint: {remedy}")]
    Denied {
        /// What was to be done, and with what.
        operation: String,
        /// What the broker says.
        reason: String,
        /// What is to be allowed, with the command that does it.
        remedy: String,
    },
    /// The log's settings cannot work. For the operator: a start-up error.
    #[error("the log's settings are wrong: {problem}")]
    Misconfigured {
        /// Which, and how.
        problem: String,
    },
    /// Another process holds the data directory. For the operator.
    #[error("{path} is in use by another process")]
    Locked {
        /// The directory.
        path: String,
    },
    /// The stored bytes are not what was written. For the operator: the log is the truth, nothing can rebuild it.
    #[error("the log is damaged: {reason}")]
    Corrupt {
        /// What was found.
        reason: String,
    },
}
