//! Settings of the store.

use klamm_disk::FreeBytes;

/// How much memory, files and disk a store may take.
#[derive(Clone)]
pub struct Settings {
    /// Size of a memtable; RocksDB holds at most two. Default: 8 MiB.
    pub write_buffer_bytes: usize,
    /// RocksDB's block cache, indexes and filters included. Default: 16 MiB.
    pub cache_bytes: usize,
    /// Table files that are kept open. Each takes one descriptor of the process. Default: 256.
    pub open_files_max: i32,
    /// While less than this is free on the disk, writes are refused with [`crate::Error::Full`]. (RocksDB itself would make them wait.)
    /// Default: 64 MiB.
    pub reserve_bytes: u64,
    /// How free bytes are found. `None`: the disk is asked. Tests set it.
    pub free_bytes: Option<FreeBytes>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { write_buffer_bytes: 8 << 20, cache_bytes: 16 << 20, open_files_max: 256, reserve_bytes: 64 << 20, free_bytes: None }
    }
}
