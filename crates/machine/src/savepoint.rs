//! Changes that can still be dropped.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use crate::{Row, Tables, table::DecodeRow};

/// Each changed key with its row: `Some` is a row that was set, `None` one that was removed.
pub type Changes = BTreeMap<Vec<u8>, Option<Arc<dyn Row>>>;

/// Changes that can still be dropped, laid over tables that stay as they are.
pub struct Savepoint<'a> {
    under: &'a dyn Tables,
    changes: Changes,
}

impl<'a> Savepoint<'a> {
    /// The tables `under` it, nothing changed yet.
    pub fn over(under: &'a dyn Tables) -> Self {
        Self { under, changes: Changes::new() }
    }

    /// All changes. The caller saves them in the tables, or drops them.
    pub fn into_changes(self) -> Changes {
        self.changes
    }
}

impl Tables for Savepoint<'_> {
    fn load(&self, key: &[u8], decode: DecodeRow) -> Option<Arc<dyn Row>> {
        match self.changes.get(key) {
            Some(row) => row.clone(),
            None => self.under.load(key, decode),
        }
    }

    fn save(&mut self, key: Vec<u8>, row: Option<Arc<dyn Row>>) {
        self.changes.insert(key, row);
    }

    fn take(&mut self, key: &[u8], decode: DecodeRow) -> Option<Arc<dyn Row>> {
        match self.changes.get_mut(key) {
            Some(row) => row.take(),
            None => self.under.load(key, decode),
        }
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize, decode: DecodeRow) -> Vec<(Vec<u8>, Arc<dyn Row>)> {
        if from >= to {
            return Vec::new();
        }
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        let changes = || self.changes.range::<[u8], _>(bounds);
        // A row that was removed here may still be among those of the tables `under` it. So as many more are asked for as were removed.
        let hidden = changes().filter(|(_, row)| row.is_none()).count();
        let mut rows: BTreeMap<_, _> = self.under.scan(from, to, limit.saturating_add(hidden), decode).into_iter().collect();
        for (key, row) in changes() {
            match row {
                Some(row) => rows.insert(key.clone(), row.clone()),
                None => rows.remove(key),
            };
        }
        rows.into_iter().take(limit).collect()
    }
}
