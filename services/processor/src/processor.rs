//! The processor: everything around the partitions of a process, put together.

use std::sync::Arc;

use klamm_callbacks::Breakers;
use klamm_engine::{Error as EngineError, recover::Report};
use klamm_log::{Log, Offset};
use klamm_machine::Time;
use klamm_messages::klamm::v1::{Command, PositionRow, ScheduleRemains};
use klamm_store::Store;

use crate::{
    asking::Asking,
    backend::Error,
    config::Config,
    dispatcher::Dispatcher,
    gaining,
    ownership::Ownership,
    partitions::Partitions,
    process::Process,
    queries::Queries,
    queue_metrics::QueueMetrics,
    reads::Reader,
    reservations::Reservations,
    submitting::Submitter,
    task_queues::{Figures, TaskQueues},
    updating::Updating,
    upkeep::Upkeep,
    verify::{self, Verified},
};

/// Owns partitions: decides their commands, hands out their tasks, answers reads.
///
/// There is no thread per partition: the call that has appended a command drives the command's partition up to it (on the embedded log an
/// append is durable and readable when it returns). Several drivers of one partition take turns with its lock.
///
/// A processor may own all partitions or some. Each is gained and lost independently.
pub struct Processor {
    pub(crate) process: Arc<Process>,
    pub(crate) partitions: Arc<Partitions>,
    pub(crate) upkeep: Upkeep,
    pub(crate) submitter: Arc<Submitter>,
    pub(crate) reader: Reader,
    pub(crate) asking: Asking,
    pub(crate) updating: Updating,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) queues: Arc<TaskQueues>,
    pub(crate) queries: Arc<Queries>,
    pub(crate) queue_metrics: QueueMetrics,
    pub(crate) breakers: Arc<Breakers>,
}

impl Processor {
    /// A processor that owns no partition yet. The topics exist.
    pub fn new(config: Config, log: Arc<dyn Log>, store: Arc<Store>) -> Self {
        let queues = Arc::new(TaskQueues::default());
        let queries = Arc::new(Queries::default());
        let process = Arc::new(Process::new(config, log, store, queues.clone()));
        let partitions = Arc::new(Partitions::new(process.clone()));
        let reader = Reader::new(partitions.clone());
        let reservations = Reservations::new(partitions.clone(), queues.clone());
        let submitter = Arc::new(Submitter::new(partitions.clone(), reservations));
        Self {
            upkeep: Upkeep::new(partitions.clone()),
            asking: Asking::new(reader.clone(), queues.clone(), queries.clone()),
            updating: Updating::new(partitions.clone(), submitter.clone(), reader.clone()),
            dispatcher: Dispatcher::new(partitions.clone(), submitter.clone(), reader.clone(), queues.clone(), queries.clone()),
            process,
            partitions,
            submitter,
            reader,
            queues,
            queries,
            queue_metrics: QueueMetrics::default(),
            breakers: Arc::default(),
        }
    }

    /// Becomes the owner of every partition (the topics exist), replays what was not committed, and offers the tasks that wait.
    ///
    /// # Errors
    /// Those of the log and the store, with what was being done.
    pub fn start(config: Config, log: Arc<dyn Log>, store: Arc<Store>) -> Result<(Self, Vec<Report>), EngineError> {
        let processor = Self::new(config, log, store);
        let all: Vec<_> = (0..processor.partition_count()).collect();
        let reports = processor.gain(&all)?;
        Ok((processor, reports))
    }

    /// Becomes the owner of these partitions, as [`Processor::start`] does of all. Partitions that are here already go on meanwhile. Blocks
    /// its thread.
    ///
    /// # Errors
    /// Those of the log and the store, with what was being done. Then the process has gained none of these partitions.
    pub fn gain(&self, partitions: &[u32]) -> Result<Vec<Report>, EngineError> {
        gaining::gain(&self.partitions, &self.upkeep, partitions)
    }

    /// What each task queue shows in metrics.
    pub fn task_queue_figures(&self) -> Vec<Figures> {
        self.queues.figures()
    }

    /// Number of all partitions, here or elsewhere.
    pub fn partition_count(&self) -> u32 {
        self.partitions.count()
    }

    /// The partition that takes a command.
    pub fn partition_of(&self, command: &Command) -> u32 {
        self.partitions.of_command(command)
    }

    /// Offsets of this process's take-over records, one for each partition; -1 for a partition that is not here.
    pub fn take_overs(&self) -> Vec<Offset> {
        let here = self.partitions.here();
        (0..self.partition_count()).map(|number| here.get(&number).map_or(-1, |owned| owned.take_over())).collect()
    }

    /// Whether this process still owns the partitions.
    pub fn ownership(&self) -> &Ownership {
        &self.process.ownership
    }

    /// The log's time, as its acknowledgements show it. It is never ahead of the log's clock.
    pub fn log_now(&self) -> Time {
        self.process.log_clock.now()
    }

    /// Gives all partitions up. All who wait get `reason`, and nothing is committed any more.
    pub fn lose(&self, reason: String) {
        self.partitions.lose_all(reason);
    }

    /// Gives one partition up, if it is here. All who wait for it get `reason`. The other partitions go on, unless the process loses all
    /// together ([`Config::loses_all_together`]).
    pub fn lose_partition(&self, number: u32, reason: String) {
        if let Some(owned) = self.partitions.find(number) {
            self.partitions.lose(&owned, reason);
        }
    }

    /// Commits what waits in a partition. Does nothing when too little waits (unless `everything`), or when its sends are not acknowledged.
    /// Gives
    /// whether there was a transaction.
    pub fn commit(&self, number: u32, everything: bool) -> bool {
        self.partitions.commit(number, everything)
    }

    /// Makes the log durable, then the store, so that the store is never ahead of the log.
    pub fn flush(&self) {
        self.upkeep.flush();
    }

    /// Commits what waits in a partition. Then compares a snapshot of its store with a store that is folded anew from its topics up to the
    /// same place. The partition goes on meanwhile.
    ///
    /// # Errors
    /// Those of the log and the two stores.
    pub fn verify(&self, number: u32) -> Result<Verified, EngineError> {
        verify::verify(&self.partitions, number)
    }

    /// What is left of a deleted schedule, while its decisions are kept and no other schedule has its id.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn deleted_schedule(&self, namespace: &str, schedule_id: &str) -> Result<Option<Arc<ScheduleRemains>>, Error> {
        self.reader.deleted_schedule(namespace, schedule_id)
    }

    /// About how many bytes of memory hold uncommitted changes.
    pub fn uncommitted_bytes(&self) -> usize {
        self.process.memory.used()
    }

    /// Why a partition that is here does not work; `None` while all work.
    pub fn failure(&self) -> Option<String> {
        self.partitions.here().values().find_map(|owned| owned.standing().problem())
    }

    /// Why this partition does not work; `None` when it works, or is not here.
    pub fn partition_failure(&self, number: u32) -> Option<String> {
        self.partitions.find(number)?.standing().problem()
    }

    /// Takes no new commands from now on.
    pub fn close(&self) {
        self.process.close();
    }

    /// How far the store of a partition has come, as its own row says.
    ///
    /// # Errors
    /// Those of the store.
    pub fn stored_position(&self, partition: u32) -> Result<Option<PositionRow>, EngineError> {
        self.upkeep.stored_position(partition)
    }
}
