//! Rows in an ordered map, for tests and simulations that then need no RocksDB.
//!
//! Readers work on the map as it was when they began. A write copies the whole map while somebody still reads it, so this does not suit
//! large
//! stores with many threads.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::RwLock;

use crate::{
    Error, Settings, Stats, Store,
    keys::Range,
    provider::{Changes, Order, Provider, Reads},
};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// The provider.
#[derive(Default)]
struct Maps(RwLock<Arc<Map>>);

impl Store {
    /// A store in ordered maps. It needs no RocksDB, and ends with the process. Only the settings about free bytes count.
    pub fn in_maps(settings: &Settings) -> Self {
        let anew = || Ok(Box::new(Maps::default()) as Box<dyn Provider>);
        Self::start(Box::new(Maps::default()), Box::new(anew), settings, Arc::new(|| None))
    }
}

impl Maps {
    fn now(&self) -> Arc<Map> {
        self.0.read().clone()
    }
}

impl Reads for Map {
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        if let Some(value) = BTreeMap::get(self, key) {
            read(value);
        }
        Ok(())
    }

    fn walk(&self, range: Range, order: Order, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), Error> {
        let mut rows = self.range(range.from..range.to);
        let mut visit = |(key, value): (&Vec<u8>, &Vec<u8>)| visit(key, value);
        match order {
            Order::Ascending => rows.all(&mut visit),
            Order::Descending => rows.rev().all(&mut visit),
        };
        Ok(())
    }
}

impl Reads for Maps {
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        Reads::get(&*self.now(), key, read)
    }

    fn walk(&self, range: Range, order: Order, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), Error> {
        self.now().walk(range, order, visit)
    }
}

/// Changes of one write, and how many bytes they have.
#[derive(Default)]
struct Batch {
    rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: usize,
}

impl Changes for Batch {
    fn put(&mut self, key: &[u8], value: &[u8]) {
        self.bytes += key.len() + value.len();
        self.rows.insert(key.to_vec(), Some(value.to_vec()));
    }

    fn delete(&mut self, key: &[u8]) {
        self.bytes += key.len();
        self.rows.insert(key.to_vec(), None);
    }
}

impl Provider for Maps {
    fn write(&self, fill: &mut dyn FnMut(&mut dyn Changes), check: &dyn Fn(usize) -> Result<(), Error>) -> Result<(), Error> {
        let mut batch = Batch::default();
        fill(&mut batch);
        check(batch.bytes)?;
        let mut map = self.0.write();
        let map = Arc::make_mut(&mut map);
        for (key, value) in batch.rows {
            match value {
                Some(value) => drop(map.insert(key, value)),
                None => drop(map.remove(&key)),
            }
        }
        Ok(())
    }

    fn clear(&self, range: Range) -> Result<(), Error> {
        let mut map = self.0.write();
        Arc::make_mut(&mut map).retain(|key, _| *key < range.from || *key >= range.to);
        Ok(())
    }

    fn flush(&self) -> Result<(), Error> {
        Ok(())
    }

    fn with_snapshot(&self, work: &mut dyn FnMut(&dyn Reads)) {
        work(&*self.now());
    }

    fn stats(&self) -> Stats {
        Stats { rows: self.0.read().len() as u64, ..Stats::default() }
    }

    fn property(&self, _: &str) -> Option<u64> {
        None
    }
}
