//! What the log's handles share.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Mutex, RwLock};
use rdkafka::{
    TopicPartitionList,
    admin::{AdminClient, AdminOptions},
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    topic_partition_list::Offset as Place,
};

use super::{
    clients::{BATCH_BYTES_MAX, Clients},
    context::{Context, Problems},
    errors::{Doing, Errors},
    fetch::Pool,
    groups::Groups,
    partition::{Look, Partition},
    prepared::Prepared,
    producer::Appender,
    settings::Settings,
    watch::Signal,
};
use crate::{Error, Offset, ReadBatch, ReadLimit, Topic, wakers::wake};

/// An unused administration client is kept for so long.
const ADMIN_KEPT_FOR: Duration = Duration::from_secs(10);

/// A broker that contradicts itself (replicas changing places) is asked again so often.
const OUT_OF_RANGE_MAX: u32 = 3;

/// Events of a client that are taken at once.
const EVENTS_AT_ONCE: usize = 100;

/// Between two attempts to learn bounds.
const BOUNDS_PAUSE: Duration = Duration::from_millis(20);

/// Clients and what is known of topics.
pub(super) struct Core {
    pub(super) clients: Clients,
    /// For metadata and offsets.
    pub(super) querying: BaseConsumer<Context>,
    pub(super) topics: RwLock<HashMap<Arc<str>, Arc<TopicState>>>,
    pub(super) cluster_id: Mutex<Option<Arc<str>>>,
    pub(super) appender: Appender,
    pub(super) pool: Pool,
    pub(super) signal: Arc<Signal>,
    pub(super) groups: Groups,
    pub(super) prepared: Prepared,
    admin: Mutex<Option<(Arc<AdminClient<Context>>, Instant)>>,
}

/// A topic and its partitions.
pub(super) struct TopicState {
    pub(super) topic: Arc<Topic>,
    pub(super) partitions: Vec<Arc<Partition>>,
}

impl TopicState {
    pub(super) fn new(topic: Topic, tail_bytes: usize) -> Self {
        let name = &topic.spec.name;
        let partitions = (0..topic.spec.partitions).map(|number| Arc::new(Partition::new(name.clone(), number, tail_bytes))).collect();
        Self { topic: Arc::new(topic), partitions }
    }

    /// One partition.
    pub(super) fn partition(&self, partition: u32) -> Result<&Arc<Partition>, Error> {
        self.topic.check_partition(partition)?;
        Ok(&self.partitions[partition as usize])
    }
}

impl Core {
    /// Makes the clients; connects to nothing yet.
    pub(super) fn new(settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        let readers_max = settings.readers_max.max(1);
        let clients = Clients { settings, problems: Arc::default() };
        let querying = clients.querying()?;
        Ok(Self {
            clients,
            querying,
            topics: RwLock::default(),
            cluster_id: Mutex::default(),
            appender: Appender::default(),
            pool: Pool::new(readers_max),
            signal: Arc::default(),
            groups: Groups::default(),
            prepared: Prepared::default(),
            admin: Mutex::default(),
        })
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.clients.settings
    }

    pub(super) fn problems(&self) -> &Arc<Problems> {
        &self.clients.problems
    }

