//! A simulated installation: one log, two members, clients, a scheduler, and everything that goes wrong.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

use klamm_engine::{NamespaceTopic, Topics, fold::Pace, partition::Settings, topic};
use klamm_log::{Cleanup, Log, ManualClock, MemoryLog, ReadLimit, TopicSpec, memory};
use klamm_messages::klamm::v1::WakeRow;
use klamm_store::Store;

use crate::{
    checks::{commands::Commands, effects, outputs::Outputs, state},
    clients::Clients,
    faults::Faults,
    instance::{Instance, records},
    machine::NAMESPACE,
    prng::Prng,
    stores::{Snapshot, Stores},
};

/// Virtual time at the beginning.
pub const START_MS: i64 = 1_700_000_000_000;

/// What happened, a line each.
pub type Trace = Rc<RefCell<String>>;

/// A process.
pub struct Member {
    /// Its store.
    pub store: Arc<Store>,
    /// What a crash leaves of it at least, unless the disk goes too.
    pub flushed: Snapshot,
}

/// The whole installation.
pub struct World {
    /// What decides everything.
    pub rng: Prng,
    /// Virtual time.
    pub clock: Arc<ManualClock>,
    /// The log.
    pub log: MemoryLog,
    /// Its faults.
    pub faults: Faults,
    /// Names of its topics.
    pub topics: Topics,
    /// Settings of every partition, the member aside.
    pub settings: Settings,
    /// The processes.
    pub members: Vec<Member>,
    /// Their partitions: owners and zombies.
    pub instances: Vec<Instance>,
    /// Who asks.
    pub clients: Clients,
    /// Holders that each partition's transactional id has had.
    pub holders: BTreeMap<u32, u64>,
    /// Wake-ups on their way: partition and row.
    pub delayed: Vec<(u32, WakeRow)>,
    /// Checks the command log and the answers.
    pub commands: Commands,
    /// Checks the outputs.
    pub outputs: Outputs,
    /// For rebuilt states.
    pub rebuilt: Arc<Store>,
    /// Most requests of clients.
    pub requests_max: usize,
    trace: Trace,
}

impl World {
    /// A new installation, all of it decided by `seed`, over emptied stores.
    pub fn new(seed: u64, stores: &Stores, trace: Trace) -> Self {
        stores.wipe();
        let mut rng = Prng::new(seed);
        let clock = Arc::new(ManualClock::new(START_MS));
        let transaction_marks = rng.chance(70);
        let log = MemoryLog::new(clock.clone(), memory::Settings { transaction_marks, ..memory::Settings::default() });
        let topics = Topics::new("sim.", rng.weighted(&[(2, 1), (4, 2), (4, 4)]));
        // Records go there by their own keys; where the topic is not declared, they go nowhere.
        let outcomes = NamespaceTopic { partitions: Some(3), ..NamespaceTopic::outcomes(NAMESPACE) };
        let topics = topics.with_namespaces(Some(outcomes).filter(|_| rng.chance(80)));
        log.ensure_topics(&soon_compacted(&topics)).expect("an empty log");
        let percent = rng.weighted(&[(1, 0), (2, 3), (3, 10), (1, 30)]);
        let faults = Faults::install(&log, rng.next(), percent);
        let settings = Settings {
            topics: topics.clone(),
            commands_topic_id: log.topic(&topics.full(topic::COMMANDS)).expect("it was made").id.clone(),
            member: String::new(),
            uncommitted_commands_max: 3 + rng.below(40) as u64,
            uncommitted_bytes_max: rng.weighted(&[(1, 2_000), (3, 1 << 20)]),
            fold_pace: Pace {
                rows_per_write: rng.weighted(&[(2, 1), (2, 3), (1, 10), (1, 10_000)]),
                read: ReadLimit { records: rng.weighted(&[(2, 1), (2, 4), (1, 1_000)]), ..ReadLimit::default() },
            },
            checks: true,
        };
        let members = stores.members.iter().map(|store| Member { store: store.clone(), flushed: Snapshot::new() }).collect();
        let world = Self {
            requests_max: 20 + rng.below(60),
            rng,
            clock,
            log,
            faults,
            members,
            instances: Vec::new(),
            clients: Clients::default(),
            holders: BTreeMap::new(),
            delayed: Vec::new(),
            commands: Commands::new(topics.partitions),
            outputs: Outputs::default(),
            rebuilt: stores.rebuilt.clone(),
            topics,
            settings,
            trace,
        };
        world.note(|| format!("seed {seed}: {} partitions, {percent} % faults", world.topics.partitions));
        world
    }

    /// Adds a line to the trace.
    pub fn note(&self, line: impl FnOnce() -> String) {
        let mut trace = self.trace.borrow_mut();
        trace.push_str(&line());
        trace.push('\n');
    }

    /// Full name of the commands topic.
    pub fn commands_topic(&self) -> Arc<str> {
        self.topics.full(topic::COMMANDS)
    }

    /// The owner of a partition.
    pub fn owner(&self, partition: u32) -> Option<usize> {
        self.instances.iter().position(|instance| !instance.zombie && instance.partition.number() == partition)
    }

    /// Somebody became the holder of a partition's transactional id; which one in turn. Nobody before it can commit any more.
    pub fn next_holder(&mut self, partition: u32) -> u64 {
        let holders = self.holders.entry(partition).or_default();
        *holders += 1;
        *holders
    }

    /// Whether somebody became a holder of the partition's transactional id after this instance.
    ///
    /// An owner does not know it at once: a zombie that settles a commit in doubt becomes a holder before it finds out that it is one. Where the
    /// owner has committed nothing yet, the zombie finds nothing that tells it, and commits what it has decided.
    pub fn is_fenced(&self, instance: &Instance) -> bool {
        self.holders.get(&instance.partition.number()) != Some(&instance.holder)
    }

    /// Copies what has come to the command log and the outputs; checks the latter.
    pub fn read_log(&mut self) {
        let Self { faults, commands, outputs, log, topics, .. } = self;
        faults.paused(|| {
            commands.read(log, topics);
            outputs.read(log, topics);
        });
    }

    /// Checks a live partition: state, and for an owner effects. Whether its store could be compared.
    pub fn check(&mut self, instance: usize) -> bool {
        self.read_log();
        let may_lie_behind = self.instances[instance].zombie || self.is_fenced(&self.instances[instance]);
        let Self { faults, commands, instances, settings, log, topics, rebuilt, clients, .. } = self;
        let live = &mut instances[instance];
        let records = &commands.records[live.partition.number() as usize];
        let comparable = faults.paused(|| state::check(live, may_lie_behind, settings, log, topics, records, rebuilt));
        if !live.zombie {
            effects::check(&mut live.partition, clients);
        }
        comparable
    }

    /// All rows of all owners.
    pub fn rows(&self) -> Vec<klamm_messages::klamm::v1::TestRecord> {
        let owners = self.instances.iter().filter(|instance| !instance.zombie);
        owners.flat_map(|instance| records(&instance.partition)).collect()
    }
}

/// The topics as they are, but that compaction has something to do within the few virtual seconds of a simulation.
fn soon_compacted(topics: &Topics) -> Vec<TopicSpec> {
    let mut specs = topics.specs();
    for spec in &mut specs {
        if let Cleanup::Compact { min_compaction_lag, .. } = &mut spec.cleanup {
            *min_compaction_lag = std::time::Duration::from_millis(30);
        }
    }
    specs
}
