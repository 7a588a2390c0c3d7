//! Rows in RocksDB, all in one column family and without WAL.

mod errors;
mod options;

use std::{path::Path, sync::Arc};

use klamm_disk::{manifest, reserve::of_disk};
use rocksdb::{DB, DBPinnableSlice, DBRawIterator, Env, FlushOptions, ReadOptions, WriteBatch, WriteOptions};

use crate::{
    Error, Settings, Stats, Store,
    keys::Range,
    provider::{Changes, Order, Provider, Reads},
};

/// The provider.
struct Rocks {
    db: DB,
    write_options: WriteOptions,
}

impl Store {
    /// Opens the store in the directory `path`. A missing directory is made.
    ///
    /// Errors: [`Error::Locked`], [`Error::Corrupt`], [`Error::Full`], [`Error::Unavailable`] (the directory can't be used).
    pub fn open(path: impl AsRef<Path>, settings: &Settings) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        make_directory(&path)?;
        let rows = Rocks::open(Some(&path), settings)?;
        let (again, free_bytes) = (settings.clone(), of_disk(path.clone()));
        let anew = move || {
            match std::fs::remove_dir_all(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::Unavailable { reason: format!("can't remove {}: {error}", path.display()) });
                }
                _ => {}
            }
            make_directory(&path)?;
            Rocks::open(Some(&path), &again)
        };
        Ok(Self::start(rows, Box::new(anew), settings, free_bytes))
    }

    /// A store that ends with the process. RocksDB keeps its files in memory.
    pub fn in_memory(settings: &Settings) -> Result<Self, Error> {
        let rows = Rocks::open(None, settings)?;
        let again = settings.clone();
        Ok(Self::start(rows, Box::new(move || Rocks::open(None, &again)), settings, Arc::new(|| None)))
    }
}

impl Rocks {
    /// Opens RocksDB in a directory. `None`: in memory.
    fn open(path: Option<&Path>, settings: &Settings) -> Result<Box<dyn Provider>, Error> {
        let opened = match path {
            Some(path) => {
                check_manifest(path)?;
                DB::open(&options::of(settings, None), path).map_err(|error| errors::opening(path, error))
            }
            None => {
                let path = Path::new("/klamm-store");
                DB::open(&options::of(settings, Some(&Env::mem_env()?)), path).map_err(|error| errors::opening(path, error))
            }
        };
        let mut write_options = WriteOptions::default();
        write_options.disable_wal(true);
        Ok(Box::new(Self { db: opened?, write_options }))
    }
}

/// Checks what RocksDB does not check of itself.
fn check_manifest(path: &Path) -> Result<(), Error> {
    match manifest::damaged(path) {
        Ok(None) => Ok(()),
        Ok(Some(reason)) => Err(Error::Corrupt { reason }),
        Err(error) => Err(Error::Unavailable { reason: format!("can't read the manifest in {}: {error}", path.display()) }),
    }
}

/// Makes a directory, if it is missing.
fn make_directory(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(|error| Error::Unavailable { reason: format!("can't make {}: {error}", path.display()) })
}

impl Changes for WriteBatch {
    fn put(&mut self, key: &[u8], value: &[u8]) {
        WriteBatch::put(self, key, value);
    }

    fn delete(&mut self, key: &[u8]) {
        WriteBatch::delete(self, key);
    }
}

/// Options of a read that never leaves the range.
fn within(range: Range) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_iterate_lower_bound(range.from);
    options.set_iterate_upper_bound(range.to);
    options
}

fn show(value: Option<DBPinnableSlice<'_>>, read: &mut dyn FnMut(&[u8])) {
    if let Some(value) = value {
        read(&value);
    }
}

fn walk(mut rows: DBRawIterator<'_>, order: Order, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), Error> {
    match order {
        Order::Ascending => rows.seek_to_first(),
        Order::Descending => rows.seek_to_last(),
    }
    while let Some((key, value)) = rows.item() {
        if !visit(key, value) {
            return Ok(());
        }
        match order {
            Order::Ascending => rows.next(),
            Order::Descending => rows.prev(),
        }
    }
    // The iterator ends at the range's end, but also at an error. The status tells which.
    Ok(rows.status()?)
}

impl Reads for Rocks {
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        show(self.db.get_pinned(key)?, read);
        Ok(())
    }

    fn walk(&self, range: Range, order: Order, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), Error> {
        walk(self.db.raw_iterator_opt(within(range)), order, visit)
    }
}

impl Reads for rocksdb::Snapshot<'_> {
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        show(self.get_pinned(key)?, read);
        Ok(())
    }

    fn walk(&self, range: Range, order: Order, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), Error> {
        walk(self.raw_iterator_opt(within(range)), order, visit)
    }
}

impl Provider for Rocks {
    fn write(&self, fill: &mut dyn FnMut(&mut dyn Changes), check: &dyn Fn(usize) -> Result<(), Error>) -> Result<(), Error> {
        let mut batch = WriteBatch::default();
        fill(&mut batch);
        check(batch.size_in_bytes())?;
        Ok(self.db.write_opt(batch, &self.write_options)?)
    }

    fn clear(&self, range: Range) -> Result<(), Error> {
        let mut batch = WriteBatch::default();
        batch.delete_range(&range.from, &range.to);
        self.db.write_opt(batch, &self.write_options)?;
        // This gives the space back. It also removes RocksDB's mark for the deleted range, which would slow later reads.
        self.db.flush()?;
        self.db.compact_range(Some(range.from), Some(range.to));
        Ok(())
    }

    fn flush(&self) -> Result<(), Error> {
        let mut options = FlushOptions::default();
        options.set_wait(true);
        Ok(self.db.flush_opt(&options)?)
    }

    fn with_snapshot(&self, work: &mut dyn FnMut(&dyn Reads)) {
        work(&self.db.snapshot());
    }

    fn stats(&self) -> Stats {
        let number = |name: &str| self.property(name).unwrap_or(0);
        Stats {
            disk_bytes: number("rocksdb.total-sst-files-size"),
            memtable_bytes: number("rocksdb.cur-size-all-mem-tables"),
            cache_bytes: number("rocksdb.block-cache-usage"),
            table_reader_bytes: number("rocksdb.estimate-table-readers-mem"),
            rows: number("rocksdb.estimate-num-keys"),
        }
    }

    fn property(&self, name: &str) -> Option<u64> {
        self.db.property_int_value(name).ok().flatten()
    }
}
