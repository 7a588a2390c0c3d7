//! Changes of the table of tasks that a record brings about.

use std::sync::Arc;

use klamm_machine::{Table, Tables, TablesExt};
use klamm_messages::klamm::v1::TaskRow;

use crate::tables::Tasks;

/// Task rows to put and to remove, in order. They are collected while the run's own row is being changed.
#[derive(Debug, Default)]
pub(crate) struct TaskRows(Vec<(TaskRow, bool)>);

impl TaskRows {
    /// A task now waits on its queue.
    pub(crate) fn put(&mut self, row: TaskRow) {
        self.0.push((row, true));
    }

    /// A task waits no longer.
    pub(crate) fn remove(&mut self, row: TaskRow) {
        self.0.push((row, false));
    }

    /// Writes the changes.
    pub(crate) fn write(self, tables: &mut dyn Tables) {
        for (row, waits) in self.0 {
            if waits {
                tables.save(Tasks::key(&row), Some(Arc::new(row)));
            } else {
                tables.remove::<Tasks>(&row);
            }
        }
    }
}
