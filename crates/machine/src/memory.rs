//! Tables in memory, for tests of machines.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Row, Tables, table::DecodeRow};

/// Rows by key, never encoded.
#[derive(Default, Clone)]
pub struct Memory(pub BTreeMap<Vec<u8>, Arc<dyn Row>>);

impl Memory {
    /// The rows' bytes, to compare them.
    pub fn bytes(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.0.iter().map(|(key, row)| (key.clone(), row.encode_row())).collect()
    }
}

impl Tables for Memory {
    fn load(&self, key: &[u8], _: DecodeRow) -> Option<Arc<dyn Row>> {
        self.0.get(key).cloned()
    }

    fn save(&mut self, key: Vec<u8>, row: Option<Arc<dyn Row>>) {
        match row {
            Some(row) => self.0.insert(key, row),
            None => self.0.remove(&key),
        };
    }

    fn take(&mut self, key: &[u8], _: DecodeRow) -> Option<Arc<dyn Row>> {
        self.0.remove(key)
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize, _: DecodeRow) -> Vec<(Vec<u8>, Arc<dyn Row>)> {
        self.0.range(from.to_vec()..to.to_vec()).take(limit).map(|(key, row)| (key.clone(), row.clone())).collect()
    }
}
