//! Settings of the embedded log, and RocksDB's that follow from them.

use std::time::Duration;

use rocksdb::{BlockBasedOptions, Cache, DBCompressionType, Env, LogLevel, Options};

use super::room::FreeBytes;
use crate::topic::{TopicIds, random_ids};

/// How an [`super::EmbeddedLog`] behaves.
#[derive(Clone)]
pub struct Settings {
    /// Every append and commit is on the disk when it returns: survives a power loss, at the price of a disk's latency. Off: survives
    /// the death of the process. Default: off.
    pub fsync: bool,
    /// Size of a RocksDB memtable; at most two are held, and as much WAL again and again. Default: 8 MiB.
    pub write_buffer_bytes: usize,
    /// RocksDB's block cache. Default: 8 MiB.
    pub cache_bytes: usize,
    /// Newest records held in memory, per partition. Default: 256 KiB.
    pub tail_bytes: usize,
    /// Upper bound of the WAL on the disk; beyond, memtables are flushed. Default: 64 MiB.
    pub wal_bytes_max: u64,
    /// Writes are refused with [`crate::Error::Full`] while less is free on the disk. Default: 128 MiB.
    pub reserve_bytes: u64,
    /// How free bytes are found; `None`: the disk is asked. For tests.
    pub free_bytes: Option<FreeBytes>,
    /// How often old records are taken away and compacted in the background; `None`: only when asked. Default: 1 minute.
    pub housekeeping_interval: Option<Duration>,
    /// Ids of new topics. Default: random.
    pub topic_ids: TopicIds,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            fsync: false,
            write_buffer_bytes: 8 << 20,
            cache_bytes: 8 << 20,
            tail_bytes: 256 << 10,
            wal_bytes_max: 64 << 20,
            reserve_bytes: 128 << 20,
            free_bytes: None,
            housekeeping_interval: Some(Duration::from_secs(60)),
            topic_ids: random_ids(),
        }
    }
}

impl Settings {
    /// RocksDB's options.
    pub(super) fn options(&self, env: Option<&Env>) -> Options {
        let mut options = Options::default();
        options.create_if_missing(true);
        if let Some(env) = env {
            options.set_env(env);
        }
        options.set_write_buffer_size(self.write_buffer_bytes);
        options.set_max_write_buffer_number(2);
        options.set_max_total_wal_size(self.wal_bytes_max);
        // What the last crash left whole is the log; a torn last record was never acknowledged.
        options.set_wal_recovery_mode(rocksdb::DBRecoveryMode::PointInTime);
        options.set_max_background_jobs(2);
        options.set_level_zero_file_num_compaction_trigger(8);
        options.set_level_zero_slowdown_writes_trigger(32);
        options.set_level_zero_stop_writes_trigger(48);
        options.set_target_file_size_base(16 << 20);
        options.set_max_bytes_for_level_base(128 << 20);
        // New files are short-lived: they aren't worth compressing.
        let mut compression = vec![DBCompressionType::Lz4; 7];
        compression[0] = DBCompressionType::None;
        options.set_compression_per_level(&compression);
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
        blocks.set_block_size(16 << 10);
        blocks.set_format_version(5);
        options.set_block_based_table_factory(&blocks);
        options
    }
}
