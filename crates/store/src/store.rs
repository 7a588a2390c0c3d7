//! The store.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::Arc,
};

use rocksdb::{DB, DBPinnableSlice, DBRawIterator, Env, FlushOptions, ReadOptions, WriteBatch, WriteOptions};

use crate::{Error, FreeBytes, Settings};

/// Rows by partition and key.
///
/// All calls may be made from any thread; writes of one partition are seen in the order in which they return. Numbers of partitions are
/// below 65,535.
pub struct Store {
    db: DB,
    write_options: WriteOptions,
    free_bytes: FreeBytes,
    reserve_bytes: u64,
}

/// A row: key (without the partition) and value.
pub type Row = (Vec<u8>, Vec<u8>);

/// A value as RocksDB holds it: no copy is made.
pub struct Value<'a>(DBPinnableSlice<'a>);

impl Deref for Value<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Value<'_> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// What a store takes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Table files.
    pub disk_bytes: u64,
    /// Memtables.
    pub memtable_bytes: u64,
    /// Block cache.
    pub cache_bytes: u64,
    /// Table readers outside the block cache.
    pub table_reader_bytes: u64,
    /// Number of rows, about.
    pub rows: u64,
}

impl Store {
    /// Opens the store in the directory `path`, made if missing.
    ///
    /// Errors: [`Error::Locked`], [`Error::Corrupt`], [`Error::Full`], [`Error::Unavailable`] (the directory can't be used).
    pub fn open(path: impl AsRef<Path>, settings: &Settings) -> Result<Self, Error> {
        let path = path.as_ref();
        std::fs::create_dir_all(path).map_err(|error| Error::Unavailable { reason: format!("can't make {}: {error}", path.display()) })?;
        Self::start(path, settings, None, of_disk(path.to_owned()))
    }

    /// A store that is gone with the process.
    pub fn in_memory(settings: &Settings) -> Result<Self, Error> {
        let env = Env::mem_env()?;
        Self::start(Path::new("/klamm-store"), settings, Some(&env), Arc::new(|| None))
    }

    fn start(path: &Path, settings: &Settings, env: Option<&Env>, free_bytes: FreeBytes) -> Result<Self, Error> {
        let db = DB::open(&settings.options(env), path).map_err(|error| Error::opening(path, error))?;
        let mut write_options = WriteOptions::default();
        write_options.disable_wal(true);
        let free_bytes = settings.free_bytes.clone().unwrap_or(free_bytes);
        Ok(Self { db, write_options, free_bytes, reserve_bytes: settings.reserve_bytes })
    }

