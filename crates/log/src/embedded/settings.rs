//! Settings of the embedded log, and RocksDB's that follow from them.

use std::time::Duration;

use klamm_disk::{FreeBytes, rocks};
use klamm_supervise::Supervisor;
use rocksdb::{DBCompressionType, Env, Options};

use super::keys;
use crate::topic::{TopicIds, random_ids};

/// How an [`super::EmbeddedLog`] behaves.
#[derive(Clone)]
pub struct Settings {
    /// On: every append and commit is on the disk when the call returns. It survives a power loss, at the price of the disk's latency.
    /// Off: it survives the death of the process only. Default: off.
    pub fsync: bool,
    /// Size of a RocksDB memtable; RocksDB holds at most two. Default: 8 MiB.
    pub write_buffer_bytes: usize,
    /// RocksDB's block cache. Default: 8 MiB.
    pub cache_bytes: usize,
    /// Table files that are kept open, each with one file descriptor of the process. Default: 256.
    pub open_files_max: i32,
    /// Newest records held in memory, per partition. Default: 256 KiB.
    pub tail_bytes: usize,
    /// Upper bound of the WAL on the disk. Above it, memtables are flushed. Default: 64 MiB.
    pub wal_bytes_max: u64,
    /// Writes are refused with [`crate::Error::Full`] while less is free on the disk. Default: 128 MiB.
    pub reserve_bytes: u64,
    /// How free bytes are found; `None`: the disk is asked. For tests.
    pub free_bytes: Option<FreeBytes>,
    /// How often old records are taken away and compacted in the background; `None`: only when asked. Default: 1 minute.
    pub housekeeping_interval: Option<Duration>,
    /// Opens a damaged log up to the damage, and logs that as an error. Off: a damaged log is not opened at all. Default: off.
    pub salvage: bool,
    /// Ids of new topics. Default: random.
    pub topic_ids: TopicIds,
    /// Watches over the log's thread. Default: one of its own.
    pub supervisor: Supervisor,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            fsync: false,
            write_buffer_bytes: 8 << 20,
            cache_bytes: 8 << 20,
            open_files_max: 256,
            tail_bytes: 256 << 10,
            wal_bytes_max: 64 << 20,
            reserve_bytes: 128 << 20,
            free_bytes: None,
            housekeeping_interval: Some(Duration::from_secs(60)),
            salvage: false,
            topic_ids: random_ids(),
            supervisor: Supervisor::default(),
        }
    }
}

impl Settings {
    /// RocksDB's options.
    pub(super) fn options(&self, env: Option<&Env>) -> Options {
        let mut options = rocks::options_of_streams(keys::PLACE_BYTES, self.write_buffer_bytes, self.open_files_max, env);
        options.set_max_total_wal_size(self.wal_bytes_max);
        // After a crash the log ends with the last whole record. A torn record behind it was never acknowledged: `inspect` checks that
        // first.
        options.set_wal_recovery_mode(rocksdb::DBRecoveryMode::PointInTime);
        // Each compaction of level 0 writes level 1 anew, so it should bring much.
        options.set_level_zero_file_num_compaction_trigger(16);
        options.set_level_zero_slowdown_writes_trigger(32);
        options.set_level_zero_stop_writes_trigger(48);
        options.set_max_bytes_for_level_base(128 << 20);
        // Files of level 0 are short-lived: they aren't worth compressing.
        let mut compression = vec![DBCompressionType::Lz4; 7];
        compression[0] = DBCompressionType::None;
        options.set_compression_per_level(&compression);
        options.set_block_based_table_factory(&rocks::blocks(16 << 10, self.cache_bytes));
        options
    }
}
