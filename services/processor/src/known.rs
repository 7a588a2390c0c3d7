//! What this process knows of a table of partition 0, by name. Others watch it.

use std::{collections::BTreeMap, sync::Arc};

use klamm_machine::Table;
use tokio::sync::watch;

/// The rows of a table, by name.
pub(crate) struct Known<T: Table<Key = str>> {
    rows: watch::Sender<Arc<BTreeMap<String, T::Row>>>,
    name: fn(&T::Row) -> &str,
}

impl<T: Table<Key = str>> Known<T>
where
    T::Row: Clone,
{
    /// No rows yet. `name` gives a row's name.
    pub(crate) fn new(name: fn(&T::Row) -> &str) -> Self {
        Self { rows: watch::Sender::new(Arc::default()), name }
    }

    /// Watches all of them.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<BTreeMap<String, T::Row>>> {
        self.rows.subscribe()
    }

    /// Replaces all of them by these.
    pub(crate) fn replace(&self, rows: impl IntoIterator<Item = T::Row>) {
        self.rows.send_replace(Arc::new(rows.into_iter().map(|row| ((self.name)(&row).to_owned(), row)).collect()));
    }

    /// Forgets the row under this key of the table.
    pub(crate) fn removed(&self, key: &[u8]) {
        self.rows.send_modify(|rows| Arc::make_mut(rows).retain(|name, _| T::key(name) != key));
    }

    /// Takes a row that is new or has changed.
    pub(crate) fn changed(&self, row: T::Row) {
        self.rows.send_modify(|rows| drop(Arc::make_mut(rows).insert((self.name)(&row).to_owned(), row)));
    }
}
