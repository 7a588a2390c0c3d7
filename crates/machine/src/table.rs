//! Tables: typed rows under ordered byte keys.

use std::{any::Any, sync::Arc};

use prost::Message;

/// The first byte of every table key: it says which table. A number is written once; a retired one is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// How far the store has come (engine).
    Position = 1,
    /// Newest run of a workflow id.
    Workflow = 2,
    /// State of a run.
    Run = 3,
    /// Public events of a run.
    History = 4,
    /// When machines want to look again.
    Wake = 5,
    /// Tasks that wait on task queues.
    Task = 6,
    /// Namespaces.
    Namespace = 7,
    /// Definitions of schedules.
    Schedule = 8,
    /// How far schedules have come.
    ScheduleProgress = 9,
    /// What a schedule's last run left for the next.
    ScheduleOutcome = 10,
    /// Decisions of schedules.
    ScheduleAudit = 11,
    /// What is left of deleted schedules.
    ScheduleRemains = 12,
    /// Configuration of task queues.
    TaskQueueConfig = 23,
    /// Triggers.
    Trigger = 24,
    /// Declared topics of namespaces.
    DeclaredTopics = 27,
    /// Records of triggers that wait.
    Held = 25,
    /// What waits for one run, or in one batch, as a whole.
    HeldQueue = 26,
    /// Completion callbacks that are to be called now.
    Callback = 19,
    /// Updates of which no public event tells.
    Update = 15,
    /// Updates that are completed.
    CompletedUpdate = 16,
    /// Tests' own.
    Test = 100,
}

impl Kind {
    /// Whether a row of this kind is set only where there is none: an event that changes what the row stands for removes it, and sets a new one, if
    /// need be under the same key. Whoever keeps changes relies on it, and need not look for an older row that a new one might hide.
    pub fn is_set_once(key: &[u8]) -> bool {
        key.first().is_some_and(|kind| *kind == Self::Task as u8 || *kind == Self::Wake as u8)
    }
}

/// A row's value. It is kept typed in memory, and as bytes in the store.
pub trait Row: Any + Send + Sync {
    /// The bytes that the store keeps; the table's `Row` type decodes them.
    fn encode_row(&self) -> Vec<u8>;
    /// Number of those bytes. It stands for the memory that the row takes, about.
    fn encoded_size(&self) -> usize;
    /// Gives the row back as `Any`, which can be cast to the row's own type.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<M: Message + Send + Sync + 'static> Row for M {
    fn encode_row(&self) -> Vec<u8> {
        self.encode_to_vec()
    }

    fn encoded_size(&self) -> usize {
        self.encoded_len()
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// Decodes a stored row; the error text says what is wrong with the bytes.
pub type DecodeRow = fn(&[u8]) -> Result<Arc<dyn Row>, String>;

/// A table: its kind, its keys, its rows. One per file.
pub trait Table {
    /// The table's number.
    const KIND: Kind;
    /// What a row is found by.
    type Key: ?Sized;
    /// What a row holds.
    type Row: Message + Default + Send + Sync + 'static;
    /// The bytes of a key, beginning with the kind.
    fn key(key: &Self::Key) -> Vec<u8>;
}

/// The tables of one partition as one command sees them. The command's own changes come first, then uncommitted changes, then the store.
/// Object-safe and untyped; use [`TablesExt`].
pub trait Tables {
    /// The row under `key`, decoded with `decode` when it comes from the store.
    fn load(&self, key: &[u8], decode: DecodeRow) -> Option<Arc<dyn Row>>;
    /// Sets (`Some`) or removes (`None`) the row under `key`.
    fn save(&mut self, key: Vec<u8>, row: Option<Arc<dyn Row>>);
    /// Like [`Tables::load`], but takes a row that this command has already changed out of the tables, so that [`TablesExt::upsert_at`] can
    /// change it in place. The row must be saved again at once.
    fn take(&mut self, key: &[u8], decode: DecodeRow) -> Option<Arc<dyn Row>>;
    /// At most `limit` rows with `from <= key < to`, in key order.
    fn scan(&self, from: &[u8], to: &[u8], limit: usize, decode: DecodeRow) -> Vec<(Vec<u8>, Arc<dyn Row>)>;
}

/// Typed access to [`Tables`].
pub trait TablesExt: Tables {
    /// The row of table `T` under `key`.
    ///
    /// # Panics
    /// When the stored row is of another type: two tables share a kind, a programming error.
    fn get<T: Table>(&self, key: &T::Key) -> Option<Arc<T::Row>> {
        self.get_at::<T>(&T::key(key))
    }

    /// As [`TablesExt::get`], with a key that the caller has already made. For rows that are read again and again.
    ///
    /// # Panics
    /// As [`TablesExt::get`], and when the key is of another table.
    fn get_at<T: Table>(&self, key: &[u8]) -> Option<Arc<T::Row>> {
        self.load(key, decode_row::<T>).map(downcast::<T>)
    }

    /// Sets the row of table `T` under `key`.
    fn put<T: Table>(&mut self, key: &T::Key, row: impl Into<Arc<T::Row>>) {
        self.save(T::key(key), Some(row.into()));
    }

    /// Changes the row of table `T` under `key` in place. Where there is no row, the one that `begin` makes is changed.
    fn upsert_at<T: Table>(&mut self, key: Vec<u8>, begin: impl FnOnce() -> T::Row, change: impl FnOnce(&mut T::Row))
    where
        T::Row: Clone,
    {
        let mut row = match self.take(&key, decode_row::<T>) {
            Some(row) => downcast::<T>(row),
            None => Arc::new(begin()),
        };
        change(Arc::make_mut(&mut row));
        self.save(key, Some(row));
    }

    /// Removes the row of table `T` under `key`.
    fn remove<T: Table>(&mut self, key: &T::Key) {
        self.save(T::key(key), None);
    }

    /// At most `limit` rows of table `T` whose key bytes lie in `from..to`, in key order.
    fn range<T: Table>(&self, from: &[u8], to: &[u8], limit: usize) -> Vec<(Vec<u8>, Arc<T::Row>)> {
        self.scan(from, to, limit, decode_row::<T>).into_iter().map(|(key, row)| (key, downcast::<T>(row))).collect()
    }
}

impl<S: Tables + ?Sized> TablesExt for S {}

/// Whether a key is one of table `T`.
pub fn is_of<T: Table>(key: &[u8]) -> bool {
    key.first() == Some(&(T::KIND as u8))
}

/// The decoder of table `T`'s rows.
pub fn decode_row<T: Table>(bytes: &[u8]) -> Result<Arc<dyn Row>, String> {
    T::Row::decode(bytes).map(|row| Arc::new(row) as Arc<dyn Row>).map_err(|error| format!("row of {:?}: {error}", T::KIND))
}

/// Casts an untyped row to the row type of table `T`.
///
/// # Panics
/// When it is a row of another type: two tables share a kind, a programming error.
pub fn downcast<T: Table>(row: Arc<dyn Row>) -> Arc<T::Row> {
    match row.into_any().downcast::<T::Row>() {
        Ok(row) => row,
        Err(_) => panic!("a row of {:?} has another table's type", T::KIND),
    }
}
