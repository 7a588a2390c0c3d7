//! The rows of all partitions of a process, in RocksDB (feature `rocksdb`), or in ordered maps for tests and simulations.
//!
//! A store holds nothing that folding the topics can't rebuild. So it has no WAL. A crash loses the newest writes, those that weren't
//! flushed. The writes before them are all there, each of them whole: [`Store::write`] is atomic, and all rows are in one column family.
//! The offsets up to which topics were read are written together with the rows, so after a crash they say where to go on. Keys are
//! `partition u16 BE | row key`, and a row key begins with its table's kind. Types to read first: [`Store`], [`Error`].

mod error;
mod keys;
mod maps;
mod provider;
mod reading;
#[cfg(feature = "rocksdb")]
mod rocks;
mod settings;
mod snapshot;
mod store;
mod view;

pub use klamm_disk::FreeBytes;

pub use error::Error;
pub use provider::Stats;
pub use reading::Row;
pub use settings::Settings;
pub use snapshot::{Rows, Snapshot};
pub use store::Store;
pub use view::View;
