//! RocksDB, as log and store set it, and what its errors say.

use rocksdb::{BlockBasedOptions, Cache, Env, LogLevel, Options};

/// Options of a database that takes little: at most two memtables of this size, two background threads, and a small log file that says
/// only what is wrong. It is on the disk, or in memory with an environment for that.
pub fn options(write_buffer_bytes: usize, open_files_max: i32, env: Option<&Env>) -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    if let Some(env) = env {
        options.set_env(env);
    }
    options.set_write_buffer_size(write_buffer_bytes);
    options.set_max_write_buffer_number(2);
    options.set_max_background_jobs(2);
    options.set_target_file_size_base(16 << 20);
    options.set_bytes_per_sync(1 << 20);
    options.set_max_open_files(open_files_max);
    options.set_keep_log_file_num(2);
    options.set_max_log_file_size(1 << 20);
    options.set_log_level(LogLevel::Warn);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options
}

/// Options of the blocks in table files. Indexes and filters are in the cache too, so it bounds the memory of all that is read.
pub fn blocks(block_bytes: usize, cache_bytes: usize) -> BlockBasedOptions {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(&Cache::new_lru_cache(cache_bytes));
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_block_size(block_bytes);
    blocks.set_format_version(5);
    blocks
}

/// Whether an error says that another process holds the directory.
pub fn says_locked(reason: &str) -> bool {
    let lowered = reason.to_lowercase();
    ["lock file", "lock hold", "/lock:"].iter().any(|text| lowered.contains(text))
}

/// Whether an error says that there is no room.
pub fn says_full(reason: &str) -> bool {
    ["No space left", "NoSpace", "Disk quota exceeded", "Out of space"].iter().any(|text| reason.contains(text))
}
