//! Changes that are not in the store yet, laid over the store.
//!
//! There are three layers: *active* (changes of the batch that is being filled), *frozen* (changes of the batch whose transaction is under
//! way), and the store with a cache of hot rows. The frozen layer goes to the store only once its transaction has committed.

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::Arc,
};

use klamm_machine::{Kind, Row, savepoint::Changed, table::DecodeRow};
use klamm_store::{Error as StoreError, Store, View};
use lru::LruCache;

/// Memory that a changed row takes besides its bytes: its entry in the layer, and the allocations of its key and of itself.
const ROW_OVERHEAD: usize = 128;

/// A row's change: its new value, or `None` for removed.
pub type Change = Option<Arc<dyn Row>>;

/// Changed rows with their keys, in key order.
pub type Changes = Vec<(Vec<u8>, Change)>;

/// Rows changed by a command, in key order.
pub type Layer = BTreeMap<Vec<u8>, Change>;

/// A change in a layer of the overlay.
struct Kept {
    change: Change,
    /// What it takes in memory, about. A run's row is replaced with each command, and its size costs as much as encoding it.
    bytes: usize,
    /// Of a [row that is set once](Kind::is_set_once): no layer below has a row under this key.
    is_new: bool,
}

/// When a scan has to read on in the store, it reads at least so many rows.
const SCANNED_ROWS_MIN: usize = 32;

/// The parts of a scan grow no further than this, or than what is asked for.
const SCANNED_ROWS_MAX: usize = 1024;

/// How many hot rows are kept decoded, per partition.
const CACHED_ROWS: NonZeroUsize = NonZeroUsize::new(1024).unwrap();
/// Largest row of a schedule that is kept decoded, encoded bytes.
const CACHED_SCHEDULE_BYTES_MAX: usize = 8 << 10;

/// The tables of one partition, uncommitted changes included.
///
/// A machine's tables know no errors, because a machine could do nothing about one. So a read that the store refuses returns no row, and
/// the overlay remembers the error for good. After reading or deciding, the caller must ask [`Overlay::damage`] before it uses the result.
pub struct Overlay {
    partition: u32,
    view: View,
    active: BTreeMap<Vec<u8>, Kept>,
    frozen: BTreeMap<Vec<u8>, Kept>,
    /// Bytes of the active and of the frozen layer, about.
    bytes: (usize, usize),
    cache: RefCell<LruCache<Vec<u8>, Arc<dyn Row>>>,
    damage: OnceCell<StoreError>,
    checks: bool,
}

impl Overlay {
    /// The tables as `store` holds them, without uncommitted changes.
    pub fn new(partition: u32, store: Arc<Store>) -> Self {
        let cache = RefCell::new(LruCache::new(CACHED_ROWS));
        let view = View::new(store);
        Self {
            partition,
            view,
            active: BTreeMap::new(),
            frozen: BTreeMap::new(),
            bytes: (0, 0),
            cache,
            damage: OnceCell::new(),
            checks: false,
        }
    }

    /// Whether to look into the store where that is saved otherwise. For tests.
    #[must_use]
    pub fn checking(self, checks: bool) -> Self {
        Self { checks, ..self }
    }

    /// Why nothing that was read since this overlay was made can be trusted; `None` while all of it can.
    pub fn damage(&self) -> Option<&StoreError> {
        self.damage.get()
    }

    fn note_damage(&self, error: StoreError) {
        tracing::error!(partition = self.partition, error = %error, "a row could not be read");
        // Only the first error is kept.
        let _ = self.damage.set(error);
    }

    fn note_undecodable(&self, reason: String) {
        self.note_damage(StoreError::Corrupt { reason });
    }

