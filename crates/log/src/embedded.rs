//! The log in RocksDB, inside the process. It needs no other service.
//!
//! An append or a commit is one atomic write batch with WAL (write-ahead log). Once the call has returned, the records survive the death of
//! the process; with [`Settings::fsync`], or after [`Log::sync`], they survive a power loss too. Only one process at a time can use the
//! directory: RocksDB locks it, and this lock fences other processes. The newest records of each partition stay in memory for readers that
//! follow the writer closely. With fsync, one thread writes the appends of all partitions, so that a sync serves all who wait. Another
//! thread expires and compacts records and gives disk space back. While the disk is nearly full, writes are refused; they are taken again as
//! soon as there is room.

mod bounds;
mod catalog;
mod codec;
mod compact;
mod core;
mod errors;
mod housekeeping;
mod inspect;
mod keys;
mod mark;
mod partition;
mod queue;
mod read;
mod room;
mod settings;
mod synced;
mod trim;
mod verify;
mod write;

use std::{path::Path, sync::Arc, task::Waker};

pub use klamm_disk::FreeBytes;
use parking_lot::Mutex;
use rocksdb::Env;

use self::{core::Core, housekeeping::Housekeeper, synced::SyncedWriter, write::Request};
pub use settings::Settings;

use crate::{Appended, Appending, Clock, Error, Log, Offset, Output, ReadBatch, ReadLimit, Record, Topic, TopicSpec, Transactional};

/// A log in a directory, or in memory.
///
/// The directory's lock is released when this log and every [`Transactional`] made from it are dropped.
pub struct EmbeddedLog {
    /// Dropped first: this ends the threads.
    _housekeeper: Option<Housekeeper>,
    /// Writes all appends, where each has to be synced.
    synced: Option<SyncedWriter>,
    core: Arc<Core>,
}

impl EmbeddedLog {
    /// Opens the log in the directory `path`, made if missing; append times come from `clock`.
    ///
    /// When acknowledged records are lost, the call fails with [`Error::Corrupt`] and leaves the files as they are, unless
    /// [`Settings::salvage`] asks to open what is left. A record that was being written when the process died was never acknowledged: it is
    /// dropped without an error.
    ///
    /// Errors: [`Error::Locked`], [`Error::Corrupt`], [`Error::Full`], [`Error::Unavailable`] (the directory can't be used).
    pub fn open(path: impl AsRef<Path>, clock: Arc<dyn Clock>, settings: Settings) -> Result<Self, Error> {
        Self::start(path.as_ref(), None, clock, settings)
    }

    /// A log that is kept in memory only and ends with the process.
    pub fn in_memory(clock: Arc<dyn Clock>, settings: Settings) -> Result<Self, Error> {
        let env = Env::mem_env().map_err(|error| Error::Unavailable { reason: error.into_string() })?;
        Self::start(Path::new("/klamm-log"), Some(&env), clock, settings)
    }

    fn start(path: &Path, env: Option<&Env>, clock: Arc<dyn Clock>, settings: Settings) -> Result<Self, Error> {
        let (interval, salvage, supervisor) = (settings.housekeeping_interval, settings.salvage, settings.supervisor.clone());
        let syncs = settings.fsync && env.is_none();
        let core = Arc::new(Core::open(path, env, clock, settings)?);
        let is_small = core.table_bytes() <= verify::AT_OPEN_BYTES_MAX;
        if env.is_none() && is_small {
            match core.verify(|| true) {
                Err(error) if salvage => {
                    tracing::error!(%error, "a part of the log can't be read any more; calls that need this part fail")
                }
                verified => verified?,
            }
        }
        let verify = env.is_none() && !is_small;
        let start = |interval| Housekeeper::start(Arc::downgrade(&core), interval, verify, &supervisor);
        let housekeeper = interval.map(start).transpose()?;
        let synced = syncs.then(|| SyncedWriter::start(core.clone(), &supervisor)).transpose();
        let synced = synced.map_err(|error| Error::Unavailable { reason: format!("no thread for the log's writes: {error}") })?;
        Ok(Self { _housekeeper: housekeeper, synced, core })
    }

