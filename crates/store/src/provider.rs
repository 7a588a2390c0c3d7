//! The duties of a provider, which holds a store's rows. Keys here include the partition (`keys`).

use crate::{Error, keys::Range};

/// How much room a store takes, in bytes.
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

/// Which row comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The one with the lowest key.
    Ascending,
    /// The one with the highest key.
    Descending,
}

/// Rows that can be read: the present ones of a provider, or those of a snapshot.
pub(crate) trait Reads {
    /// Shows the value under `key` to `read`, if there is one.
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<(), Error>;

    /// Shows the rows in a range to `visit`, in this order, until `visit` returns false. Writes that are made meanwhile are not seen.
    fn walk(&self, range: Range, order: Order, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), Error>;
}

/// Takes the changes of one write. When a key occurs several times, the last change counts.
pub(crate) trait Changes {
    /// Sets a row.
    fn put(&mut self, key: &[u8], value: &[u8]);

    /// Removes a row, if it is there.
    fn delete(&mut self, key: &[u8]);
}

/// Holds rows, for many threads at once.
pub(crate) trait Provider: Reads + Send + Sync {
    /// Makes the changes that `fill` puts in, all at once or none. Readers see them when the call returns. Before writing, `check` is told
    /// how many bytes the changes have; if it gives an error, nothing is written and the call gives that error.
    fn write(&self, fill: &mut dyn FnMut(&mut dyn Changes), check: &dyn Fn(usize) -> Result<(), Error>) -> Result<(), Error>;

    /// Removes all rows in a range.
    fn clear(&self, range: Range) -> Result<(), Error>;

    /// Brings everything that was written onto the disk, if the provider has one.
    fn flush(&self) -> Result<(), Error>;

    /// Shows `work` the rows as they are now. `work` does not see later writes.
    fn with_snapshot(&self, work: &mut dyn FnMut(&dyn Reads));

    /// How much room the rows take.
    fn stats(&self) -> Stats;

    /// A numeric property of the provider. `None` when it has no property of this name.
    fn property(&self, name: &str) -> Option<u64>;
}
