//! A store as it was at one moment.

use std::sync::Arc;

use crate::{
    Error, Row, Store,
    provider::{Order, Reads},
    reading,
};

/// Rows that can be read in key order.
pub trait Rows {
    /// At most `limit` rows with `from <= key < to`, in key order. An empty `to` is the partition's end.
    ///
    /// # Errors
    /// The store's.
    fn scan(&self, partition: u16, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Row>, Error>;

    /// The rows with `from <= key`, in key order. The page ends when it has `rows` rows or `bytes` bytes; its last row may pass the bytes.
    /// The flag says whether there may be more.
    ///
    /// # Errors
    /// The store's.
    fn page(&self, partition: u16, from: &[u8], rows: usize, bytes: usize) -> Result<(Vec<Row>, bool), Error>;
}

impl Rows for Store {
    fn scan(&self, partition: u16, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Row>, Error> {
        Store::scan(self, partition, from, to, limit)
    }

    fn page(&self, partition: u16, from: &[u8], rows: usize, bytes: usize) -> Result<(Vec<Row>, bool), Error> {
        self.with(None, |provider| reading::page(provider, partition, from, rows, bytes))
    }
}

impl<R: Rows + ?Sized> Rows for Arc<R> {
    fn scan(&self, partition: u16, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Row>, Error> {
        (**self).scan(partition, from, to, limit)
    }

    fn page(&self, partition: u16, from: &[u8], rows: usize, bytes: usize) -> Result<(Vec<Row>, bool), Error> {
        (**self).page(partition, from, rows, bytes)
    }
}

/// What a store held when the snapshot was taken. It contains only whole writes, and nothing that was written later.
pub struct Snapshot<'a>(&'a dyn Reads);

impl Store {
    /// Runs `work` on the store as it is now. Until `work` returns, RocksDB keeps rows that are overwritten, and a renewal of the store
    /// waits.
    ///
    /// # Errors
    /// The store's, and those of `work`.
    pub fn with_snapshot<R, E: From<Error>>(&self, work: impl FnOnce(&Snapshot<'_>) -> Result<R, E>) -> Result<R, E> {
        let (mut work, mut result) = (Some(work), None);
        self.with(None, |rows| {
            rows.with_snapshot(&mut |rows| result = work.take().map(|work| work(&Snapshot(rows))));
            Ok(())
        })?;
        result.unwrap_or_else(|| Err(Error::Unavailable { reason: "it shows no snapshot".to_owned() }.into()))
    }
}

impl Snapshot<'_> {
    /// The row under `key`.
    ///
    /// # Errors
    /// The store's.
    pub fn get(&self, partition: u16, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        reading::get_with(self.0, partition, key, <[u8]>::to_vec)
    }
}

impl Rows for Snapshot<'_> {
    fn scan(&self, partition: u16, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Row>, Error> {
        reading::scan(self.0, partition, (from, to), Order::Ascending, limit)
    }

    fn page(&self, partition: u16, from: &[u8], rows: usize, bytes: usize) -> Result<(Vec<Row>, bool), Error> {
        reading::page(self.0, partition, from, rows, bytes)
    }
}