    /// Takes an append. It is done already where nothing has to be synced.
    fn begin(&self, topic: &str, partition: u32, records: Vec<Record>) -> Appending {
        let Some(synced) = &self.synced else { return Appending::done(self.core.append(topic, partition, records)) };
        match self.core.checked(topic, partition, &records) {
            Ok(topic) => synced.append(Request { topic, partition, records }),
            Err(error) => Appending::done(Err(error)),
        }
    }

    /// One round of housekeeping now: expires, compacts where it is due, gives disk space back.
    pub fn keep_house(&self) -> Result<(), Error> {
        self.core.keep_house()
    }

    /// Bytes of RocksDB's tables on the disk (or in memory), and of what it holds in memory: memtables, block cache, table readers.
    pub fn sizes(&self) -> Sizes {
        let number = |name: &str| self.core.db.property_int_value(name).ok().flatten().unwrap_or(0);
        Sizes {
            disk_bytes: self.core.table_bytes(),
            memory_bytes: number("rocksdb.cur-size-all-mem-tables")
                + number("rocksdb.block-cache-usage")
                + number("rocksdb.estimate-table-readers-mem"),
        }
    }
}

/// How much disk and memory a log takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sizes {
    /// Bytes of table files, without WAL.
    pub disk_bytes: u64,
    /// Bytes of RocksDB's memory.
    pub memory_bytes: u64,
}

impl Log for EmbeddedLog {
    fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), Error> {
        self.core.ensure(topics)
    }

    fn topics(&self) -> Result<Vec<Topic>, Error> {
        let mut topics: Vec<_> = self.core.topics.read().values().map(|known| Topic::clone(&known.topic)).collect();
        topics.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
        Ok(topics)
    }

    fn topic(&self, topic: &str) -> Result<Arc<Topic>, Error> {
        self.core.topic(topic).map(|known| known.topic.clone())
    }

    fn append(&self, topic: &str, partition: u32, records: Vec<Record>) -> Result<Appended, Error> {
        self.begin(topic, partition, records).wait()
    }

    fn append_async(&self, topic: &str, partition: u32, record: Record) -> Appending {
        self.begin(topic, partition, vec![record])
    }

    fn append_group(&self, topic: &str, partition: u32, records: Vec<Record>) -> Vec<Appending> {
        vec![self.begin(topic, partition, records)]
    }

    fn transactional(&self, id: &str) -> Result<Box<dyn Transactional>, Error> {
        let holder = self.core.holders.lock().entry(id.to_owned()).or_default().clone();
        let epoch = {
            let mut epoch = holder.lock();
            *epoch += 1;
            *epoch
        };
        Ok(Box::new(Producer { core: self.core.clone(), id: id.to_owned(), holder, epoch }))
    }

    fn read(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<ReadBatch, Error> {
        self.core.read(topic, partition, from, limit)
    }

    fn start_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error> {
        Ok(self.core.topic(topic)?.partition(partition)?.view.lock().start)
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error> {
        Ok(self.core.topic(topic)?.partition(partition)?.view.lock().end)
    }

    fn readable(&self, topic: &str, partition: u32, offset: Offset, waker: &Waker) -> Result<bool, Error> {
        self.core.readable(topic, partition, offset, waker)
    }

    fn trim(&self, topic: &str, partition: u32, before: Offset) -> Result<(), Error> {
        self.core.trim(topic, partition, before)
    }

    fn compact(&self, topic: &str, partition: u32) -> Result<(), Error> {
        self.core.compact(topic, partition)
    }

    fn rocksdb_property(&self, name: &str) -> Option<u64> {
        self.core.db.property_int_value(name).ok().flatten()
    }

    fn sync(&self) -> Result<(), Error> {
        self.core.sync()
    }

    fn problem(&self) -> Option<String> {
        self.core.damage.lock().clone()
    }
}

/// Holds a transactional id as long as its epoch is the newest one of that id.
struct Producer {
    core: Arc<Core>,
    id: String,
    holder: Arc<Mutex<u64>>,
    epoch: u64,
}

impl Transactional for Producer {
    fn commit(&mut self, outputs: Vec<Output>) -> Result<Vec<Offset>, Error> {
        let newest = self.holder.lock();
        if *newest != self.epoch {
            return Err(Error::Fenced { transactional_id: self.id.clone() });
        }
        self.core.commit(outputs)
    }
}