    /// The row under `key`. No row when the store fails, see [`Overlay::damage`].
    pub fn load(&self, key: &[u8], decode: DecodeRow) -> Change {
        if let Some(kept) = self.active.get(key).or_else(|| self.frozen.get(key)) {
            return kept.change.clone();
        }
        if let Some(row) = self.cache.borrow_mut().get(key) {
            return Some(row.clone());
        }
        let mut bytes = 0;
        let read = |row: &[u8]| {
            bytes = row.len();
            decode(row)
        };
        let row = match self.view.get_with(self.partition as u16, key, read) {
            Ok(None) => return None,
            Ok(Some(Ok(row))) => row,
            Ok(Some(Err(reason))) => {
                self.note_undecodable(reason);
                return None;
            }
            Err(error) => {
                self.note_damage(error);
                return None;
            }
        };
        if is_cached(key, || bytes) {
            self.cache.borrow_mut().put(key.to_vec(), row.clone());
        }
        Some(row)
    }

    /// At most `limit` rows with `from <= key < to`, in key order. Changes in `top` (those of a command that is being decided) hide rows of
    /// the layers below. No rows when the store fails, see [`Overlay::damage`].
    pub fn scan(&self, top: &Layer, from: &[u8], to: &[u8], limit: usize, decode: DecodeRow) -> Vec<(Vec<u8>, Arc<dyn Row>)> {
        if from >= to || limit == 0 {
            return Vec::new();
        }
        let bounds = || (std::ops::Bound::Included(from), std::ops::Bound::Excluded(to));
        let mut changes: BTreeMap<&[u8], &Change> = BTreeMap::new();
        for layer in [&self.frozen, &self.active] {
            changes.extend(layer.range::<[u8], _>(bounds()).map(|(key, kept)| (key.as_slice(), &kept.change)));
        }
        changes.extend(top.range::<[u8], _>(bounds()).map(|(key, change)| (key.as_slice(), change)));
        let mut rows = Vec::new();
        let mut from_store = from.to_vec();
        // Stored rows that a change removes don't count, so the store is read on until `limit` rows are found or it has no more. Each part is
        // larger than the one before: many removed rows may stand in front, and finding the place in the store costs more than a row.
        let mut part_rows = limit;
        loop {
            let stored = match self.view.scan(self.partition as u16, &from_store, to, part_rows) {
                Ok(stored) => stored,
                Err(error) => {
                    self.note_damage(error);
                    return Vec::new();
                }
            };
            let last = (stored.len() == part_rows).then(|| stored.last().map(|(key, _)| key.clone())).flatten();
            let part_end = last.as_deref().map(successor);
            let end: &[u8] = part_end.as_deref().unwrap_or(to);
            let mut changed =
                changes.range::<[u8], _>((std::ops::Bound::Included(from_store.as_slice()), std::ops::Bound::Excluded(end))).peekable();
            for (key, bytes) in stored {
                while let Some((changed_key, change)) = changed.next_if(|(changed_key, _)| ***changed_key < key[..]) {
                    rows.extend(change.as_ref().map(|row| (changed_key.to_vec(), row.clone())));
                }
                if let Some((_, change)) = changed.next_if(|(changed_key, _)| ***changed_key == key[..]) {
                    rows.extend(change.as_ref().map(|row| (key, row.clone())));
                    continue;
                }
                match decode(&bytes) {
                    Ok(row) => rows.push((key, row)),
                    Err(reason) => {
                        self.note_undecodable(reason);
                        return Vec::new();
                    }
                }
            }
            for (changed_key, change) in changed {
                rows.extend(change.as_ref().map(|row| (changed_key.to_vec(), row.clone())));
            }
            match part_end {
                Some(end) if rows.len() < limit => {
                    from_store = end;
                    part_rows = part_rows.saturating_mul(2).clamp(SCANNED_ROWS_MIN, SCANNED_ROWS_MAX.max(limit));
                }
                _ => break,
            }
        }
        rows.truncate(limit);
        rows
    }

