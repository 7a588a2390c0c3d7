//! The tables as one command sees and changes them. The changes are dropped when the command is rejected.

use std::sync::Arc;

use klamm_machine::{Row, Tables, table::DecodeRow};

use crate::overlay::{Layer, Overlay};

/// Changes of a command that is being decided, laid over the partition's tables.
pub struct Scratch<'a> {
    overlay: &'a Overlay,
    changes: Layer,
}

impl<'a> Scratch<'a> {
    /// The partition's tables, without changes yet.
    pub fn new(overlay: &'a Overlay) -> Self {
        Self { overlay, changes: Layer::new() }
    }

    /// All changes.
    pub fn into_changes(self) -> Layer {
        self.changes
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
        self.changes.insert(key, row);
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
