//! What the handles of one log share: RocksDB and the partitions' states.

use std::{collections::HashMap, path::Path, sync::Arc};

use klamm_disk::{Reserve, reserve::of_disk};
use parking_lot::{Mutex, RwLock};
use rocksdb::{DB, Direction, Env, IteratorMode, ReadOptions, WriteBatch, WriteOptions};

use super::{
    bounds::Bounds,
    catalog, codec, errors,
    inspect::inspect,
    keys::{self, Place},
    mark::{Mark, Progress},
    partition::Partition,
    room::Room,
    settings::Settings,
};
use crate::{Clock, Error, Offset, Topic, TopicSpec, clock::SteadyClock, topic::unknown};

/// RocksDB and what the process knows of its contents.
pub(super) struct Core {
    pub(super) db: DB,
    pub(super) write_options: WriteOptions,
    pub(super) fsync: bool,
    pub(super) in_memory: bool,
    /// How far the log has been acknowledged. A log in memory has no mark: nobody opens it again.
    mark: Option<Mark>,
    /// The damage that [`Core::verify`] has found.
    pub(super) damage: Mutex<Option<String>>,
    pub(super) clock: SteadyClock,
    pub(super) room: Room,
    pub(super) topics: RwLock<HashMap<Arc<str>, Arc<TopicState>>>,
    /// Held while topics are made: two that are made at once must not get one number.
    making: Mutex<()>,
    /// Epoch of each transactional id; locked while its holder commits. Memory is enough: the directory's lock keeps other processes out.
    pub(super) holders: Mutex<HashMap<String, Arc<Mutex<u64>>>>,
    settings: Settings,
}

/// A topic and its partitions.
pub(super) struct TopicState {
    pub(super) number: u32,
    pub(super) topic: Arc<Topic>,
    pub(super) partitions: Vec<Arc<Partition>>,
}

impl TopicState {
    /// One partition.
    pub(super) fn partition(&self, partition: u32) -> Result<&Partition, Error> {
        self.topic.check_partition(partition)?;
        Ok(&self.partitions[partition as usize])
    }
}

impl Core {
    /// Opens RocksDB at `path` and reads where every partition stands.
    pub(super) fn open(path: &Path, env: Option<&Env>, clock: Arc<dyn Clock>, settings: Settings) -> Result<Self, Error> {
        if env.is_none() {
            std::fs::create_dir_all(path)
                .map_err(|error| Error::Unavailable { reason: format!("can't make {}: {error}", path.display()) })?;
        }
        let mark = match env {
            Some(_) => None,
            None => {
                let (mark, before) = Mark::open(path)?;
                inspect(path, before, &settings)?;
                Some(mark)
            }
        };
        let db = DB::open(&settings.options(env), path).map_err(|error| errors::opening(path, error))?;
        if let Some(mark) = &mark {
            // RocksDB's recovery has written everything that it found into tables and has synced them.
            let reaches = db.latest_sequence_number();
            mark.set(Progress { acknowledged: reaches, synced: reaches })?;
        }
        let mut write_options = WriteOptions::default();
        write_options.set_sync(settings.fsync);
        // A log in memory ends with the process: a WAL would only take memory.
        write_options.disable_wal(env.is_some());
        let free_bytes = match (&settings.free_bytes, env) {
            (Some(free_bytes), _) => free_bytes.clone(),
            (None, None) => of_disk(path.to_owned()),
            (None, Some(_)) => Arc::new(|| None),
        };
        let core = Self {
            db,
            write_options,
            fsync: settings.fsync,
            in_memory: env.is_some(),
            mark,
            damage: Mutex::default(),
            clock: SteadyClock::new(clock),
            room: Room::new(Reserve::new(free_bytes, settings.reserve_bytes)),
            topics: RwLock::default(),
            making: Mutex::default(),
            holders: Mutex::default(),
            settings,
        };
        let rows = core.range(&keys::topics_from(), &keys::topics_to());
        for row in rows {
            let (key, row) = row.map_err(errors::reading)?;
            let (number, topic) = catalog::decode(&key[keys::topics_from().len()..], &row)?;
            core.add(number, topic)?;
        }
        Ok(core)
    }

    /// A topic by name.
    pub(super) fn topic(&self, topic: &str) -> Result<Arc<TopicState>, Error> {
        self.topics.read().get(topic).cloned().ok_or_else(|| unknown(topic))
    }

