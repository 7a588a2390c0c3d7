//! What can go wrong, sorted by what the caller has to do next.

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
    /// Nobody knows whether the records were written. After a commit: drop the producer, make a new one with the same id (this settles the
    /// commit), and read the output topics to their ends to see the outcome. After an append: read the partition, or append again and rely
    /// on the receiver's deduplication.
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
    /// No room (a full disk, a quota); nothing was written, and reads still work. Once there is room, the same call may be made again.
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
    /// The topic can't hold such a record (for example one without key on a compacted topic); nothing was written. A mistake of the caller.
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
    /// The offset lies above the partition's end. So the caller's state comes from another log, or this log has lost its newest records in
    /// a power failure. Throw the derived state away and rebuild it.
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
    /// The topic exists with other properties than asked for. For the operator: a start-up error.
    #[error("topic {topic} is not as configured: {problem}")]
    Mismatch {
        /// The topic.
        topic: String,
        /// What differs.
        problem: String,
    },
    /// Several topics are missing or have other properties than asked for. For the operator: a start-up error.
    #[error("{}", each(.problems))]
    Mismatches {
        /// One [`Error::Mismatch`] for each.
        problems: Vec<Error>,
    },
    /// A share group cannot have its settings: the broker has no share groups, or does not take them. For the operator.
    #[error("share group {group} is not as configured: {problem}")]
    ShareGroup {
        /// The group.
        group: String,
        /// What the broker says.
        problem: String,
    },
    /// The broker refuses klamm's credentials, or does not allow the operation to them. For the operator. Once the broker allows it, the
    /// same call may be made again.
    #[error("Kafka refuses to {operation}: {reason}\nhint: {remedy}")]
    Denied {
        /// What was to be done, and with what.
        operation: String,
        /// What the broker says.
        reason: String,
        /// What the operator has to allow, with the command that does it.
        remedy: String,
        /// The topic that is meant, if it is one.
        topic: Option<String>,
    },
    /// The log's settings cannot work. For the operator: a start-up error.
    #[error("the log's settings are wrong: {problem}")]
    Misconfigured {
        /// Which settings, and why.
        problem: String,
    },
    /// Another process holds the data directory. For the operator.
    #[error("{path} is in use by another process")]
    Locked {
        /// The directory.
        path: String,
    },
    /// The stored bytes are not those that were written. For the operator: the log is the truth, so nothing can rebuild it.
    #[error("the log is damaged: {reason}")]
    Corrupt {
        /// What was found.
        reason: String,
    },
}

impl Error {
    /// The topic that a write failed for, where the log takes records for others: it is not there, has other partitions, or is not for this
    /// process, or takes no such record.
    pub fn refusing_topic(&self) -> Option<&str> {
        match self {
            Self::TooLarge { topic, .. }
            | Self::Invalid { topic, .. }
            | Self::UnknownTopic { topic }
            | Self::UnknownPartition { topic, .. }
            | Self::Mismatch { topic, .. } => Some(topic),
            Self::Denied { topic, .. } => topic.as_deref(),
            _ => None,
        }
    }
}

/// Each on a line of its own.
fn each(problems: &[Error]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