    /// Puts the changes of an accepted command into the active layer.
    ///
    /// The removal of a row that neither the frozen layer nor the store has is not kept. Most tasks and wake rows come and go within one
    /// batch. So the store never hears of them, and need not compact their removals away. Of [rows that are set once](Kind::is_set_once) it is
    /// known without a look into the store whether it has them: every command that ends such a row would pay for that look.
    pub fn merge(&mut self, changes: Changed) {
        let Changed { rows, set_again } = changes;
        for (key, change) in rows {
            let known = self.active.get(&key).map(|kept| kept.is_new);
            let is_new = if Kind::is_set_once(&key) {
                known.unwrap_or_else(|| change.is_some() && !set_again.contains(&key) && !self.frozen.contains_key(&key))
            } else {
                change.is_none() && !self.is_below(&key)
            };
            assert!(!self.checks || !is_new || !self.has_below(&key), "a layer below has a row under {key:?}");
            let replaced = if change.is_none() && is_new {
                self.active.remove(&key)
            } else {
                let bytes = size(key.len(), change.as_ref());
                self.bytes.0 += bytes;
                self.active.insert(key, Kept { change, bytes, is_new })
            };
            if let Some(replaced) = replaced {
                self.bytes.0 = self.bytes.0.saturating_sub(replaced.bytes);
            }
        }
    }

    /// Whether a layer below the active one has the row, by all that can be read.
    fn has_below(&self, key: &[u8]) -> bool {
        self.frozen.get(key).is_some_and(|kept| kept.change.is_some())
            || matches!(self.view.get_with(self.partition as u16, key, |_| ()), Ok(Some(())))
    }

    /// Whether a layer below the active one has the row, as far as is known.
    fn is_below(&self, key: &[u8]) -> bool {
        self.frozen.contains_key(key) || !matches!(self.view.get_with(self.partition as u16, key, |_| ()), Ok(None))
    }

    /// Bytes of the rows that wait for the store, about.
    pub fn uncommitted_bytes(&self) -> usize {
        self.bytes.0 + self.bytes.1
    }

    /// Number of rows that wait for the store.
    pub fn uncommitted_rows(&self) -> usize {
        self.active.len() + self.frozen.len()
    }

    /// Makes the active layer the frozen one, because its batch goes to its transaction.
    ///
    /// # Panics
    /// When a frozen layer is still there: only one transaction of a partition is under way at a time.
    pub fn freeze(&mut self) {
        assert!(self.frozen.is_empty(), "one batch of a partition is committed at a time");
        self.frozen = std::mem::take(&mut self.active);
        self.bytes = (0, self.bytes.0);
    }

    /// Writes the frozen layer to the store, and `row` with it.
    ///
    /// # Errors
    /// The store's: nothing was written.
    pub fn write_frozen(&self, row: (Vec<u8>, Vec<u8>)) -> Result<(), StoreError> {
        let rows = self.frozen.iter().map(|(key, kept)| (key.clone(), kept.change.as_ref().map(|row| row.encode_row())));
        self.view.write(self.partition as u16, rows.chain([(row.0, Some(row.1))]))
    }

    /// From now on nothing read from this overlay can be trusted, because another one takes its place.
    pub fn retire(&self) {
        let _ = self.damage.set(StoreError::Renewed);
    }

    /// The generation of the store that this overlay lies on.
    pub fn store_generation(&self) -> u64 {
        self.view.generation()
    }

    /// Takes note that the frozen layer is in the store now, and drops it.
    pub fn thaw(&mut self) {
        self.bytes.1 = 0;
        let cache = self.cache.get_mut();
        for (key, Kept { change, .. }) in std::mem::take(&mut self.frozen) {
            match change {
                Some(row) if is_cached(&key, || row.encoded_size()) => {
                    cache.put(key, row);
                }
                _ => {
                    cache.pop(&key);
                }
            }
        }
    }
}

/// What a changed row takes in memory, about.
fn size(key_bytes: usize, row: Option<&Arc<dyn Row>>) -> usize {
    key_bytes + ROW_OVERHEAD + row.map_or(0, |row| row.encoded_size())
}

