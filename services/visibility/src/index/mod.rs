//! The index: a SQLite database of the newest document of every run.

mod plan;
mod read;
mod schema;
pub(crate) mod sql;
mod write;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use klamm_messages::klamm::v1::VisibilityDocument;
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, OptionalExtension, config::DbConfig};

pub use read::{Count, Group, PAGE_SIZE_MAX, Page};

use crate::{Error, Query, Result, Scope, Types};
use write::Writer;

/// Statements that a connection keeps prepared.
const STATEMENTS_KEPT: usize = 128;

/// Read connections that are kept open; more are opened when more queries run at once.
const READERS_KEPT: usize = 4;

/// Memory that a read connection may use for pages, KiB; the file is mapped besides.
const READER_CACHE_KIB: i64 = 8 * 1024;

/// Memory that the writing connection may use for pages, KiB: the pages that a batch changes should fit, or they are written twice.
const WRITER_CACHE_KIB: i64 = 64 * 1024;

/// Bytes of the file that are read through a memory map rather than copied.
const MMAP_BYTES: i64 = 1 << 30;

/// Pages in the write-ahead log before they are moved into the file (16 MiB).
const CHECKPOINT_PAGES: i64 = 4096;

/// Where the index lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A file; made when missing, made anew when it has another layout or is no database.
    File(PathBuf),
    /// Memory: gone with the last handle.
    Memory,
}

/// One record of the visibility topic, as the index takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Partition of the topic.
    pub partition: u32,
    /// Offset of the record. One below the partition's next offset has been taken before, and is passed over.
    pub offset: i64,
    /// What it says.
    pub body: ChangeBody,
}

/// What a record of the visibility topic says.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeBody {
    /// The run's newest document, whole.
    Document(Box<VisibilityDocument>),
    /// The run went away (a tombstone).
    Deletion {
        /// Namespace of the run.
        namespace: String,
        /// Its workflow id.
        workflow_id: String,
        /// The run.
        run_id: String,
    },
}

/// A handle to the index; clones share it. Readers do not wait for the writer nor it for them (in memory they take turns).
#[derive(Clone)]
pub struct Index {
    inner: Arc<Inner>,
}

struct Inner {
    location: Location,
    writer: Mutex<Writer>,
    idle_readers: Mutex<Vec<Connection>>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("location", &self.inner.location).finish_non_exhaustive()
    }
}

impl Index {
    /// Opens the index, or makes an empty one.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::File`].
    pub fn open(location: Location) -> Result<Self> {
        let connection = match &location {
            Location::Memory => {
                let connection = Connection::open_in_memory()?;
                configure(&connection, WRITER_CACHE_KIB)?;
                create(&connection)?;
                connection
            }
            Location::File(path) => open_file(path)?,
        };
        let writer = Mutex::new(Writer::new(connection)?);
        Ok(Self { inner: Arc::new(Inner { location, writer, idle_readers: Mutex::default() }) })
    }

    /// Takes changes in one transaction, in order, and gives how many were new. After it the next offset of each partition is one
    /// above its highest change.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: nothing was taken.
    pub fn apply(&self, changes: &[Change]) -> Result<usize> {
        self.apply_until(changes, &BTreeMap::new())
    }

    /// Like [`Index::apply`], and sets the next offsets given (partition → offset) where they are higher: offsets that hold no
    /// record for a reader (transaction markers, compacted ones) are left behind so.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: nothing was taken.
    pub fn apply_until(&self, changes: &[Change], next_offsets: &BTreeMap<u32, i64>) -> Result<usize> {
        self.inner.writer.lock().apply(changes, next_offsets)
    }

    /// Partition → offset to read next; partitions without an entry begin at their beginning.
    pub fn next_offsets(&self) -> BTreeMap<u32, i64> {
        self.inner.writer.lock().next_offsets().clone()
    }

