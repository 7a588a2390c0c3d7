//! The tables of a partition that is being folded.
//!
//! A fold never takes anything back. So an event changes the rows where they are: there is no scratch for each event, and a row that many
//! events change is neither copied nor measured in between.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use klamm_machine::{Kind, Row, Tables, table::DecodeRow};
use klamm_store::{Error as StoreError, Store, View};

use crate::overlay::{Change, Layer, Overlay};

/// Most keys of short-lived rows that a fold remembers. About 3 MiB with long ids.
const REMEMBERED_MAX: usize = 16_384;

/// Changed rows over the store. As in the [`Overlay`], the first error of the store is remembered: see [`Rows::damage`].
pub(super) struct Rows {
    partition: u32,
    view: View,
    changes: Layer,
    /// `None`: the store has to be asked.
    stored: Option<ShortLived>,
    /// Only for scans, which are rare.
    below: OnceCell<Overlay>,
    store: Arc<Store>,
    damage: OnceCell<StoreError>,
}

impl Rows {
    /// Rows of `store`. `is_empty`: the store has no row of this partition.
    pub(super) fn new(partition: u32, store: Arc<Store>, is_empty: bool) -> Self {
        Self {
            partition,
            view: View::new(store.clone()),
            changes: BTreeMap::new(),
            stored: is_empty.then(ShortLived::default),
            below: OnceCell::new(),
            store,
            damage: OnceCell::new(),
        }
    }

    /// Why nothing that was read can be trusted; `None` while all of it can.
    pub(super) fn damage(&self) -> Option<&StoreError> {
        self.damage.get().or_else(|| self.below.get()?.damage())
    }

    /// Rows that wait for the store.
    pub(super) fn changed(&self) -> usize {
        self.changes.len()
    }

    /// Writes all changes to the store, and `row` with them.
    ///
    /// # Errors
    /// The store's: nothing was written.
    pub(super) fn write(&mut self, row: (Vec<u8>, Vec<u8>)) -> Result<(), StoreError> {
        let position = [(&row.0, Some(row.1))];
        let rows = self.changes.iter().map(|(key, change)| (key, change.as_ref().map(|row| row.encode_row())));
        self.view.write(self.partition as u16, rows.chain(position))?;
        let written = std::mem::take(&mut self.changes);
        if let Some(stored) = &mut self.stored
            && !stored.note(written)
        {
            self.stored = None;
        }
        Ok(())
    }

    fn note_damage(&self, error: StoreError) {
        tracing::error!(partition = self.partition, error = %error, "a row could not be read");
        // Only the first error is kept.
        let _ = self.damage.set(error);
    }

    /// The row of the store.
    fn read(&self, key: &[u8], decode: DecodeRow) -> Change {
        match self.view.get_with(self.partition as u16, key, decode) {
            Ok(None) => None,
            Ok(Some(Ok(row))) => Some(row),
            Ok(Some(Err(reason))) => {
                self.note_damage(StoreError::Corrupt { reason });
                None
            }
            Err(error) => {
                self.note_damage(error);
                None
            }
        }
    }

    /// Whether the store has the row, as far as is known.
    fn is_stored(&self, key: &[u8]) -> bool {
        match &self.stored {
            Some(stored) if is_short_lived(key) => stored.keys.contains(key),
            _ => !matches!(self.view.get_with(self.partition as u16, key, |_| ()), Ok(None)),
        }
    }
}

impl Tables for Rows {
    fn load(&self, key: &[u8], decode: DecodeRow) -> Change {
        match self.changes.get(key) {
            Some(change) => change.clone(),
            None => self.read(key, decode),
        }
    }

    /// The removal of a row that the store does not have is not kept. Most tasks and wake rows come and go within one write.
    fn save(&mut self, key: Vec<u8>, row: Option<Arc<dyn Row>>) {
        if row.is_none() && !self.is_stored(&key) {
            self.changes.remove(&key);
        } else {
            self.changes.insert(key, row);
        }
    }

    fn take(&mut self, key: &[u8], decode: DecodeRow) -> Change {
        match self.changes.get_mut(key) {
            // The row is taken out until it is saved again. So there is no second reference to it, and it can be changed in place.
            Some(change) => change.take(),
            None => self.read(key, decode),
        }
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize, decode: DecodeRow) -> Vec<(Vec<u8>, Arc<dyn Row>)> {
        let below = self.below.get_or_init(|| Overlay::new(self.partition, self.store.clone()));
        below.scan(&self.changes, from, to, limit, decode)
    }
}

/// Rows of these kinds are removed soon after they were made.
fn is_short_lived(key: &[u8]) -> bool {
    [Kind::Wake, Kind::Task, Kind::Callback].iter().any(|kind| key.first() == Some(&(*kind as u8)))
}

/// Which rows of short-lived kinds a store has that was empty when the fold began. Asking the store whether it has a row costs more than all
/// else that is done with such a row.
#[derive(Default)]
struct ShortLived {
    keys: HashSet<Vec<u8>>,
}

