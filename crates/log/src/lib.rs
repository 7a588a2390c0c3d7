//! The log that klamm is built on.
//!
//! A log holds topics, a topic holds partitions, a partition holds records in order. Each record has an offset that never changes.
//! [`Log`] says what every provider promises. `kafka::KafkaLog` keeps records on a Kafka broker, `embedded::EmbeddedLog` in RocksDB,
//! `memory::MemoryLog` in memory, with faults on demand and time as a test wants it. All of them pass the suite in `contract`. Each
//! provider is a feature of this crate, so a crate that needs no provider builds neither librdkafka nor RocksDB.
//! Nothing here knows what a record means. Types to read first: [`Log`], [`Record`], [`TopicSpec`], [`Error`].

// Without one of the providers, the code that only this provider uses is dead.
#![cfg_attr(not(all(feature = "embedded", feature = "kafka", feature = "memory")), allow(dead_code))]

pub mod appending;
pub mod clock;
#[cfg(feature = "contract")]
pub mod contract;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod error;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod log;
#[cfg(feature = "memory")]
pub mod memory;
mod onward;
mod parking;
pub mod record;
pub mod share_group;
mod tail;
pub mod topic;
pub mod wait;
mod wakers;

pub use appending::{Appended, Appending, Promise};
pub use clock::{Clock, ManualClock, SystemClock};
#[cfg(feature = "embedded")]
pub use embedded::EmbeddedLog;
pub use error::Error;
#[cfg(feature = "kafka")]
pub use kafka::KafkaLog;
pub use log::{Log, Transactional};
#[cfg(feature = "memory")]
pub use memory::MemoryLog;
pub use onward::read_onward;
pub use record::{Output, ReadBatch, ReadLimit, Record, Stored};
pub use share_group::ShareGroup;
pub use topic::{Cleanup, Topic, TopicSpec};

/// Place of a record in its partition, from 0; as in Kafka, never negative.
pub type Offset = i64;
