//! The processes: each has a processor, a store that outlives it, and a way to the log.

use std::{sync::Arc, time::Duration};

use klamm_engine::Topics;
use klamm_log::Clock;
use klamm_messages::klamm::v1::CommandSettings;
use klamm_processor::{Config, Intervals, Processor, awaiting_sends, care, committer::Rounds, reclaimer};
use klamm_store::{Settings as StoreSettings, Store};
use klamm_supervise::Supervisor;

use crate::{
    executor::{Executor, TaskId},
    line::Line,
    program::FORGOTTEN,
    virtual_time::VirtualClock,
};

/// A store's rows, by partition.
pub type Snapshot = Vec<Vec<(Vec<u8>, Vec<u8>)>>;

/// A machine on which one process runs after the other.
pub struct Member {
    /// Its name in take-over records.
    pub name: String,
    /// Its store.
    pub store: Arc<Store>,
    /// What a crash leaves of the store at least, unless the disk goes too.
    pub flushed: Snapshot,
    /// Its clocks.
    pub clock: Arc<VirtualClock>,
    /// The process.
    pub up: Option<Up>,
}

/// A process.
pub struct Up {
    /// Its processor.
    pub processor: Arc<Processor>,
    /// Its log.
    pub line: Arc<Line>,
    /// Its committer.
    pub rounds: Rounds,
    /// Its tasks.
    background: Vec<TaskId>,
}

/// As many commands as no simulation leaves uncommitted.
pub const ROOMY_COMMANDS: u64 = 100_000;
/// As many bytes.
pub const ROOMY_BYTES: usize = 256 << 20;

/// How a process is set up; drawn once for each simulation.
#[derive(Debug, Clone)]
pub struct Limits {
    /// See [`Config`].
    pub loses_all_together: bool,
    /// See [`Config`].
    pub uncommitted_commands_max: u64,
    /// See [`Config`].
    pub uncommitted_bytes_max: usize,
    /// Some polls limit the rate of their queue.
    pub has_rates: bool,
}

impl Limits {
    /// Whether partitions are full now and then.
    pub fn are_tight(&self) -> bool {
        self.uncommitted_commands_max < ROOMY_COMMANDS || self.uncommitted_bytes_max < ROOMY_BYTES
    }
}

impl Up {
    /// A process that owns nothing yet, with its tasks.
    pub fn start(member: &Member, line: Line, topics: &Topics, limits: &Limits, executor: &Executor) -> Self {
        let supervisor = Supervisor::default();
        let config = Config {
            uncommitted_commands_max: limits.uncommitted_commands_max,
            uncommitted_bytes_max: limits.uncommitted_bytes_max,
            memory_limit: None,
            loses_all_together: limits.loses_all_together,
            // There is one thread: it can neither wait for acknowledgements nor recover side by side.
            acks_patience: Duration::ZERO,
            recoveries_max: 1,
            supervisor: supervisor.clone(),
            settings: settings(),
            clock: member.clock.clone() as Arc<dyn Clock>,
            checks: true,
            ..Config::new(topics.clone(), member.name.clone())
        };
        let line = Arc::new(line);
        let processor = Arc::new(Processor::new(config, line.clone(), member.store.clone()));
        let intervals = Intervals { idle_batch: Duration::from_secs(5), flush: Duration::from_secs(10), ..Intervals::default() };
        let rounds = Rounds::new(processor.clone(), intervals, supervisor.part("committer"));
        let clock = processor.clone();
        let background = vec![
            executor.spawn(awaiting_sends::run(processor.clone())),
            executor.spawn(care::run(processor.clone())),
            executor.spawn(reclaimer::run(processor.clone())),
            executor.spawn(klamm_scheduler::run(processor.clone(), move || clock.log_now(), supervisor)),
        ];
        Self { processor, line, rounds, background }
    }

    /// The partitions that the process owns, as far as it knows.
    pub fn here(&self) -> Vec<u32> {
        let take_overs = self.processor.take_overs().into_iter().zip(0..);
        take_overs.filter(|(take_over, _)| *take_over >= 0).map(|(_, number)| number).collect()
    }

    /// Whether the process owns the partition, as far as it knows.
    pub fn has(&self, number: u32) -> bool {
        self.here().contains(&number)
    }

    /// Its tasks are no more.
    pub fn stop(&mut self, executor: &Executor) {
        self.background.drain(..).for_each(|task| executor.cancel(task));
    }
}

/// What commands bring of a gateway's configuration.
pub fn settings() -> CommandSettings {
    CommandSettings {
        retention: Some(klamm_machine::time::to_proto(Duration::from_secs(86_400))),
        outcomes: vec!["*".to_owned()],
        outcome_only: vec![FORGOTTEN.to_owned()],
        ..CommandSettings::default()
    }
}

/// A store in memory without rows.
pub fn empty_store() -> Arc<Store> {
    Arc::new(Store::in_maps(&StoreSettings { reserve_bytes: 0, free_bytes: Some(Arc::new(|| None)), ..StoreSettings::default() }))
}

/// All rows of a store.
pub fn snapshot(store: &Store, partitions: u32) -> Snapshot {
    (0..partitions).map(|partition| rows(store, partition)).collect()
}

/// Makes the store what it was.
pub fn restore(store: &Store, partitions: u32, snapshot: &Snapshot) {
    for partition in 0..partitions {
        let gone = rows(store, partition).into_iter().map(|(key, _)| (key, None));
        let kept = snapshot.get(partition as usize).cloned().unwrap_or_default().into_iter().map(|(key, value)| (key, Some(value)));
        store.write(partition as u16, gone.chain(kept).collect::<Vec<_>>()).expect("a store in memory");
    }
}

fn rows(store: &Store, partition: u32) -> Vec<(Vec<u8>, Vec<u8>)> {
    store.scan(partition as u16, &[], &[], usize::MAX).expect("a store in memory")
}
