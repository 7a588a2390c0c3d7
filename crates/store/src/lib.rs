//! The rows of all partitions of a process, in RocksDB.
//!
//! A store holds nothing that folding the topics can't rebuild. So it has no WAL: a crash takes what wasn't flushed, and leaves
//! what some first number of writes made, never a part of one ([`Store::write`] is atomic, and all rows are in one column family). Whoever
//! keeps the offsets read in the same write as the rows knows where to go on. Keys are `partition u16 BE | row key`, the row
//! key beginning with its table's kind. Types to read first: [`Store`], [`Error`].

mod error;
mod settings;
mod store;

pub use error::Error;
pub use settings::{FreeBytes, Settings};
pub use store::{Row, Stats, Store, Value};
