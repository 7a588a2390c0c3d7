//! RocksDB's options, as they follow from the store's settings.

use rocksdb::{BlockBasedOptions, Cache, DBCompressionType, Env, LogLevel, Options};

use crate::Settings;

/// Number of neighbouring rows in a table file in which deleted rows are counted.
const DELETION_WINDOW: usize = 4096;

/// When so many rows of such a window are deleted, RocksDB compacts the file. So scans need not walk over many fired timers and done tasks.
const DELETIONS_MAX: usize = 1024;

/// Options of a store in a directory, or in memory with an environment for that.
pub(super) fn of(settings: &Settings, env: Option<&Env>) -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    if let Some(env) = env {
        options.set_env(env);
    }
    options.set_write_buffer_size(settings.write_buffer_bytes);
    options.set_max_write_buffer_number(2);
    options.set_max_background_jobs(2);
    options.set_target_file_size_base(16 << 20);
    options.set_max_bytes_for_level_base(64 << 20);
    options.set_compression_type(DBCompressionType::Lz4);
    options.add_compact_on_deletion_collector_factory(DELETION_WINDOW, DELETIONS_MAX, 0.0);
    // Many gets are for rows that don't exist, such as those of a new workflow id or a new run.
    options.set_memtable_whole_key_filtering(true);
    options.set_memtable_prefix_bloom_ratio(0.02);
    options.set_bytes_per_sync(1 << 20);
    options.set_max_open_files(settings.open_files_max);
    options.set_keep_log_file_num(2);
    options.set_max_log_file_size(1 << 20);
    options.set_log_level(LogLevel::Warn);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(&Cache::new_lru_cache(settings.cache_bytes));
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    blocks.set_bloom_filter(10.0, false);
    blocks.set_block_size(8 << 10);
    blocks.set_format_version(5);
    options.set_block_based_table_factory(&blocks);
    options
}
