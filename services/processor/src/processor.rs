//! The process's partitions, and what happens around a command.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use klamm_cluster::namespaces;
use klamm_engine::{
    Error as EngineError, Partition, Topics, fold,
    partition::{Handled, Settings, command_record},
    recover::{self, Report},
    topic,
};
use klamm_log::{Error as LogError, Log, Offset, ReadLimit, Stored, Transactional};
use klamm_machine::{Kind, Rejection, Row, TablesExt, Time, key};
use klamm_messages::klamm::v1::{Command, NamespaceState, RunState, TaskRow, WakeRow, command::Body};
use klamm_store::Store;
use klamm_workflow::tables::Tasks;
use parking_lot::{Mutex, MutexGuard, RwLock};

use crate::{
    answers::Answers,
    backend::{Error, Reply},
    codec::AvroCodec,
    lease::Lease,
    log_clock::LogClock,
    machines::{Answered, Machines},
    ownership::Ownership,
    queries::Queries,
    sends::Sends,
    task_queues::TaskQueues,
    wakes::Wakes,
    watchers::Watchers,
};

/// A partition as this process drives it.
pub type OwnedPartition = Partition<Machines, AvroCodec>;

/// How a processor is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Names of the topics and number of partitions.
    pub topics: Topics,
    /// Name of this process in take-over records.
    pub member: String,
    /// Commands that may wait for their transaction before new ones are refused.
    pub uncommitted_commands_max: u64,
    /// Bytes of outputs likewise.
    pub uncommitted_bytes_max: usize,
    /// The right to read.
    pub lease: Lease,
}

impl Config {
    /// The design's limits: 100,000 commands, 256 MiB; nobody else can own the partitions.
    pub fn new(topics: Topics, member: String) -> Self {
        Self { topics, member, uncommitted_commands_max: 100_000, uncommitted_bytes_max: 256 << 20, lease: Lease::always() }
    }
}

/// Owns partitions: decides their commands, hands out their tasks, answers reads.
///
/// There is no thread per partition: whoever has appended a command drives its partition up to it (on the embedded log an append
/// is durable and readable when it returns). Several drivers of one partition take turns by its lock.
pub struct Processor {
    pub(crate) config: Config,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) store: Arc<Store>,
    pub(crate) codec: Arc<AvroCodec>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) answers: Answers,
    pub(crate) task_queues: TaskQueues,
    pub(crate) queries: Queries,
    pub(crate) watchers: Watchers,
    pub(crate) namespaces: RwLock<Arc<BTreeMap<String, NamespaceState>>>,
    pub(crate) commands_topic: Arc<str>,
    /// The process is stopping: no new commands.
    pub(crate) closing: AtomicBool,
    /// Positions shown last: next command offsets by partition.
    pub(crate) shown_positions: Mutex<Vec<(u32, Offset)>>,
    pub(crate) ownership: Ownership,
    pub(crate) log_clock: LogClock,
    /// Metric klamm_commands_total, looked up once.
    commands_total: metrics::Counter,
}

/// One partition and its producer.
pub(crate) struct Slot {
    pub(crate) partition: Mutex<OwnedPartition>,
    pub(crate) producer: Mutex<Option<Box<dyn Transactional>>>,
    pub(crate) sends: Sends,
    /// Offset of the own take-over record.
    pub(crate) take_over: Offset,
    /// Why the partition cannot go on; it answers Unavailable with this.
    pub(crate) failed: RwLock<Option<String>>,
    /// Too much waits for its transaction.
    pub(crate) full: AtomicBool,
    pub(crate) wakes: Wakes,
}

