//! What can go wrong in a partition, sorted by what its driver has to do next.

use thiserror::Error;

/// Why a partition cannot go on as asked.
#[derive(Debug, Error)]
pub enum Error {
    /// The log refused; see its own error for what to do.
    #[error("log: {0}")]
    Log(#[from] klamm_log::Error),
    /// The store refused; a corrupt one is thrown away and folded anew.
    #[error("store: {0}")]
    Store(#[from] klamm_store::Error),
    /// A decision version is in force that this binary cannot decide: the owner releases the partition.
    #[error("partition {partition}: decision version {version} is in force, this binary decides up to {supported}; use a newer klamm")]
    Version {
        /// The partition.
        partition: u32,
        /// Version in force.
        version: u32,
        /// Highest that this binary decides.
        supported: u32,
    },
    /// The partition has a newer take-over record, whose writer owns it.
    #[error("partition {partition} was taken over by {member} at offset {offset}")]
    Overtaken {
        /// The partition.
        partition: u32,
        /// The new owner.
        member: String,
        /// Offset of its take-over record.
        offset: i64,
    },
    /// Records of an output topic are missing or contradict each other.
    #[error("partition {partition}: {topic}: {problem}")]
    Outputs {
        /// The partition.
        partition: u32,
        /// The topic.
        topic: String,
        /// What is wrong.
        problem: String,
    },
}
