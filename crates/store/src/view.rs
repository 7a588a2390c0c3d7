//! A view of the store that ends with the store's present generation.

use std::sync::Arc;

use crate::{Error, Row, Store};

/// Reads and writes the store until it is renewed. From then on every call gives [`Error::Renewed`], so that no caller mixes rows that it
/// still has in memory with those of the new store.
#[derive(Clone)]
pub struct View {
    store: Arc<Store>,
    generation: u64,
}

impl View {
    /// The store as it is now.
    pub fn new(store: Arc<Store>) -> Self {
        let generation = store.generation();
        Self { store, generation }
    }

    /// The generation of the store that this is a view of.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// What `read` makes of the bytes of the row under `key`.
    ///
    /// # Errors
    /// The store's.
    pub fn get_with<R>(&self, partition: u16, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Result<Option<R>, Error> {
        self.store.get_with(Some(self.generation), partition, key, read)
    }

    /// See [`Store::scan`].
    ///
    /// # Errors
    /// The store's.
    pub fn scan(&self, partition: u16, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Row>, Error> {
        self.store.scan_of(Some(self.generation), partition, from, to, limit)
    }

    /// See [`Store::write`].
    ///
    /// # Errors
    /// The store's.
    pub fn write<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        partition: u16,
        rows: impl IntoIterator<Item = (K, Option<V>)>,
    ) -> Result<(), Error> {
        self.store.write_of(Some(self.generation), partition, rows)
    }
}