    /// Says which topic the documents come from. When that is another one than before, the index is emptied: its offsets mean
    /// nothing there. True when it was.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn bind(&self, topic_id: &str) -> Result<bool> {
        self.inner.writer.lock().bind(topic_id)
    }

    /// When [`Index::mark_caught_up`] was last called, milliseconds since the epoch. An index that was last caught up longer ago
    /// than tombstones are kept (half of the topic's delete.retention.ms) has to be [`Index::reset`].
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn caught_up_at(&self) -> Result<Option<i64>> {
        self.inner.writer.lock().fact("caught_up_at")
    }

    /// Notes that at `now_ms` (milliseconds since the epoch) everything on the topic had been taken.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn mark_caught_up(&self, now_ms: i64) -> Result<()> {
        self.inner.writer.lock().set_fact("caught_up_at", now_ms)
    }

    /// Empties the index, offsets included: it is fed from the topic's beginning.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn reset(&self) -> Result<()> {
        self.inner.writer.lock().reset()
    }

    /// One page of the documents of `scope` that fit `query` (Temporal's filter language; empty: all), open ones first, then by close time, start
    /// time (newest first) and run id. `types` are the namespace's custom search attributes; `page_size` 0 means the largest,
    /// [`PAGE_SIZE_MAX`]; `page_token` is empty or the last page's. Scan is the same.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`], [`Error::NotForSchedules`], [`Error::InvalidPageToken`]; [`Error::Unavailable`], [`Error::Corrupt`].
    pub fn list(&self, scope: Scope, namespace: &str, query: &str, types: &Types, page_size: usize, page_token: &[u8]) -> Result<Page> {
        let query = Query::parse(scope, query, types)?;
        if query.group_by_status {
            return Err(Error::InvalidQuery("operation is not supported: 'GROUP BY' clause".to_owned()));
        }
        self.read(|connection| read::list(connection, namespace, &query.filter, page_size, page_token))
    }

    /// How many documents of `scope` fit `query`, by status when it ends with GROUP BY ExecutionStatus.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`], [`Error::NotForSchedules`]; [`Error::Unavailable`].
    pub fn count(&self, scope: Scope, namespace: &str, query: &str, types: &Types) -> Result<Count> {
        let query = Query::parse(scope, query, types)?;
        self.read(|connection| read::count(connection, namespace, &query))
    }

    /// Runs `query` on a read connection (in memory: on the only one).
    fn read<R>(&self, query: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
        let Location::File(path) = &self.inner.location else {
            return query(self.inner.writer.lock().connection());
        };
        let idle = self.inner.idle_readers.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open_reader(path)?,
        };
        let result = query(&connection);
        let mut idle = self.inner.idle_readers.lock();
        if idle.len() < READERS_KEPT {
            idle.push(connection);
        }
        result
    }
}

/// Opens the file for writing; one that has another layout, or is damaged, is removed and made anew.
fn open_file(path: &Path) -> Result<Connection> {
    if let Some(connection) = open_existing(path) {
        return Ok(connection);
    }
    remove(path)?;
    let connection = Connection::open(path)?;
    configure(&connection, WRITER_CACHE_KIB)?;
    create(&connection)?;
    Ok(connection)
}

/// The database in the file, when there is one of our layout.
fn open_existing(path: &Path) -> Option<Connection> {
    if !path.exists() {
        return None;
    }
    let open = || -> rusqlite::Result<(Connection, i32)> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        configure(&connection, WRITER_CACHE_KIB)?;
        let version = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
        Ok((connection, version))
    };
    match open() {
        Ok((connection, schema::VERSION)) => Some(connection),
        Ok((_, version)) => {
            tracing::warn!(path = %path.display(), version, "visibility index has another layout, it is built anew");
            None
        }
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "visibility index cannot be opened, it is built anew");
            None
        }
    }
}

fn remove(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(Error::File { path: PathBuf::from(name).display().to_string(), source });
            }
            _ => {}
        }
    }
    Ok(())
}

fn open_reader(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    configure(&connection, READER_CACHE_KIB)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Settings of every connection. A lost write after a power cut is read from the topic again, so the log is not synced at commit.
fn configure(connection: &Connection, cache_kib: i64) -> rusqlite::Result<()> {
    // Without it SQLite plans a statement anew for every value bound (partial indexes may depend on it): the plan is chosen here.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "mmap_size", MMAP_BYTES)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(())
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!("BEGIN; {} PRAGMA user_version = {}; COMMIT;", schema::CREATE, schema::VERSION))
}

/// Number of a namespace; `None` when no run ever was in it.
fn namespace_number(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT id FROM namespaces WHERE name = ?")?;
    statement.query_row((name,), |row| row.get(0)).optional()
}

#[cfg(test)]
mod tests;
