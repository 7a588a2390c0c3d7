//! RocksDB, as log and store set it, and what its errors say.

use rocksdb::{BlockBasedOptions, Cache, Env, LogLevel, Options};

/// Options of a database that takes little: at most two memtables of this size, two background threads, and a small log file that says
/// only what is wrong. It is on the disk, or in memory with an environment for that.
pub fn options(write_buffer_bytes: usize, open_files_max: i32, env: Option<&Env>) -> Options {
    frugal(Options::default(), write_buffer_bytes, open_files_max, env)
}

/// As [`options`], for keys whose first `prefix_bytes` name a stream to which only later keys are added. No table file that a compaction writes
/// has keys of two streams. So a file with the newest keys of a stream overlaps with no older one, and moves to the next level as it is. A file
/// with the end of one stream and the beginning of another would span all older files of the second one.
pub fn options_of_streams(prefix_bytes: usize, write_buffer_bytes: usize, open_files_max: i32, env: Option<&Env>) -> Options {
    // RocksDB's Rust client has no call for this.
    let cut = format!("sst_partitioner_factory={{id=SstPartitionerFixedPrefixFactory;length={prefix_bytes}}}");
    let options = Options::default().get_options_from_string(cut).unwrap_or_else(|error| {
        tracing::warn!(%error, "RocksDB does not cut table files at the ends of streams: compactions cost more");
        Options::default()
    });
    frugal(options, write_buffer_bytes, open_files_max, env)
}

fn frugal(mut options: Options, write_buffer_bytes: usize, open_files_max: i32, env: Option<&Env>) -> Options {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rocksdb_knows_how_to_cut_table_files_at_the_ends_of_streams() {
        let directory = tempfile::tempdir().unwrap();
        let options = options_of_streams(1, 1 << 20, 16, None);
        let rows = rocksdb::DB::open(&options, directory.path()).unwrap();
        for round in 0..2_u8 {
            for stream in [1, 2, 3] {
                rows.put([stream, round], b"row").unwrap();
            }
            rows.flush().unwrap();
        }
        rows.compact_range(None::<&[u8]>, None::<&[u8]>);
        let mut files: Vec<_> = rows.live_files().unwrap().into_iter().map(|file| (file.start_key, file.end_key)).collect();
        files.sort();
        let of = |stream: u8| (Some(vec![stream, 0]), Some(vec![stream, 1]));
        assert_eq!(files, [of(1), of(2), of(3)]);
    }
}
