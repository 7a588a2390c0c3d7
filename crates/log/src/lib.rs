//! The log that klamm is built on.
//!
//! A log holds topics, a topic holds partitions, a partition holds records in order, each under an offset that never changes.
//! [`Log`] says what every provider promises; [`kafka::KafkaLog`] keeps it on a Kafka broker,
//! [`embedded::EmbeddedLog`] in RocksDB, [`memory::MemoryLog`] in memory, with faults on demand and time as a test wants it; all pass the
//! suite in `contract`.
//! Nothing here knows what a record means. Types to read first: [`Log`], [`Record`], [`TopicSpec`], [`Error`].

pub mod appending;
pub mod clock;
#[cfg(feature = "contract")]
pub mod contract;
pub mod embedded;
pub mod error;
pub mod kafka;
pub mod log;
pub mod memory;
mod onward;
pub mod record;
mod tail;
pub mod topic;
pub mod wait;
mod wakers;

pub use appending::Appending;
pub use clock::{Clock, ManualClock, SystemClock};
pub use embedded::EmbeddedLog;
pub use error::Error;
pub use kafka::KafkaLog;
pub use log::{Appended, Log, Transactional};
pub use memory::MemoryLog;
pub use onward::read_onward;
pub use record::{Output, ReadBatch, ReadLimit, Record, Stored};
pub use topic::{Cleanup, Topic, TopicSpec};

/// Place of a record in its partition, from 0; as in Kafka, never negative.
pub type Offset = i64;