    /// The row under `key`.
    pub fn get(&self, partition: u16, key: &[u8]) -> Result<Option<Value<'_>>, Error> {
        with_full_key(partition, key, |key| Ok(self.db.get_pinned(key)?.map(Value)))
    }

    /// At most `limit` rows with `from <= key < to`, in key order. An empty `to` is the partition's end.
    pub fn scan(&self, partition: u16, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        if limit > 0 {
            self.for_each(partition, from, to, |key, value| {
                rows.push((key.to_vec(), value.to_vec()));
                rows.len() < limit
            })?;
        }
        Ok(rows)
    }

    /// Shows the rows with `from <= key < to` to `visit`, in key order, until it says false. An empty `to` is the partition's end.
    pub fn for_each(&self, partition: u16, from: &[u8], to: &[u8], visit: impl FnMut(&[u8], &[u8]) -> bool) -> Result<(), Error> {
        let Some(mut rows) = self.iterator(partition, from, to) else { return Ok(()) };
        rows.seek_to_first();
        walk(rows, DBRawIterator::next, visit)
    }

    /// Like [`Store::scan`], the last row first.
    pub fn scan_reverse(&self, partition: u16, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        let Some(mut iterator) = self.iterator(partition, from, to).filter(|_| limit > 0) else { return Ok(rows) };
        iterator.seek_to_last();
        walk(iterator, DBRawIterator::prev, |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            rows.len() < limit
        })?;
        Ok(rows)
    }

    /// Sets (`Some`) and removes (`None`) rows of a partition, all at once or none; of several for one key the last counts.
    ///
    /// Readers see them when it returns; the disk has them after some later flush. Waits while RocksDB is behind with flushing.
    /// [`Error::Full`] while the disk's reserve is touched: nothing is written then.
    pub fn write<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        partition: u16,
        rows: impl IntoIterator<Item = (K, Option<V>)>,
    ) -> Result<(), Error> {
        let mut batch = WriteBatch::default();
        for (key, value) in rows {
            with_full_key(partition, key.as_ref(), |key| match value {
                Some(value) => batch.put(key, value),
                None => batch.delete(key),
            });
        }
        self.check_room(batch.size_in_bytes())?;
        Ok(self.db.write_opt(batch, &self.write_options)?)
    }

    /// One system call per write: a write is a whole batch of a partition.
    fn check_room(&self, bytes: usize) -> Result<(), Error> {
        let needed = self.reserve_bytes.saturating_add(bytes as u64);
        match (self.free_bytes)() {
            Some(free) if free < needed => {
                let reserve = self.reserve_bytes;
                Err(Error::Full { reason: format!("{free} bytes are free on the disk, of which {reserve} are kept in reserve") })
            }
            _ => Ok(()),
        }
    }

    /// Removes all rows of a partition, at once; with [`Store::flush`] it is final.
    pub fn clear(&self, partition: u16) -> Result<(), Error> {
        let from = partition.to_be_bytes().to_vec();
        let mut batch = WriteBatch::default();
        batch.delete_range(from.clone(), end(partition));
        self.db.write_opt(batch, &self.write_options)?;
        // Takes the space back, and the removal's own mark out of the way of later reads.
        self.db.flush()?;
        self.db.compact_range(Some(from), Some(end(partition)));
        Ok(())
    }

    /// Brings all that was written onto the disk. (The disk may have newer writes already, never later ones without earlier ones.)
    pub fn flush(&self) -> Result<(), Error> {
        let mut options = FlushOptions::default();
        options.set_wait(true);
        Ok(self.db.flush_opt(&options)?)
    }

    /// What it takes.
    pub fn stats(&self) -> Stats {
        let number = |name: &str| self.db.property_int_value(name).ok().flatten().unwrap_or(0);
        Stats {
            disk_bytes: number("rocksdb.total-sst-files-size"),
            memtable_bytes: number("rocksdb.cur-size-all-mem-tables"),
            cache_bytes: number("rocksdb.block-cache-usage"),
            table_reader_bytes: number("rocksdb.estimate-table-readers-mem"),
            rows: number("rocksdb.estimate-num-keys"),
        }
    }

    /// An iterator that never leaves the range; `None` for an empty range.
    fn iterator(&self, partition: u16, from: &[u8], to: &[u8]) -> Option<DBRawIterator<'_>> {
        let from = full_key(partition, from);
        let to = if to.is_empty() { end(partition) } else { full_key(partition, to) };
        if from >= to {
            return None;
        }
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(from);
        options.set_iterate_upper_bound(to);
        Some(self.db.raw_iterator_opt(options))
    }
}

/// Free bytes of the file system that holds `path`.
fn of_disk(path: PathBuf) -> FreeBytes {
    Arc::new(move || {
        let stat = rustix::fs::statvfs(&path).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    })
}

/// Shows rows to `visit` until it says false.
fn walk<'a>(
    mut rows: DBRawIterator<'a>,
    step: impl Fn(&mut DBRawIterator<'a>),
    mut visit: impl FnMut(&[u8], &[u8]) -> bool,
) -> Result<(), Error> {
    while let Some((key, value)) = rows.item() {
        if !visit(&key[PARTITION_BYTES..], value) {
            return Ok(());
        }
        step(&mut rows);
    }
    // The iterator ends at the range's end, and at an error.
    Ok(rows.status()?)
}

/// Bytes of a key before the row's own.
const PARTITION_BYTES: usize = 2;

/// Row keys up to so many bytes need no allocation.
const SHORT_KEY_BYTES: usize = 126;

fn full_key(partition: u16, key: &[u8]) -> Vec<u8> {
    [&partition.to_be_bytes()[..], key].concat()
}

fn with_full_key<R>(partition: u16, key: &[u8], work: impl FnOnce(&[u8]) -> R) -> R {
    if key.len() > SHORT_KEY_BYTES {
        return work(&full_key(partition, key));
    }
    let mut full = [0; PARTITION_BYTES + SHORT_KEY_BYTES];
    full[..PARTITION_BYTES].copy_from_slice(&partition.to_be_bytes());
    full[PARTITION_BYTES..PARTITION_BYTES + key.len()].copy_from_slice(key);
    work(&full[..PARTITION_BYTES + key.len()])
}

/// First key above all of the partition.
fn end(partition: u16) -> Vec<u8> {
    debug_assert!(partition < u16::MAX, "partition numbers are below 65,535");
    partition.saturating_add(1).to_be_bytes().to_vec()
}
