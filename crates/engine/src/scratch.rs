//! The tables as one command sees and changes them. The changes are dropped when the command is rejected.

use std::{
    collections::{BTreeSet, btree_map::Entry},
    sync::Arc,
};

use klamm_machine::{Kind, Row, Tables, table::DecodeRow};

use crate::overlay::{Changed, Layer, Overlay};

/// Changes of a command that is being decided, laid over the partition's tables.
pub struct Scratch<'a> {
    overlay: &'a Overlay,
    changes: Layer,
    set_again: BTreeSet<Vec<u8>>,
}

impl<'a> Scratch<'a> {
    /// The partition's tables, without changes yet.
    pub fn new(overlay: &'a Overlay) -> Self {
        Self { overlay, changes: Layer::new(), set_again: BTreeSet::new() }
    }

    /// All changes.
    pub fn into_changes(self) -> Changed {
        Changed { rows: self.changes, set_again: self.set_again }
    }
}

impl Tables for Scratch<'_> {
    fn load(&self, key: &[u8], decode: DecodeRow) -> Option<Arc<dyn Row>> {
        match self.changes.get(key) {
            Some(change) => change.clone(),
            None => self.overlay.load(key, decode),
        }
    }

    fn save(&mut self, key: Vec<u8>, row: Option<Arc<dyn Row>>) {
        match self.changes.entry(key) {
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

    fn take(&mut self, key: &[u8], decode: DecodeRow) -> Option<Arc<dyn Row>> {
        match self.changes.get_mut(key) {
            // The row is taken out until it is saved again. So there is no second reference to it, and it can be changed in place.
            Some(change) => change.take(),
            None => self.overlay.load(key, decode),
        }
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize, decode: DecodeRow) -> Vec<(Vec<u8>, Arc<dyn Row>)> {
        self.overlay.scan(&self.changes, from, to, limit, decode)
    }
}
