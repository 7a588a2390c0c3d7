//! RocksDB's options, as they follow from the store's settings.

use klamm_disk::rocks;
use rocksdb::{DBCompressionType, Env, Options};

use crate::Settings;

/// Number of neighbouring rows in a table file in which deleted rows are counted.
const DELETION_WINDOW: usize = 4096;

/// When so many rows of such a window are deleted, RocksDB compacts the file. So scans need not walk over many fired timers and done tasks.
const DELETIONS_MAX: usize = 1024;

/// Options of a store in a directory, or in memory with an environment for that.
pub(super) fn of(settings: &Settings, env: Option<&Env>) -> Options {
    let mut options = rocks::options(settings.write_buffer_bytes, settings.open_files_max, env);
    options.set_max_bytes_for_level_base(64 << 20);
    // Keys begin with hashes, so a compaction of level 0 writes all of level 1 anew. With more files at a time that is seldom; reads of rows
    // that are not there pass each file's filter.
    options.set_level_zero_file_num_compaction_trigger(8);
    options.set_level_zero_slowdown_writes_trigger(32);
    options.set_level_zero_stop_writes_trigger(48);
    options.set_compression_type(DBCompressionType::Lz4);
    options.add_compact_on_deletion_collector_factory(DELETION_WINDOW, DELETIONS_MAX, 0.0);
    // Many gets are for rows that don't exist, such as those of a new workflow id or a new run.
    options.set_memtable_whole_key_filtering(true);
    options.set_memtable_prefix_bloom_ratio(0.02);
    let mut blocks = rocks::blocks(8 << 10, settings.cache_bytes);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    blocks.set_bloom_filter(10.0, false);
    options.set_block_based_table_factory(&blocks);
    options
}
