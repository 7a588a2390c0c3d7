//! The stores of a simulation, opened once for many seeds: ordered maps, and with the feature `rocksdb` a RocksDB in memory for one of the
//! members, so that each check also compares the two.

use std::sync::Arc;

use klamm_store::{Settings, Store};

/// Number of members, each with its own store.
pub const MEMBERS: usize = 2;
/// Most partitions that a simulation has.
pub const PARTITIONS_MAX: u32 = 4;

/// A store's rows, by partition.
pub type Snapshot = Vec<Vec<(Vec<u8>, Vec<u8>)>>;

/// Stores that one seed after the other uses.
pub struct Stores {
    /// Of the members.
    pub members: [Arc<Store>; MEMBERS],
    /// For states rebuilt by checks.
    pub rebuilt: Arc<Store>,
}

impl Stores {
    /// Opens them.
    pub fn open() -> Self {
        Self { members: [member(), store()], rebuilt: store() }
    }

    /// Empties them.
    pub fn wipe(&self) {
        for store in self.members.iter().chain([&self.rebuilt]) {
            restore(store, &Snapshot::new());
        }
    }
}

/// An empty store in memory.
pub fn store() -> Arc<Store> {
    Arc::new(Store::in_maps(&settings()))
}

#[cfg(feature = "rocksdb")]
fn member() -> Arc<Store> {
    Arc::new(Store::in_memory(&settings()).expect("a store in memory"))
}

#[cfg(not(feature = "rocksdb"))]
fn member() -> Arc<Store> {
    store()
}

fn settings() -> Settings {
    Settings {
        write_buffer_bytes: 4 << 20,
        cache_bytes: 1 << 20,
        reserve_bytes: 0,
        free_bytes: Some(Arc::new(|| None)),
        ..Settings::default()
    }
}

/// All rows of a partition.
pub fn rows(store: &Store, partition: u32) -> Vec<(Vec<u8>, Vec<u8>)> {
    store.scan(partition as u16, &[], &[], usize::MAX).expect("a store in memory")
}

/// All rows.
pub fn snapshot(store: &Store) -> Snapshot {
    (0..PARTITIONS_MAX).map(|partition| rows(store, partition)).collect()
}

/// Makes the store what it was.
pub fn restore(store: &Store, snapshot: &Snapshot) {
    for partition in 0..PARTITIONS_MAX {
        let gone = rows(store, partition).into_iter().map(|(key, _)| (key, None));
        let kept = snapshot.get(partition as usize).cloned().unwrap_or_default().into_iter().map(|(key, value)| (key, Some(value)));
        let writes: Vec<_> = gone.chain(kept).collect();
        if !writes.is_empty() {
            store.write(partition as u16, writes).expect("a store in memory");
        }
    }
}