    /// For making errors, with what the connections have told up to now.
    pub(super) fn errors(&self) -> Errors<'_> {
        self.listen();
        Errors { settings: self.settings(), problems: self.problems() }
    }

    /// Takes what the client for queries has told: its context hears it.
    pub(super) fn listen(&self) {
        for _ in 0..EVENTS_AT_ONCE {
            if self.querying.poll(Duration::ZERO).is_none() {
                return;
            }
        }
    }

    /// A client for administration.
    pub(super) fn admin(&self) -> Result<Arc<AdminClient<Context>>, Error> {
        let mut admin = self.admin.lock();
        let client = match admin.take() {
            Some((client, _)) => client,
            None => Arc::new(self.clients.admin()?),
        };
        *admin = Some((client.clone(), Instant::now()));
        Ok(client)
    }

    /// How long administration may take.
    pub(super) fn admin_options(&self) -> AdminOptions {
        let timeout = Some(self.settings().request_timeout);
        AdminOptions::new().request_timeout(timeout).operation_timeout(timeout)
    }

    /// A topic by name, asked for at the first time.
    pub(super) fn topic(&self, topic: &str) -> Result<Arc<TopicState>, Error> {
        if let Some(known) = self.topics.read().get(topic) {
            return Ok(known.clone());
        }
        self.load(topic)
    }

    /// Batches that every known topic takes.
    pub(super) fn batch_bytes_max(&self) -> usize {
        self.topics.read().values().map(|known| known.topic.spec.max_message_bytes).fold(BATCH_BYTES_MAX, usize::min)
    }

    /// Asks where partitions end (or begin), for readers of what is committed; in the order given.
    ///
    /// # Errors
    /// When nobody answers. A single partition that can't answer has its own error.
    pub(super) fn bounds(&self, partitions: &[&Partition], bound: Place, timeout: Duration) -> Result<Vec<Result<Offset, Error>>, Error> {
        let [first, ..] = partitions else { return Ok(Vec::new()) };
        let doing = Doing::Bounds(&first.topic);
        let mut asked = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            let added = asked.add_partition_offset(&partition.topic, partition.number as i32, bound);
            added.map_err(|error| self.errors().failed(doing, &error))?;
        }
        let deadline = Instant::now() + timeout;
        let told = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let told = self.querying.offsets_for_times(asked.clone(), left);
            let passing = match &told {
                Ok(told) => told.elements().iter().any(|element| element.error().is_err_and(|error| is_passing(&error))),
                Err(error) => is_passing(error),
            };
            if !passing || Instant::now() + BOUNDS_PAUSE >= deadline {
                break told.map_err(|error| self.errors().failed(doing, &error))?;
            }
            std::thread::sleep(BOUNDS_PAUSE);
        };
        self.problems().over();
        let offset = |partition: &&Partition| {
            let doing = Doing::Bounds(&partition.topic);
            let Some(told) = told.find_partition(&partition.topic, partition.number as i32) else {
                return Err(self.errors().unavailable(doing, "no answer for the partition"));
            };
            told.error().map_err(|error| self.errors().failed(doing, &error))?;
            match told.offset() {
                Place::Offset(offset) => Ok(offset),
                other => Err(self.errors().unavailable(doing, &format!("the answer is {other:?}"))),
            }
        };
        Ok(partitions.iter().map(offset).collect())
    }

    fn bound(&self, partition: &Partition, bound: Place) -> Result<Offset, Error> {
        let no_answer = || Err(self.errors().unavailable(Doing::Bounds(&partition.topic), "no answer for the partition"));
        self.bounds(&[partition], bound, self.settings().request_timeout)?.pop().unwrap_or_else(no_answer)
    }

    /// Asks where one partition ends, and whoever waits for that learns it.
    pub(super) fn ask_end(&self, partition: &Partition) -> Result<Offset, Error> {
        let end = self.bound(partition, Place::End)?;
        let mut view = partition.view.lock();
        let woken = view.ends_at(end);
        let end = view.end().unwrap_or(end);
        drop(view);
        wake(woken);
        Ok(end)
    }

    /// Asks where one partition begins.
    pub(super) fn ask_start(&self, partition: &Partition) -> Result<Offset, Error> {
        let start = self.bound(partition, Place::Beginning)?;
        let mut view = partition.view.lock();
        view.starts_at(start);
        Ok(view.start())
    }

    /// See [`crate::Log::read`].
    pub(super) fn read(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<ReadBatch, Error> {
        let known = self.topic(topic)?;
        let partition = known.partition(partition)?;
        if from < 0 {
            return Err(partition.trimmed(self.ask_start(partition)?));
        }
        let mut position = from;
        let mut asked = false;
        let mut out_of_range = 0;
        loop {
            let look = partition.view.lock().look(position, limit, asked);
            match look {
                Look::Batch(batch) => {
                    if batch.records.is_empty() {
                        self.signal.rouse();
                    }
                    return Ok(batch);
                }
                Look::Trimmed { start } => return Err(partition.trimmed(start)),
                Look::PastEnd { end } => return Err(partition.past_end(end)),
                Look::Ask => {
                    self.ask_end(partition)?;
                    asked = true;
                }
                Look::Fetch { from, stop, end } => match self.fetch(partition, from, stop, end, limit)? {
                    Some(fetched) => {
                        let mut view = partition.view.lock();
                        if fetched.records.is_empty() {
                            view.is_hole(from, fetched.next_offset);
                            position = fetched.next_offset;
                            continue;
                        }
                        let end_offset = view.end().unwrap_or(end).max(fetched.next_offset);
                        return Ok(ReadBatch { end_offset, ..fetched });
                    }
                    // Not between the broker's bounds: somebody has trimmed, or the log is another one.
                    None => {
                        let start = self.ask_start(partition)?;
                        let end = self.bound(partition, Place::End)?;
                        if position < start {
                            return Err(partition.trimmed(start));
                        }
                        if position > end {
                            return Err(partition.past_end(end));
                        }
                        out_of_range += 1;
                        if out_of_range > OUT_OF_RANGE_MAX {
                            let what = format!("offset {position} is between {start} and {end}, yet out of range");
                            return Err(self.errors().unavailable(Doing::Read(topic), &what));
                        }
                    }
                },
            }
        }
    }

    /// Gives up what nobody has used for some time.
    pub(super) fn sweep(&self) {
        let mut admin = self.admin.lock();
        let unused = match &*admin {
            Some((client, used)) if Arc::strong_count(client) == 1 && used.elapsed() > ADMIN_KEPT_FOR => admin.take(),
            _ => None,
        };
        drop(admin);
        drop(unused);
        self.pool.sweep();
        for known in self.topics.read().values() {
            known.partitions.iter().for_each(|partition| partition.view.lock().sweep());
        }
    }
}

/// Leaders change, and a new topic's are not known everywhere at once.
fn is_passing(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::OffsetNotAvailable
                | RDKafkaErrorCode::FencedLeaderEpoch
                | RDKafkaErrorCode::UnknownLeaderEpoch
                | RDKafkaErrorCode::ReplicaNotAvailable
                | RDKafkaErrorCode::KafkaStorageError
        )
    )
}
