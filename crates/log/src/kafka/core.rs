//! What the handles of one log share.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_supervise::{Part, Supervisor};
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
    groups::Groups,
    partition::Partition,
    pool::Pool,
    prepared::Prepared,
    producer::Appender,
    settings::Settings,
    signal::Signal,
};
use crate::{Error, Offset, Topic, wakers::wake};

/// An unused administration client is kept for so long.
const ADMIN_KEPT_FOR: Duration = Duration::from_secs(10);

/// Events of a client that are taken at once.
const EVENTS_AT_ONCE: usize = 100;

/// No record has the time that was asked for.
const NONE: Offset = -1;
/// Pause between two attempts to learn bounds.
const BOUNDS_PAUSE: Duration = Duration::from_millis(20);

/// Clients and what is known of topics.
pub(super) struct Core {
    pub(super) clients: Clients,
    /// For metadata and offsets.
    pub(super) querying: BaseConsumer<Context>,
    pub(super) topics: RwLock<HashMap<Arc<str>, Arc<TopicState>>>,
    /// When the partitions of topics were last counted.
    pub(super) counted: Mutex<HashMap<Arc<str>, Instant>>,
    pub(super) cluster_id: Mutex<Option<Arc<str>>>,
    pub(super) appender: Appender,
    pub(super) pool: Pool,
    pub(super) signal: Arc<Signal>,
    pub(super) groups: Groups,
    pub(super) prepared: Prepared,
    pub(super) supervisor: Supervisor,
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
    pub(super) fn new(settings: Settings, supervisor: Supervisor) -> Result<Self, Error> {
        settings.check()?;
        let readers_max = settings.readers_max.max(1);
        let clients = Clients { settings, problems: Arc::default() };
        let querying = clients.querying()?;
        Ok(Self {
            clients,
            querying,
            topics: RwLock::default(),
            counted: Mutex::default(),
            cluster_id: Mutex::default(),
            appender: Appender::default(),
            pool: Pool::new(readers_max),
            signal: Arc::default(),
            groups: Groups::default(),
            prepared: Prepared::default(),
            supervisor,
            admin: Mutex::default(),
        })
    }

    /// A part for one of the log's threads. Its name includes the log's name, so that the threads of several logs differ.
    pub(super) fn part(&self, thread: &str) -> Part {
        match self.settings().name.as_str() {
            "" => self.supervisor.part(thread),
            name => self.supervisor.part(format!("{thread}/{name}")),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.clients.settings
    }

    pub(super) fn problems(&self) -> &Arc<Problems> {
        &self.clients.problems
    }

    /// Makes errors that tell what the connections have reported up to now.
    pub(super) fn errors(&self) -> Errors<'_> {
        self.listen();
        Errors { settings: self.settings(), problems: self.problems() }
    }

    /// Polls the client for queries, so that its context gets the client's events.
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

    /// The largest batch that every known topic takes.
    pub(super) fn batch_bytes_max(&self) -> usize {
        self.topics.read().values().map(|known| known.topic.spec.max_message_bytes).fold(BATCH_BYTES_MAX, usize::min)
    }

    /// Asks where partitions end (or begin) for readers of committed records. The answers are in the order of `partitions`.
    ///
    /// # Errors
    /// When no broker answers. A single partition without an answer has an error in its place of the list.
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
                // Asked for a time that no record has.
                Place::End => Ok(NONE),
                other => Err(self.errors().unavailable(doing, &format!("the answer is {other:?}"))),
            }
        };
        Ok(partitions.iter().map(offset).collect())
    }

    /// Asks where one partition ends or begins.
    pub(super) fn bound(&self, partition: &Partition, bound: Place) -> Result<Offset, Error> {
        let no_answer = || Err(self.errors().unavailable(Doing::Bounds(&partition.topic), "no answer for the partition"));
        self.bounds(&[partition], bound, self.settings().request_timeout)?.pop().unwrap_or_else(no_answer)
    }

    /// Asks where one partition ends, and wakes those who wait for that end.
    pub(super) fn ask_end(&self, partition: &Partition) -> Result<Offset, Error> {
        let end = self.bound(partition, Place::End)?;
        let mut view = partition.view.lock();
        let woken = view.ends_at(end);
        let end = view.end().unwrap_or(end);
        drop(view);
        wake(woken);
        Ok(end)
    }

    /// Asks for the first record of a partition whose time is not below this one.
    pub(super) fn ask_at(&self, partition: &Partition, time_ms: i64) -> Result<Offset, Error> {
        match self.bound(partition, Place::Offset(time_ms.max(0)))? {
            NONE => self.ask_end(partition),
            offset => Ok(offset),
        }
    }

    /// Asks where one partition begins.
    pub(super) fn ask_start(&self, partition: &Partition) -> Result<Offset, Error> {
        let start = self.bound(partition, Place::Beginning)?;
        let mut view = partition.view.lock();
        view.starts_at(start);
        Ok(view.start())
    }

    /// Drops clients that nobody has used for some time.
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

/// Whether the error goes away by itself: leaders change, and not every broker knows the leaders of a new topic at once.
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
