//! The index: a SQLite database of the newest document of every run.

mod change;
mod counts;
mod plan;
mod read;
mod schema;
pub(crate) mod sql;
mod write;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use klamm_filters::{Count, Error as FilterError, Page, Query, Scope, Types};
use parking_lot::{Mutex, RwLock};
use rusqlite::{Connection, OpenFlags, config::DbConfig};

pub use change::{Change, ChangeBody};
pub use read::PAGE_SIZE_MAX;

use crate::{Error, Result};
use write::Writer;

/// How many prepared statements a connection keeps.
const STATEMENTS_KEPT: usize = 128;

/// How many read connections are kept open. More are opened while more queries run at once.
const READERS_KEPT: usize = 4;

/// Memory that a read connection may use for pages, KiB. The memory map of the file is not counted.
const READER_CACHE_KIB: i64 = 8 * 1024;

/// Memory that the writing connection may use for pages, KiB. The pages that a batch changes should fit, or they are written twice.
const WRITER_CACHE_KIB: i64 = 64 * 1024;

/// Bytes of the file that a read connection reads through a memory map, without a copy. The writing connection has no map, because it would
/// touch the whole file in time, and the process's resident memory would grow with the file. What it needs is in its cache.
const MMAP_BYTES: i64 = 1 << 30;

/// Pages in the write-ahead log before they are moved into the file (16 MiB).
const CHECKPOINT_PAGES: i64 = 4096;

/// Where the index lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A file. It is made when it is missing, and made anew when it has another layout or is no database.
    File(PathBuf),
    /// Memory. The index is gone with its last handle.
    Memory,
}

/// A handle to the index; clones share it. Readers and the writer do not wait for each other (in memory they take turns).
#[derive(Clone)]
pub struct Index {
    inner: Arc<Inner>,
}

struct Inner {
    location: Location,
    writer: Mutex<Writer>,
    idle_readers: Mutex<Vec<Connection>>,
    /// Every query locks this for reading. The file is made anew only when no query runs. Otherwise the last connection to the removed file
    /// would remove the write-ahead log of that name, which then belongs to the new file.
    queries: RwLock<()>,
    /// True once a call has found the file damaged.
    damaged: AtomicBool,
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
        let writer = match &location {
            Location::Memory => Writer::new(open_memory()?)?,
            Location::File(path) => match open_file(path).and_then(Writer::new) {
                Err(error) if error.is_damage() => {
                    tracing::warn!(path = %path.display(), %error, "the visibility index is damaged, it is built anew");
                    remove(path)?;
                    Writer::new(open_file(path)?)?
                }
                writer => writer?,
            },
        };
        let inner = Inner {
            location,
            writer: Mutex::new(writer),
            idle_readers: Mutex::default(),
            queries: RwLock::default(),
            damaged: AtomicBool::new(false),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whether a call has found the file damaged. Then it has to be [rebuilt](Index::rebuild).
    pub fn is_damaged(&self) -> bool {
        self.inner.damaged.load(Ordering::SeqCst)
    }

    /// Throws the file away and begins an empty one, which has to be fed from the topic's beginning. Queries wait until this is done.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::File`]: call it again.
    pub fn rebuild(&self) -> Result<()> {
        let _alone = self.inner.queries.write();
        let mut writer = self.inner.writer.lock();
        self.inner.damaged.store(true, Ordering::SeqCst);
        self.inner.idle_readers.lock().clear();
        // A database in memory replaces the writer's connection, so that the file is closed.
        *writer = Writer::new(open_memory()?)?;
        if let Location::File(path) = &self.inner.location {
            remove(path)?;
            *writer = Writer::new(open_file(path)?)?;
        }
        self.inner.damaged.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// Notes damage, if the result of a call shows any.
    fn watched<R>(&self, result: Result<R>) -> Result<R> {
        result.inspect_err(|error| {
            if error.is_damage() && !self.inner.damaged.swap(true, Ordering::SeqCst) {
                tracing::error!(%error, "the visibility index is damaged: it is thrown away and built anew");
            }
        })
    }

    /// Takes changes in one transaction, in order, and gives how many were new. Then the next offset of each partition is one above its
    /// highest change.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: nothing was taken.
    pub fn apply(&self, changes: &[Change]) -> Result<usize> {
        self.apply_until(changes, &BTreeMap::new())
    }

    /// As [`Index::apply`]. Also sets the next offsets given (partition → offset) where they are higher. So offsets are skipped that hold
    /// no record for a reader (transaction markers, compacted records).
    ///
    /// # Errors
    /// [`Error::Unavailable`]: nothing was taken.
    pub fn apply_until(&self, changes: &[Change], next_offsets: &BTreeMap<u32, i64>) -> Result<usize> {
        self.watched(self.inner.writer.lock().apply(changes, next_offsets))
    }

    /// Partition → offset to read next. A partition without an entry is read from its beginning.
    pub fn next_offsets(&self) -> BTreeMap<u32, i64> {
        self.inner.writer.lock().next_offsets().clone()
    }

    /// Says which topic the documents come from. If it is another topic than before, the index is emptied, because its offsets mean nothing
    /// there. True when it was emptied.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn bind(&self, topic_id: &str) -> Result<bool> {
        self.watched(self.inner.writer.lock().bind(topic_id))
    }

    /// When [`Index::mark_caught_up`] was last called, milliseconds since the epoch. Tombstones are surely kept for half of the topic's
    /// delete.retention.ms. If the last call is longer ago than that, the index has to be [`Index::reset`].
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn caught_up_at(&self) -> Result<Option<i64>> {
        self.watched(self.inner.writer.lock().fact("caught_up_at"))
    }

    /// Notes that everything on the topic had been taken at `now_ms` (milliseconds since the epoch).
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn mark_caught_up(&self, now_ms: i64) -> Result<()> {
        self.watched(self.inner.writer.lock().set_fact("caught_up_at", now_ms))
    }

    /// Empties the index, offsets included. It has to be fed from the topic's beginning.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn reset(&self) -> Result<()> {
        self.watched(self.inner.writer.lock().reset())
    }

