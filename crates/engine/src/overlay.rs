//! Changes that are not in the store yet, over the store.
//!
//! Three layers: *active* (commands of the batch that is being filled), *frozen* (the batch whose transaction is under way) and the
//! store with a cache of hot rows. The store gets a frozen layer only once its transaction has committed.

use std::{cell::RefCell, collections::BTreeMap, num::NonZeroUsize, sync::Arc};

use klamm_machine::{Kind, Row, table::DecodeRow};
use klamm_store::Store;
use lru::LruCache;

/// A row's change: its new value, or `None` for removed.
pub type Change = Option<Arc<dyn Row>>;

/// Changed rows with their keys, in key order.
pub type Changes = Vec<(Vec<u8>, Change)>;

/// Rows changed by a batch, in key order.
pub type Layer = BTreeMap<Vec<u8>, Change>;

/// Hot rows kept decoded per partition.
const CACHED_ROWS: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// The tables of one partition, uncommitted changes included.
pub struct Overlay {
    partition: u32,
    store: Arc<Store>,
    active: Layer,
    frozen: Layer,
    cache: RefCell<LruCache<Vec<u8>, Arc<dyn Row>>>,
}

impl Overlay {
    /// Nothing uncommitted over `store`.
    pub fn new(partition: u32, store: Arc<Store>) -> Self {
        let cache = RefCell::new(LruCache::new(CACHED_ROWS));
        Self { partition, store, active: Layer::new(), frozen: Layer::new(), cache }
    }

    /// The row under `key`.
    ///
    /// # Panics
    /// When the store fails or holds bytes that `decode` refuses: the command that asks is skipped.
    pub fn load(&self, key: &[u8], decode: DecodeRow) -> Change {
        if let Some(change) = self.active.get(key).or_else(|| self.frozen.get(key)) {
            return change.clone();
        }
        if let Some(row) = self.cache.borrow_mut().get(key) {
            return Some(row.clone());
        }
        let bytes = match self.store.get(self.partition as u16, key) {
            Ok(bytes) => bytes?,
            Err(error) => panic!("while reading the store: {error}"),
        };
        let row = match decode(&bytes) {
            Ok(row) => row,
            Err(error) => panic!("corrupt store: {error}"),
        };
        if is_cached(key) {
            self.cache.borrow_mut().put(key.to_vec(), row.clone());
        }
        Some(row)
    }

    /// At most `limit` rows with `from <= key < to`, in key order, seen under `top` (changes of a command in the making).
    ///
    /// # Panics
    /// As [`Overlay::load`].
    pub fn scan(&self, top: &Layer, from: &[u8], to: &[u8], limit: usize, decode: DecodeRow) -> Vec<(Vec<u8>, Arc<dyn Row>)> {
        if from >= to || limit == 0 {
            return Vec::new();
        }
        let bounds = || (std::ops::Bound::Included(from), std::ops::Bound::Excluded(to));
        let mut changes: BTreeMap<&[u8], &Change> = BTreeMap::new();
        for layer in [&self.frozen, &self.active, top] {
            changes.extend(layer.range::<[u8], _>(bounds()).map(|(key, change)| (key.as_slice(), change)));
        }
        let mut rows = Vec::new();
        let mut from_store = from.to_vec();
        // Stored rows that a change removes don't count, so the store is read on until `limit` rows are found or it has no more.
        loop {
            let stored = match self.store.scan(self.partition as u16, &from_store, to, limit) {
                Ok(stored) => stored,
                Err(error) => panic!("while scanning the store: {error}"),
            };
            let last = (stored.len() == limit).then(|| stored.last().map(|(key, _)| key.to_vec())).flatten();
            let part_end = last.as_deref().map(successor);
            let end: &[u8] = part_end.as_deref().unwrap_or(to);
            let mut changed =
                changes.range::<[u8], _>((std::ops::Bound::Included(from_store.as_slice()), std::ops::Bound::Excluded(end))).peekable();
            for (key, bytes) in stored {
                while let Some((changed_key, change)) = changed.next_if(|(changed_key, _)| ***changed_key < key[..]) {
                    rows.extend(change.as_ref().map(|row| (changed_key.to_vec(), row.clone())));
                }
                if let Some((_, change)) = changed.next_if(|(changed_key, _)| ***changed_key == key[..]) {
                    rows.extend(change.as_ref().map(|row| (key.to_vec(), row.clone())));
                    continue;
                }
                match decode(&bytes) {
                    Ok(row) => rows.push((key.to_vec(), row)),
                    Err(error) => panic!("corrupt store: {error}"),
                }
            }
            for (changed_key, change) in changed {
                rows.extend(change.as_ref().map(|row| (changed_key.to_vec(), row.clone())));
            }
            match part_end {
                Some(end) if rows.len() < limit => from_store = end,
                _ => break,
            }
        }
        rows.truncate(limit);
        rows
    }

    /// Takes over what an accepted command changed.
    pub fn merge(&mut self, changes: Layer) {
        self.active.extend(changes);
    }

    /// Number of rows that wait for the store.
    pub fn uncommitted_rows(&self) -> usize {
        self.active.len() + self.frozen.len()
    }

    /// Makes the active layer the frozen one: its batch goes to its transaction.
    ///
    /// # Panics
    /// When a frozen layer is still there: only one transaction of a partition is under way at a time.
    pub fn freeze(&mut self) {
        assert!(self.frozen.is_empty(), "one batch of a partition is committed at a time");
        self.frozen = std::mem::take(&mut self.active);
    }

    /// The frozen layer as store writes.
    pub fn frozen_writes(&self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        self.frozen.iter().map(|(key, change)| (key.clone(), change.as_ref().map(|row| row.encode_row()))).collect()
    }

    /// The frozen layer stands in the store now.
    pub fn thaw(&mut self) {
        let cache = self.cache.get_mut();
        for (key, change) in std::mem::take(&mut self.frozen) {
            match change {
                Some(row) if is_cached(&key) => {
                    cache.put(key, row);
                }
                _ => {
                    cache.pop(&key);
                }
            }
        }
    }
}

/// Only rows that commands read again and again are worth caching.
fn is_cached(key: &[u8]) -> bool {
    key.first().is_some_and(|kind| [Kind::Run as u8, Kind::Workflow as u8, Kind::Namespace as u8].contains(kind))
}

/// The first key after `key`.
fn successor(key: impl AsRef<[u8]>) -> Vec<u8> {
    let mut next = key.as_ref().to_vec();
    next.push(0);
    next
}