impl Processor {
    /// Becomes the owner of every partition (the topics are there), replays what was not committed, and offers the tasks that wait.
    ///
    /// # Errors
    /// The log's and the store's, with what was being done.
    pub fn start(config: Config, log: Arc<dyn Log>, store: Arc<Store>) -> Result<(Self, Vec<Report>), EngineError> {
        let commands_topic = config.topics.full(topic::COMMANDS);
        let settings = Settings {
            topics: config.topics.clone(),
            commands_topic_id: log.topic(&commands_topic)?.id.clone(),
            member: config.member.clone(),
            uncommitted_commands_max: config.uncommitted_commands_max,
            uncommitted_bytes_max: config.uncommitted_bytes_max,
        };
        let codec = Arc::new(AvroCodec);
        let machines = Arc::new(Machines::default());
        let recover = |number| recover::recover(number, machines.clone(), codec.clone(), settings.clone(), &*log, store.clone());
        // On a broker each of them waits most of the time.
        let recovered = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..config.topics.partitions).map(|number| scope.spawn(move || recover(number))).collect();
            threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
        });
        let mut slots = Vec::new();
        let mut reports = Vec::new();
        for owned in recovered {
            let owned = owned.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            reports.push(owned.report);
            slots.push(Slot {
                take_over: owned.partition.owner().1,
                partition: Mutex::new(owned.partition),
                producer: Mutex::new(Some(owned.producer)),
                sends: Sends::default(),
                failed: RwLock::new(None),
                full: AtomicBool::new(false),
                wakes: Wakes::default(),
            });
        }
        let processor = Self {
            // Commands that an earlier processor of this process appended must not find somebody waiting here.
            answers: Answers::new(uuid::Uuid::new_v4().to_string()),
            ownership: Ownership::new(config.lease.clone()),
            log_clock: LogClock::default(),
            shown_positions: Mutex::default(),
            config,
            log,
            store,
            codec,
            slots,
            task_queues: TaskQueues::default(),
            queries: Queries::default(),
            watchers: Watchers::default(),
            namespaces: RwLock::default(),
            commands_topic,
            closing: AtomicBool::new(false),
            commands_total: metrics::counter!("klamm_commands_total"),
        };
        // Sends of the replay may have reached partitions that were recovered before.
        processor.drive((0..processor.partition_count()).collect());
        for number in 0..processor.partition_count() {
            processor.offer_stored_tasks(number);
        }
        processor.refresh_namespaces();
        Ok((processor, reports))
    }

    /// Number of partitions.
    pub fn partition_count(&self) -> u32 {
        self.slots.len() as u32
    }

    /// The partition that takes a command.
    pub fn partition_of(&self, command: &Command) -> u32 {
        match command.body {
            Some(Body::Cluster(_)) => 0,
            _ => key::partition_of(&command.namespace, &command.workflow_id, self.partition_count()),
        }
    }

    /// Appends a command and drives its partition; gives the answer.
    ///
    /// # Errors
    /// As [`Backend::submit`](crate::Backend::submit).
    pub async fn submit_to(&self, partition: u32, mut command: Command) -> Result<Reply, Error> {
        let slot = &self.slots[partition as usize];
        self.check(slot)?;
        let reserved = self.reserve(partition, &mut command);
        let (record, expected) = self.answers.expect(command_record(&*self.codec, &command), reserved);
        // A caller that goes away meanwhile leaves its command to the next driver: the committer's round at the latest.
        let appended = match self.log.append_async(&self.commands_topic, partition, record).await {
            Ok(appended) => appended,
            Err(error) => {
                expected.withdraw();
                return Err(append_error(error));
            }
        };
        self.log_clock.acknowledged(appended.timestamp_ms);
        self.drive(vec![partition]);
        match expected.wait().await {
            Some(Ok(klamm_machine::Outcome::Answer(reply))) => Ok(reply),
            Some(Ok(klamm_machine::Outcome::Refused(rejection)) | Err(rejection)) => Err(Error::Rejected(rejection)),
            None => {
                let reason = self.ownership.lost().unwrap_or("The partition has stopped").trim_end_matches('.');
                Err(Error::Unavailable(format!("{reason}. The request may take effect.")))
            }
        }
    }

    /// Appends commands that nobody waits for, drives their partition, and waits until what they sent stands: so that whoever appends
    /// much goes no faster than the partitions that get it. On an error some of them may stand there.
    ///
    /// # Errors
    /// As [`Processor::submit_to`].
    pub(crate) async fn append_all(&self, partition: u32, commands: &[Command]) -> Result<(), Error> {
        if commands.is_empty() {
            return Ok(());
        }
        self.check(&self.slots[partition as usize])?;
        let records = commands.iter().map(|command| command_record(&*self.codec, command)).collect();
        let mut outcome = Ok(());
        for appending in self.log.append_group(&self.commands_topic, partition, records) {
            match appending.await {
                Ok(appended) => self.log_clock.acknowledged(appended.timestamp_ms),
                Err(error) => outcome = Err(append_error(error)),
            }
        }
        self.drive(vec![partition]);
        self.all_sent(partition).await;
        outcome
    }

    /// A partition, locked: for reads.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the partition has failed, or when another process may own it.
    pub(crate) fn read(&self, partition: u32) -> Result<MutexGuard<'_, OwnedPartition>, Error> {
        self.ownership.check_lease()?;
        let slot = &self.slots[partition as usize];
        if let Some(reason) = &*slot.failed.read() {
            return Err(Error::Unavailable(reason.clone()));
        }
        Ok(slot.partition.lock())
    }

    /// Handles all commands that stand on these partitions, and on those that they send to.
    pub(crate) fn drive(&self, mut partitions: Vec<u32>) {
        while let Some(number) = partitions.pop() {
            let slot = &self.slots[number as usize];
            if slot.failed.read().is_some() {
                continue;
            }
            match self.drive_one(slot, &mut partitions) {
                Ok(()) => {}
                Err(EngineError::Log(error @ (LogError::Unavailable { .. } | LogError::InDoubt { .. } | LogError::Denied { .. }))) => {
                    // The committer drives every partition in each of its rounds.
                    tracing::warn!(partition = number, error = %error, "commands wait to be read");
                }
                Err(error) => self.fail(number, &error),
            }
        }
    }

    /// Offsets of the own take-over records, one per partition.
    pub fn take_overs(&self) -> Vec<Offset> {
        self.slots.iter().map(|slot| slot.take_over).collect()
    }

    /// Whether this process still owns the partitions.
    pub fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    /// The log's time, as its acknowledgements show it; never ahead of it.
    pub fn log_now(&self) -> Time {
        self.log_clock.now()
    }

    /// Gives all partitions up: whoever waits is told `reason`, nothing is committed any more.
    pub fn lose(&self, reason: String) {
        tracing::info!(reason, "the partitions are given up");
        self.ownership.lose(reason);
        self.answers.clear();
    }

    /// The partition stops for good: it answers Unavailable until the process is restarted. One that another process has taken over is
    /// lost, and all others with it.
    pub(crate) fn fail(&self, number: u32, error: &EngineError) {
        if matches!(error, EngineError::Overtaken { .. } | EngineError::Version { .. }) {
            self.lose(error.to_string());
            return;
        }
        tracing::error!(partition = number, error = %error, "the partition stops");
        metrics::gauge!("klamm_partition_failed", "partition" => number.to_string()).set(1.0);
        *self.slots[number as usize].failed.write() = Some(format!("Partition {number} has stopped: {error}"));
    }

    fn check(&self, slot: &Slot) -> Result<(), Error> {
        if let Some(reason) = &*slot.failed.read() {
            return Err(Error::Unavailable(reason.clone()));
        }
        self.ownership.check()?;
        if self.closing.load(Ordering::Relaxed) {
            return Err(Error::Unavailable("klamm is shutting down.".to_owned()));
        }
        if slot.full.load(Ordering::Relaxed) {
            return Err(Error::Exhausted("Too many changes wait to be written; try again later.".to_owned()));
        }
        Ok(())
    }

    fn drive_one(&self, slot: &Slot, targets: &mut Vec<u32>) -> Result<(), EngineError> {
        let mut partition = slot.partition.lock();
        loop {
            if self.ownership.lost().is_some() {
                return Ok(());
            }
            slot.full.store(partition.is_full(), Ordering::Relaxed);
            if partition.is_full() {
                return Ok(());
            }
            let batch = self.log.read(&self.commands_topic, partition.number(), partition.next_offset(), ReadLimit::default())?;
            if batch.records.is_empty() {
                return Ok(());
            }
            for stored in &batch.records {
                let handled = partition.handle(stored)?;
                let number = partition.number();
                let (owner, offset) = partition.owner();
                if offset > slot.take_over {
                    return Err(EngineError::Overtaken { partition: number, member: owner.to_owned(), offset });
                }
                self.effects(slot, stored, handled);
            }
            if partition.first_unsent().is_some() {
                drop(partition);
                self.begin_sends(slot, targets);
                partition = slot.partition.lock();
            }
        }
    }

    /// What others see of a handled command: tasks, wake rows, watchers, its answer.
    fn effects(&self, slot: &Slot, stored: &Stored, handled: Handled<Answered>) {
        self.commands_total.increment(1);
        for (key, change) in handled.changes {
            let Some(&kind) = key.first() else { continue };
            if kind == Kind::Task as u8 {
                match change.and_then(downcast::<TaskRow>) {
                    Some(row) => self.task_queues.add(key, row),
                    None => self.task_queues.remove(&key),
                }
            } else if kind == Kind::Run as u8 {
                if !self.watchers.is_empty()
                    && let Some(run) = change.and_then(downcast::<RunState>)
                {
                    self.watchers.changed(&key, &run);
                }
            } else if kind == Kind::Wake as u8 {
                if let Some(row) = change.and_then(downcast::<WakeRow>) {
                    slot.wakes.appeared(&row);
                }
            } else if kind == Kind::Namespace as u8
                && let Some(state) = change.and_then(downcast::<NamespaceState>)
            {
                let mut namespaces = self.namespaces.write();
                Arc::make_mut(&mut namespaces).insert(state.name.clone(), NamespaceState::clone(&state));
            }
        }
        if let Some(answer) = handled.answer {
            if let Err(Rejection::Internal(reason)) = &answer {
                tracing::error!(offset = stored.offset, reason, "command skipped");
            }
            self.answers.answer(&stored.record, answer);
        }
    }

    fn refresh_namespaces(&self) {
        let (from, to) = namespaces::all();
        let partition = self.slots[0].partition.lock();
        let rows = partition.tables().range::<klamm_cluster::Namespaces>(&from, &to, usize::MAX);
        let states = rows.into_iter().map(|(_, state)| (state.name.clone(), NamespaceState::clone(&state))).collect();
        *self.namespaces.write() = Arc::new(states);
    }

    fn offer_stored_tasks(&self, number: u32) {
        const PAGE: usize = 1_000;
        let to = key::prefix_end(&[Kind::Task as u8]);
        let mut from = vec![Kind::Task as u8];
        loop {
            let rows = self.slots[number as usize].partition.lock().tables().range::<Tasks>(&from, &to, PAGE);
            let Some((last, _)) = rows.last() else { return };
            from = [last.as_slice(), &[0]].concat();
            for (key, row) in rows {
                self.task_queues.add(key, row);
            }
        }
    }

    /// Why a partition cannot go on; `None` while all can.
    pub fn failure(&self) -> Option<String> {
        self.slots.iter().find_map(|slot| slot.failed.read().clone())
    }

    /// Takes no new commands from now on.
    pub fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// Where the store of a partition stands, as its own row says.
    ///
    /// # Errors
    /// The store's.
    pub fn stored_position(&self, partition: u32) -> Result<Option<klamm_messages::klamm::v1::PositionRow>, EngineError> {
        fold::position(&self.store, partition)
    }
}

/// A changed row in its own type.
fn downcast<R: Send + Sync + 'static>(row: Arc<dyn Row>) -> Option<Arc<R>> {
    row.into_any().downcast::<R>().ok()
}

fn append_error(error: LogError) -> Error {
    match error {
        LogError::TooLarge { .. } => Error::Rejected(Rejection::invalid(error.to_string())),
        LogError::Full { .. } => Error::Exhausted(error.to_string()),
        _ => Error::Unavailable(error.to_string()),
    }
}