impl ShortLived {
    /// Takes note of what was written. False: these are too many to be remembered.
    fn note(&mut self, written: Layer) -> bool {
        for (key, change) in written {
            if !is_short_lived(&key) {
                continue;
            }
            match change {
                Some(_) => self.keys.insert(key),
                None => self.keys.remove(&key),
            };
        }
        self.keys.len() <= REMEMBERED_MAX
    }
}

#[cfg(test)]
mod tests {
    use klamm_machine::{Table, TablesExt, key::KeyBytes};
    use klamm_messages::klamm::v1::TestRecord;
    use klamm_store::Settings;

    use super::*;

    /// Rows of a kind whose removals don't ask the store.
    struct Tasks;

    impl Table for Tasks {
        const KIND: Kind = Kind::Task;
        type Key = u32;
        type Row = TestRecord;

        fn key(key: &u32) -> Vec<u8> {
            KeyBytes::new(Self::KIND).u32(*key).finish()
        }
    }

    /// Rows of another kind.
    struct Numbers;

    impl Table for Numbers {
        const KIND: Kind = Kind::Test;
        type Key = u32;
        type Row = TestRecord;

        fn key(key: &u32) -> Vec<u8> {
            KeyBytes::new(Self::KIND).u32(*key).finish()
        }
    }

    fn row(value: i64) -> TestRecord {
        TestRecord { value, ..TestRecord::default() }
    }

    fn write(rows: &mut Rows) {
        rows.write((KeyBytes::new(Kind::Position).finish(), Vec::new())).unwrap();
    }

    fn has<T: Table<Key = u32>>(store: &Store) -> Vec<u32> {
        (0..9).filter(|number| store.get(1, &T::key(number)).unwrap().is_some()).collect()
    }

    /// What `folds` is true for is folded with a new `Rows` on a store that was filled before.
    fn come_and_go<T: Table<Key = u32, Row = TestRecord>>(is_empty: bool) {
        let store = Arc::new(Store::in_maps(&Settings::default()));
        let mut rows = Rows::new(1, store.clone(), true);
        if !is_empty {
            rows.put::<T>(&0, row(7));
            write(&mut rows);
            rows = Rows::new(1, store.clone(), false);
            rows.remove::<T>(&0);
            assert_eq!(rows.changed(), 1, "the store has the row");
        }
        rows.put::<T>(&1, row(1));
        rows.put::<T>(&2, row(2));
        rows.remove::<T>(&1);
        assert_eq!(rows.changed(), if is_empty { 1 } else { 2 }, "a row that comes and goes leaves nothing");
        write(&mut rows);
        assert_eq!(has::<T>(&store), [2]);
        rows.remove::<T>(&2);
        rows.put::<T>(&2, row(3));
        rows.remove::<T>(&2);
        assert!(rows.get::<T>(&2).is_none());
        write(&mut rows);
        assert_eq!(has::<T>(&store), [0_u32; 0], "a row that the store had is removed there");
        rows.remove::<T>(&2);
        assert_eq!(rows.changed(), 0);
    }

    #[test]
    fn rows_that_come_and_go_never_reach_the_store_and_those_that_it_has_are_removed() {
        for is_empty in [true, false] {
            come_and_go::<Tasks>(is_empty);
            come_and_go::<Numbers>(is_empty);
        }
    }

    #[test]
    fn with_too_many_rows_to_remember_the_store_is_asked() {
        let store = Arc::new(Store::in_maps(&Settings::default()));
        let mut rows = Rows::new(1, store.clone(), true);
        let count = REMEMBERED_MAX as u32 + 1;
        (0..count).for_each(|number| rows.put::<Tasks>(&number, row(1)));
        write(&mut rows);
        assert!(rows.stored.is_none());
        rows.put::<Tasks>(&count, row(1));
        rows.remove::<Tasks>(&count);
        rows.remove::<Tasks>(&3);
        assert_eq!(rows.changed(), 1);
        write(&mut rows);
        assert_eq!(has::<Tasks>(&store), [0, 1, 2, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn a_row_is_changed_where_it_is_and_scans_see_changes_above_the_store() {
        let store = Arc::new(Store::in_maps(&Settings::default()));
        let mut rows = Rows::new(1, store.clone(), true);
        let add = |rows: &mut Rows, number| rows.upsert_at::<Numbers>(Numbers::key(&number), TestRecord::default, |row| row.value += 1);
        add(&mut rows, 1);
        let before = Arc::as_ptr(&rows.get::<Numbers>(&1).unwrap());
        add(&mut rows, 1);
        assert_eq!(Arc::as_ptr(&rows.get::<Numbers>(&1).unwrap()), before, "no copy was made");
        add(&mut rows, 2);
        write(&mut rows);
        add(&mut rows, 1);
        rows.remove::<Numbers>(&2);
        add(&mut rows, 3);
        let seen: Vec<_> = rows.range::<Numbers>(&Numbers::key(&0), &Numbers::key(&9), 10).into_iter().map(|(_, row)| row.value).collect();
        assert_eq!(seen, [3, 1]);
    }
}
