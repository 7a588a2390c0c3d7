//! What the embedded log and the store have in common: the reserve of free bytes ([`reserve`]), and RocksDB's settings and errors
//! (`rocks`, feature `rocksdb`) and its manifest (`manifest`, feature `rocksdb`).

#[cfg(feature = "rocksdb")]
pub mod manifest;
pub mod reserve;
#[cfg(feature = "rocksdb")]
pub mod rocks;

pub use reserve::{FreeBytes, Reserve};
