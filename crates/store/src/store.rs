//! The store.

use std::time::Duration;

use klamm_disk::{FreeBytes, Reserve};
use parking_lot::RwLock;

use crate::{
    Error, Settings, Stats,
    keys::{Range, with_full_key},
    provider::{Changes, Order, Provider},
    reading::{self, Row},
};

/// Rows by partition and key.
///
/// All calls may be made from any thread. Writes of one partition are seen in the order in which they return. Numbers of partitions are
/// below 65,535.
///
/// A damaged store is [renewed](Store::renew): it is thrown away as a whole, because RocksDB cannot even clear a range whose blocks it
/// cannot read. A caller that keeps rows in memory has to read through a [`crate::View`], which ends when the store is renewed.
pub struct Store {
    state: RwLock<State>,
    anew: Anew,
    reserve: Reserve,
}

struct State {
    /// `None`: the last renewal failed half way.
    rows: Option<Box<dyn Provider>>,
    generation: u64,
}

/// Throws the rows away and gives the provider for new rows.
type Anew = Box<dyn Fn() -> Result<Box<dyn Provider>, Error> + Send + Sync>;

/// How long a renewal waits for readers. (A verification reads for longer than this.)
const RENEWAL_PATIENCE: Duration = Duration::from_secs(1);

impl Store {
    /// A store whose rows are held by `rows`. `free_bytes` is asked unless the settings say something else.
    pub(crate) fn start(rows: Box<dyn Provider>, anew: Anew, settings: &Settings, free_bytes: FreeBytes) -> Self {
        let state = RwLock::new(State { rows: Some(rows), generation: 0 });
        let free_bytes = settings.free_bytes.clone().unwrap_or(free_bytes);
        Self { state, anew, reserve: Reserve::new(free_bytes, settings.reserve_bytes) }
    }

    /// The number of this store's generation. Each [`Store::renew`] adds one.
    pub fn generation(&self) -> u64 {
        self.state.read_recursive().generation
    }

    /// Throws all rows of all partitions away, unless that was done since `generation`. Returns whether it was done now. Views of earlier
    /// generations give [`Error::Renewed`] from then on. This is for a damaged store, which is then rebuilt from the topics.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Full`]: the directory could not be made anew, and the store gives errors until it is renewed again.
    /// Also [`Error::Unavailable`]: a reader took too long, and nothing was changed.
    pub fn renew(&self, generation: u64) -> Result<bool, Error> {
        let Some(mut state) = self.state.try_write_for(RENEWAL_PATIENCE) else {
            return Err(Error::Unavailable { reason: "a reader takes long; the store is made anew after that".to_owned() });
        };
        if state.generation != generation {
            return Ok(false);
        }
        // The old provider is closed first, because RocksDB can open a directory only once.
        state.rows = None;
        state.rows = Some((self.anew)()?);
        state.generation += 1;
        Ok(true)
    }

    /// Works on the rows, if the store still has this generation. `None`: whatever its generation.
    pub(crate) fn with<R>(&self, generation: Option<u64>, work: impl FnOnce(&dyn Provider) -> Result<R, Error>) -> Result<R, Error> {
        // The lock is recursive, because `visit` may read the store again while another thread waits to renew it.
        let state = self.state.read_recursive();
        match &state.rows {
            _ if generation.is_some_and(|generation| generation != state.generation) => Err(Error::Renewed),
            Some(rows) => work(&**rows),
            // This counts as damage, so a caller that meets it renews the store once more.
            None => Err(Error::Corrupt { reason: "it could not be made anew".to_owned() }),
        }
    }

    /// The row under `key`.
    pub fn get(&self, partition: u16, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.get_with(None, partition, key, <[u8]>::to_vec)
    }

    /// What `read` makes of the bytes of the row under `key`. The row is not copied.
    pub(crate) fn get_with<R>(
        &self,
        generation: Option<u64>,
        partition: u16,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>, Error> {
        self.with(generation, |rows| reading::get_with(rows, partition, key, read))
    }

    /// At most `limit` rows with `from <= key < to`, in key order. An empty `to` is the partition's end.
    pub fn scan(&self, partition: u16, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Row>, Error> {
        self.scan_of(None, partition, from, to, limit)
    }

    pub(crate) fn scan_of(&self, generation: Option<u64>, partition: u16, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Row>, Error> {
        self.with(generation, |rows| reading::scan(rows, partition, (from, to), Order::Ascending, limit))
    }

    /// Shows the rows with `from <= key < to` to `visit`, in key order, until `visit` returns false. An empty `to` is the partition's end.
    pub fn for_each(&self, partition: u16, from: &[u8], to: &[u8], visit: impl FnMut(&[u8], &[u8]) -> bool) -> Result<(), Error> {
        self.with(None, |rows| reading::walk(rows, partition, (from, to), Order::Ascending, visit))
    }

    /// As [`Store::scan`], but the last row comes first.
    pub fn scan_reverse(&self, partition: u16, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Row>, Error> {
        self.with(None, |rows| reading::scan(rows, partition, (from, to), Order::Descending, limit))
    }

    /// Sets (`Some`) and removes (`None`) rows of a partition, all at once or none. When a key occurs several times, the last one counts.
    ///
    /// When the call returns, readers see the rows; the disk has them after some later flush. The call waits while RocksDB is behind with
    /// flushing. While the disk's reserve is touched it returns [`Error::Full`] and writes nothing.
    pub fn write<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        partition: u16,
        rows: impl IntoIterator<Item = (K, Option<V>)>,
    ) -> Result<(), Error> {
        self.write_of(None, partition, rows)
    }

    pub(crate) fn write_of<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        generation: Option<u64>,
        partition: u16,
        rows: impl IntoIterator<Item = (K, Option<V>)>,
    ) -> Result<(), Error> {
        let mut rows = rows.into_iter();
        let mut fill = |changes: &mut dyn Changes| {
            for (key, value) in rows.by_ref() {
                with_full_key(partition, key.as_ref(), |key| match value {
                    Some(value) => changes.put(key, value.as_ref()),
                    None => changes.delete(key),
                });
            }
        };
        self.with(generation, |provider| provider.write(&mut fill, &|bytes| self.check_room(bytes)))
    }

    /// Checks that the disk has room. This costs one system call per write, which is little, since a write is a whole batch of a partition.
    fn check_room(&self, bytes: usize) -> Result<(), Error> {
        self.reserve.left_after(bytes as u64).map(|_| ()).map_err(|reason| Error::Full { reason })
    }

    /// Removes all rows of a partition at once. Only after [`Store::flush`] is this sure to survive a crash.
    pub fn clear(&self, partition: u16) -> Result<(), Error> {
        self.with(None, |rows| rows.clear(Range::of_partition(partition)))
    }

    /// Brings everything that was written to the disk. (RocksDB may have brought some of it there earlier by itself, always in order: never
    /// a later write without the earlier ones.)
    pub fn flush(&self) -> Result<(), Error> {
        self.with(None, |rows| rows.flush())
    }

    /// A numeric property of RocksDB. `None` when RocksDB has no property of this name, or the store has no RocksDB.
    pub fn property(&self, name: &str) -> Option<u64> {
        self.with(None, |rows| Ok(rows.property(name))).ok().flatten()
    }

    /// How much room the store takes. All numbers are 0 while the store cannot be read.
    pub fn stats(&self) -> Stats {
        self.with(None, |rows| Ok(rows.stats())).unwrap_or_default()
    }
}