/// Only rows that commands read again and again are worth caching. A schedule's rows are read by the wake-up that sends a start, and a moment
/// later by the start's answer. They may be large and many, so large ones are read each time. `bytes` is the size of the row, encoded.
fn is_cached(key: &[u8], bytes: impl FnOnce() -> usize) -> bool {
    let is_of = |kinds: &[Kind]| kinds.iter().any(|kind| key.first() == Some(&(*kind as u8)));
    is_of(&[Kind::Run, Kind::Workflow, Kind::Namespace])
        || is_of(&[Kind::Schedule, Kind::ScheduleProgress]) && bytes() <= CACHED_SCHEDULE_BYTES_MAX
}

/// The first key after `key`.
fn successor(key: impl AsRef<[u8]>) -> Vec<u8> {
    let mut next = key.as_ref().to_vec();
    next.push(0);
    next
}

#[cfg(test)]
mod tests {
    use klamm_machine::{
        Table,
        key::KeyBytes,
        table::{decode_row, downcast},
    };
    use klamm_messages::klamm::v1::TestRecord;
    use klamm_store::Settings;

    use super::*;

    struct Numbers;

    impl Table for Numbers {
        const KIND: Kind = Kind::Test;
        type Key = u32;
        type Row = TestRecord;

        fn key(key: &u32) -> Vec<u8> {
            KeyBytes::new(Self::KIND).u32(*key).finish()
        }
    }

    /// Rows of a kind that is cached.
    struct Schedules;

    impl Table for Schedules {
        const KIND: Kind = Kind::Schedule;
        type Key = u32;
        type Row = TestRecord;

        fn key(key: &u32) -> Vec<u8> {
            KeyBytes::new(Self::KIND).u32(*key).finish()
        }
    }

    fn changed<const N: usize>(rows: [(Vec<u8>, Change); N]) -> Changed {
        Changed { rows: rows.into(), ..Changed::default() }
    }

    fn row(value: i64) -> Change {
        Some(Arc::new(TestRecord { value, ..TestRecord::default() }))
    }

    /// Numbers of the rows that the store has.
    fn stored(store: &Store) -> Vec<u32> {
        (0..9).filter(|number| store.get(1, &Numbers::key(number)).unwrap().is_some()).collect()
    }

    #[test]
    fn a_row_that_comes_and_goes_in_one_batch_never_reaches_the_store() {
        let store = Arc::new(Store::in_maps(&Settings::default()));
        let mut overlay = Overlay::new(1, store.clone());
        let key = |number| Numbers::key(&number);
        let change = |overlay: &mut Overlay, number, change| overlay.merge(changed([(key(number), change)]));
        change(&mut overlay, 0, row(10));
        change(&mut overlay, 1, row(11));
        change(&mut overlay, 0, None);
        change(&mut overlay, 5, None);
        assert_eq!((overlay.uncommitted_rows(), overlay.uncommitted_bytes()), (1, size(key(1).len(), row(11).as_ref())));
        overlay.freeze();
        // Below the active layer stands row 1, which is on its way to the store.
        change(&mut overlay, 1, None);
        change(&mut overlay, 2, row(12));
        assert!(overlay.load(&key(1), decode_row::<Numbers>).is_none());
        overlay.write_frozen((key(8), Vec::new())).unwrap();
        overlay.thaw();
        assert_eq!(stored(&store), [1, 8]);
        overlay.freeze();
        overlay.write_frozen((key(8), Vec::new())).unwrap();
        overlay.thaw();
        assert_eq!(stored(&store), [2, 8]);
        // Row 2 is in the store: its removal has to get there, whatever it was in between.
        change(&mut overlay, 2, row(13));
        change(&mut overlay, 2, None);
        assert_eq!(overlay.uncommitted_rows(), 1);
        overlay.freeze();
        overlay.write_frozen((key(8), Vec::new())).unwrap();
        overlay.thaw();
        assert_eq!(stored(&store), [8]);
        assert_eq!(overlay.uncommitted_bytes(), 0);
    }

