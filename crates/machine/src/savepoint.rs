//! Changes that can still be dropped.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    ops::Bound,
    sync::Arc,
};

use crate::{Kind, Row, Tables, table::DecodeRow};

/// Each changed key with its row: `Some` is a row that was set, `None` one that was removed.
pub type Changes = BTreeMap<Vec<u8>, Option<Arc<dyn Row>>>;

/// Changes that can still be dropped, laid over tables that stay as they are.
pub struct Savepoint<'a> {
    under: &'a dyn Tables,
    changes: Changes,
    /// Keys of [rows that are set once](Kind::is_set_once) and were removed and set again here: whoever takes the changes over is told of the
    /// removal, too.
    set_again: Vec<Vec<u8>>,
}

impl<'a> Savepoint<'a> {
    /// The tables `under` it, nothing changed yet.
    pub fn over(under: &'a dyn Tables) -> Self {
        Self { under, changes: Changes::new(), set_again: Vec::new() }
    }

    /// All changes, in an order in which they may be saved. The caller saves them in the tables, or drops them.
    pub fn into_changes(self) -> impl Iterator<Item = (Vec<u8>, Option<Arc<dyn Row>>)> + use<> {
        self.set_again.into_iter().map(|key| (key, None)).chain(self.changes)
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
        match self.changes.entry(key) {
            Entry::Occupied(mut known) if Kind::is_set_once(known.key()) => match (known.get(), &row) {
                (None, Some(_)) => {
                    self.set_again.push(known.key().clone());
                    known.insert(row);
                }
                // It was set where there was none, so nothing is to be removed.
                (Some(_), None) if !self.set_again.contains(known.key()) => {
                    known.remove();
                }
                _ => {
                    known.insert(row);
                }
            },
            Entry::Occupied(mut known) => {
                known.insert(row);
            }
            Entry::Vacant(vacant) => {
                vacant.insert(row);
            }
        }
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