    /// See [`crate::Log::ensure_topics`].
    pub(super) fn ensure(&self, specs: &[TopicSpec]) -> Result<(), Error> {
        let _making = self.making.lock();
        for spec in specs {
            match self.topic(&spec.name) {
                Ok(known) => {
                    let updated = known.topic.updated(spec)?;
                    if updated != *known.topic {
                        self.save(known.number, &updated)?;
                        let partitions = known.partitions.clone();
                        let state = TopicState { number: known.number, topic: Arc::new(updated), partitions };
                        self.topics.write().insert(spec.name.clone(), Arc::new(state));
                    }
                }
                Err(_) => {
                    let number = self.topics.read().values().map(|topic| topic.number).max().unwrap_or(0) + 1;
                    let topic = Topic { spec: spec.clone(), id: (self.settings.topic_ids)(&spec.name).into() };
                    self.save(number, &topic)?;
                    self.add(number, topic)?;
                }
            }
        }
        Ok(())
    }

    fn save(&self, number: u32, topic: &Topic) -> Result<(), Error> {
        let mut batch = WriteBatch::default();
        batch.put(keys::topic(&topic.spec.name), catalog::encode(number, topic));
        self.write(batch)
    }

    fn add(&self, number: u32, topic: Topic) -> Result<(), Error> {
        let mut partitions = Vec::new();
        for partition in 0..topic.spec.partitions {
            partitions.push(Arc::new(self.recover(Place { topic: number, partition }, &topic)?));
        }
        let name = topic.spec.name.clone();
        self.topics.write().insert(name, Arc::new(TopicState { number, topic: Arc::new(topic), partitions }));
        Ok(())
    }

    /// Finds a partition's state from its bounds and its last record.
    fn recover(&self, place: Place, topic: &Topic) -> Result<Partition, Error> {
        let bounds = self.db.get_pinned(place.bounds()).map_err(errors::reading)?;
        let bounds = bounds.map_or(Ok(Bounds::default()), |row| Bounds::decode(&row))?;
        let (mut end, mut append_ms) = (bounds.end_min, bounds.append_ms_min);
        let last = self.db.iterator(IteratorMode::From(&place.record(Offset::MAX), Direction::Reverse)).next();
        if let Some(last) = last {
            let (key, value) = last.map_err(errors::reading)?;
            if key.starts_with(&place.record(0)[..8])
                && let (Some(offset), Some(head)) = (keys::offset_of(&key), codec::head(&value))
            {
                end = end.max(offset + 1);
                append_ms = append_ms.max(head.timestamp_ms);
            }
        }
        if !topic.spec.log_append_time {
            append_ms = 0;
        }
        self.clock.goes_on_from(append_ms);
        Ok(Partition::new(place, bounds, end, append_ms, self.clock.now_ms(), self.settings.tail_bytes))
    }

    /// Bytes of RocksDB's table files.
    pub(super) fn table_bytes(&self) -> u64 {
        self.db.property_int_value("rocksdb.total-sst-files-size").ok().flatten().unwrap_or(0)
    }

    /// Notes that all writes up to this sequence number survive a power loss.
    pub(super) fn note_synced(&self, sequence: u64) -> Result<(), Error> {
        self.mark.as_ref().map_or(Ok(()), |mark| mark.advance(sequence, true))
    }

    /// Notes that everything written up to now is about to be acknowledged.
    pub(super) fn note_written(&self, synced: bool) -> Result<(), Error> {
        self.mark.as_ref().map_or(Ok(()), |mark| mark.advance(self.db.latest_sequence_number(), synced))
    }

    /// Writes a batch, durably as the settings say.
    pub(super) fn write(&self, batch: WriteBatch) -> Result<(), Error> {
        self.db.write_opt(batch, &self.write_options).map_err(|error| errors::writing(error, self.fsync))?;
        self.note_written(self.fsync)
    }

    /// Rows with `from <= key < to`.
    pub(super) fn range(&self, from: &[u8], to: &[u8]) -> rocksdb::DBIterator<'_> {
        let mut options = ReadOptions::default();
        options.set_iterate_upper_bound(to);
        options.fill_cache(false);
        self.db.iterator_opt(IteratorMode::From(from, Direction::Forward), options)
    }
}
