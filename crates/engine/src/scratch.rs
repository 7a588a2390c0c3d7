//! The tables as one command sees and changes them. The changes are dropped when the command is rejected.

use std::sync::Arc;

use klamm_machine::{Row, Tables, savepoint::Changed, table::DecodeRow};

use crate::overlay::Overlay;

/// Changes of a command that is being decided, laid over the partition's tables.
pub struct Scratch<'a> {
    overlay: &'a Overlay,
    changed: Changed,
}

impl<'a> Scratch<'a> {
    /// The partition's tables, without changes yet.
    pub fn new(overlay: &'a Overlay) -> Self {
        Self { overlay, changed: Changed::default() }
    }

    /// All changes.
    pub fn into_changes(self) -> Changed {
        self.changed
    }
}

impl Tables for Scratch<'_> {
    fn load(&self, key: &[u8], decode: DecodeRow) -> Option<Arc<dyn Row>> {
        match self.changed.rows.get(key) {
            Some(change) => change.clone(),
            None => self.overlay.load(key, decode),
        }
    }

    fn save(&mut self, key: Vec<u8>, row: Option<Arc<dyn Row>>) {
        self.changed.save(key, row);
    }

    fn take(&mut self, key: &[u8], decode: DecodeRow) -> Option<Arc<dyn Row>> {
        match self.changed.rows.get_mut(key) {
            // The row is taken out until it is saved again. So there is no second reference to it, and it can be changed in place.
            Some(change) => change.take(),
            None => self.overlay.load(key, decode),
        }
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize, decode: DecodeRow) -> Vec<(Vec<u8>, Arc<dyn Row>)> {
        self.overlay.scan(&self.changed.rows, from, to, limit, decode)
    }
}
