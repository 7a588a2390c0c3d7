//! Settings of the store, and RocksDB's that follow from them.

use std::sync::Arc;

use rocksdb::{BlockBasedOptions, Cache, DBCompressionType, Env, LogLevel, Options};

/// Says how many bytes are free on the disk; `None`: unknown, which refuses nothing.
pub type FreeBytes = Arc<dyn Fn() -> Option<u64> + Send + Sync>;

/// How much a store takes.
#[derive(Clone)]
pub struct Settings {
    /// Size of a memtable; at most two are held. Default: 8 MiB.
    pub write_buffer_bytes: usize,
    /// RocksDB's block cache, indexes and filters included. Default: 16 MiB.
    pub cache_bytes: usize,
    /// Writes are refused with [`crate::Error::Full`] while less is free on the disk: RocksDB itself would make them wait. Default: 64 MiB.
    pub reserve_bytes: u64,
    /// How free bytes are found; `None`: the disk is asked. For tests.
    pub free_bytes: Option<FreeBytes>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { write_buffer_bytes: 8 << 20, cache_bytes: 16 << 20, reserve_bytes: 64 << 20, free_bytes: None }
    }
}

/// Of so many rows in a table file…
const DELETION_WINDOW: usize = 4096;

/// …so many deleted ones make RocksDB compact the file: scans must not walk over heaps of fired timers and done tasks.
const DELETIONS_MAX: usize = 1024;

impl Settings {
    /// RocksDB's options.
    pub(crate) fn options(&self, env: Option<&Env>) -> Options {
        let mut options = Options::default();
        options.create_if_missing(true);
        if let Some(env) = env {
            options.set_env(env);
        }
        options.set_write_buffer_size(self.write_buffer_bytes);
        options.set_max_write_buffer_number(2);
        options.set_max_background_jobs(2);
        options.set_target_file_size_base(16 << 20);
        options.set_max_bytes_for_level_base(64 << 20);
        options.set_compression_type(DBCompressionType::Lz4);
        options.add_compact_on_deletion_collector_factory(DELETION_WINDOW, DELETIONS_MAX, 0.0);
        // Many gets are for rows that aren't there: a new workflow id, a new run.
        options.set_memtable_whole_key_filtering(true);
        options.set_memtable_prefix_bloom_ratio(0.02);
        options.set_bytes_per_sync(1 << 20);
        options.set_max_open_files(256);
        options.set_keep_log_file_num(2);
        options.set_max_log_file_size(1 << 20);
        options.set_log_level(LogLevel::Warn);
        options.set_stats_dump_period_sec(0);
        options.set_stats_persist_period_sec(0);
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(&Cache::new_lru_cache(self.cache_bytes));
        blocks.set_cache_index_and_filter_blocks(true);
        blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
        blocks.set_bloom_filter(10.0, false);
        blocks.set_block_size(8 << 10);
        blocks.set_format_version(5);
        options.set_block_based_table_factory(&blocks);
        options
    }
}