    /// One page of the documents of `scope` that match `query` (Temporal's filter language; empty: all). Open runs come first, then the
    /// order is close time, start time (newest first) and run id. `types` are the namespace's custom search attributes. A `page_size` of 0
    /// means the largest, [`PAGE_SIZE_MAX`]. `page_token` is empty, or that of the last page. Scan is the same.
    ///
    /// # Errors
    /// [`Error::Filter`], [`Error::InvalidPageToken`]; [`Error::Unavailable`], [`Error::Corrupt`].
    pub fn list(&self, scope: Scope, namespace: &str, query: &str, types: &Types, page_size: usize, page_token: &[u8]) -> Result<Page> {
        let query = Query::parse(scope, query, types)?;
        if query.group_by_status {
            return Err(FilterError::InvalidQuery("operation is not supported: 'GROUP BY' clause".to_owned()).into());
        }
        self.read(|connection| read::list(connection, namespace, &query.filter, page_size, page_token))
    }

    /// How many documents of `scope` match `query`; by status when the query ends with GROUP BY ExecutionStatus.
    ///
    /// # Errors
    /// [`Error::Filter`]; [`Error::Unavailable`].
    pub fn count(&self, scope: Scope, namespace: &str, query: &str, types: &Types) -> Result<Count> {
        let query = Query::parse(scope, query, types)?;
        self.read(|connection| read::count(connection, namespace, &query))
    }

    /// Runs `query` on a read connection (in memory: on the only one).
    fn read<R>(&self, query: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
        let _query = self.inner.queries.read();
        let Location::File(path) = &self.inner.location else {
            return query(self.inner.writer.lock().connection());
        };
        let idle = self.inner.idle_readers.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.watched(open_reader(path))?,
        };
        let result = self.watched(query(&connection));
        let mut idle = self.inner.idle_readers.lock();
        if idle.len() < READERS_KEPT {
            idle.push(connection);
        }
        result
    }
}

fn open_memory() -> Result<Connection> {
    let connection = Connection::open_in_memory()?;
    configure(&connection, WRITER_CACHE_KIB, 0)?;
    create(&connection)?;
    Ok(connection)
}

/// Opens the file for writing. A file that has another layout or is damaged is removed and made anew.
fn open_file(path: &Path) -> Result<Connection> {
    if let Some(connection) = open_existing(path) {
        return Ok(connection);
    }
    remove(path)?;
    let connection = Connection::open(path)?;
    configure(&connection, WRITER_CACHE_KIB, 0)?;
    create(&connection)?;
    Ok(connection)
}

/// The database in the file. `None` when the file is no database or has another layout.
fn open_existing(path: &Path) -> Option<Connection> {
    if !path.exists() {
        return None;
    }
    let open = || -> rusqlite::Result<(Connection, i32)> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        configure(&connection, WRITER_CACHE_KIB, 0)?;
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
    configure(&connection, READER_CACHE_KIB, MMAP_BYTES)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Settings of every connection. The log is not synced at commit, because a write that a power cut loses is read from the topic again.
fn configure(connection: &Connection, cache_kib: i64, mmap_bytes: i64) -> rusqlite::Result<()> {
    // Without this, SQLite would plan a statement anew for every bound value, because partial indexes may depend on it. The plan is chosen
    // here.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "mmap_size", mmap_bytes)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(())
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!("BEGIN; {} PRAGMA user_version = {}; COMMIT;", schema::CREATE, schema::VERSION))
}

#[cfg(test)]
mod tests;