    #[test]
    fn rows_that_are_set_once_go_without_a_look_into_the_store() {
        let store = Arc::new(Store::in_maps(&Settings::default()));
        let mut overlay = Overlay::new(1, store.clone());
        let key = |number: u32| KeyBytes::new(Kind::Task).u32(number).finish();
        let change = |overlay: &mut Overlay, number, change| overlay.merge(changed([(key(number), change)]));
        let set_again = |overlay: &mut Overlay, number, value| {
            overlay.merge(Changed { set_again: [key(number)].into(), ..changed([(key(number), row(value))]) });
        };
        let commit = |overlay: &mut Overlay| {
            overlay.freeze();
            overlay.write_frozen((Numbers::key(&8), Vec::new())).unwrap();
            overlay.thaw();
            (0..9).filter(|number| store.get(1, &key(*number)).unwrap().is_some()).collect::<Vec<_>>()
        };
        // Row 0 comes and goes in one batch, row 1 stays, row 2 is set again by the command that has removed it.
        change(&mut overlay, 0, row(10));
        change(&mut overlay, 1, row(11));
        change(&mut overlay, 2, row(12));
        set_again(&mut overlay, 2, 13);
        change(&mut overlay, 0, None);
        assert_eq!(overlay.uncommitted_rows(), 2);
        assert_eq!(commit(&mut overlay), [1, 2]);
        // Both are in the store. Their removals get there, also where they were set again before, in one command or in two.
        set_again(&mut overlay, 1, 14);
        change(&mut overlay, 1, None);
        change(&mut overlay, 2, None);
        change(&mut overlay, 2, row(15));
        change(&mut overlay, 2, None);
        assert_eq!(overlay.uncommitted_rows(), 2);
        assert_eq!(commit(&mut overlay), Vec::<u32>::new());
        // What is on its way to the store is removed there, too.
        change(&mut overlay, 3, row(16));
        overlay.freeze();
        change(&mut overlay, 3, None);
        overlay.write_frozen((Numbers::key(&8), Vec::new())).unwrap();
        overlay.thaw();
        assert_eq!(commit(&mut overlay), Vec::<u32>::new());
    }

    #[test]
    fn cached_rows_are_those_of_the_newest_batch_and_large_ones_are_read_each_time() {
        let store = Arc::new(Store::in_maps(&Settings::default()));
        let mut overlay = Overlay::new(1, store);
        let (small, large) = (Schedules::key(&1), Schedules::key(&2));
        let commit = |overlay: &mut Overlay, changes: [(&Vec<u8>, Change); 2]| {
            overlay.merge(changed(changes.map(|(key, change)| (key.clone(), change))));
            overlay.freeze();
            overlay.write_frozen((Numbers::key(&8), Vec::new())).unwrap();
            overlay.thaw();
        };
        let load = |overlay: &Overlay, key: &[u8]| overlay.load(key, decode_row::<Schedules>);
        let value = |overlay: &Overlay, key: &[u8]| load(overlay, key).map(|row| downcast::<Schedules>(row).value);
        let is_cached = |overlay: &Overlay, key: &[u8]| Arc::ptr_eq(&load(overlay, key).unwrap(), &load(overlay, key).unwrap());
        let big = |value| {
            Some(Arc::new(TestRecord { value, key: "k".repeat(CACHED_SCHEDULE_BYTES_MAX), ..TestRecord::default() }) as Arc<dyn Row>)
        };

        commit(&mut overlay, [(&small, row(1)), (&large, big(2))]);
        assert_eq!((value(&overlay, &small), value(&overlay, &large)), (Some(1), Some(2)));
        assert_eq!((is_cached(&overlay, &small), is_cached(&overlay, &large)), (true, false));
        // What was small is large now, and the other way round.
        commit(&mut overlay, [(&small, big(3)), (&large, row(4))]);
        assert_eq!((value(&overlay, &small), value(&overlay, &large)), (Some(3), Some(4)));
        assert_eq!((is_cached(&overlay, &small), is_cached(&overlay, &large)), (false, true));
        commit(&mut overlay, [(&small, None), (&large, None)]);
        assert_eq!((value(&overlay, &small), value(&overlay, &large)), (None, None));
    }
}
