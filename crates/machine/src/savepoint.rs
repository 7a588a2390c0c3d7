//! Changes that can still be dropped.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    ops::Bound,
    sync::Arc,
};

use crate::{Kind, Row, Tables, table::DecodeRow};

/// Each changed key with its row: `Some` is a row that was set, `None` one that was removed.
pub type Changes = BTreeMap<Vec<u8>, Option<Arc<dyn Row>>>;

/// What a decision has changed so far.
#[derive(Default)]
pub struct Changed {
    /// The changed rows.
    pub rows: Changes,
    /// Keys of [rows that are set once](Kind::is_set_once) and that were removed and set again.
    pub set_again: BTreeSet<Vec<u8>>,
}

impl Changed {
    /// Sets (`Some`) or removes (`None`) a row.
    pub fn save(&mut self, key: Vec<u8>, row: Option<Arc<dyn Row>>) {
        match self.rows.entry(key) {
            Entry::Occupied(mut known) if Kind::is_set_once(known.key()) => match (known.get(), &row) {
                (None, Some(_)) => {
                    self.set_again.insert(known.key().clone());
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
}

/// Changes that can still be dropped, laid over tables that stay as they are.
pub struct Savepoint<'a> {
    under: &'a dyn Tables,
    changed: Changed,
}

impl<'a> Savepoint<'a> {
    /// The tables `under` it, nothing changed yet.
    pub fn over(under: &'a dyn Tables) -> Self {
        Self { under, changed: Changed::default() }
    }

    /// All changes, in an order in which they may be saved. The caller saves them in the tables, or drops them.
    pub fn into_changes(self) -> impl Iterator<Item = (Vec<u8>, Option<Arc<dyn Row>>)> + use<> {
        // Whoever takes them over is told of the removal of what was set again, too.
        let Changed { rows, set_again } = self.changed;
        set_again.into_iter().map(|key| (key, None)).chain(rows)
    }
}

impl Tables for Savepoint<'_> {
    fn load(&self, key: &[u8], decode: DecodeRow) -> Option<Arc<dyn Row>> {
        match self.changed.rows.get(key) {
            Some(row) => row.clone(),
            None => self.under.load(key, decode),
        }
    }

    fn save(&mut self, key: Vec<u8>, row: Option<Arc<dyn Row>>) {
        self.changed.save(key, row);
    }

    fn take(&mut self, key: &[u8], decode: DecodeRow) -> Option<Arc<dyn Row>> {
        match self.changed.rows.get_mut(key) {
            Some(row) => row.take(),
            None => self.under.load(key, decode),
        }
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize, decode: DecodeRow) -> Vec<(Vec<u8>, Arc<dyn Row>)> {
        if from >= to {
            return Vec::new();
        }
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        let changes = || self.changed.rows.range::<[u8], _>(bounds);
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
