//! How a processor is set up.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use klamm_engine::Topics;
use klamm_log::{Clock, SystemClock};
use klamm_messages::klamm::v1::CommandSettings;
use klamm_requests::Destinations;
use klamm_supervise::Supervisor;

use crate::{lease::Lease, memory::memory_limit};

/// How a processor is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Names of the topics and number of partitions.
    pub topics: Topics,
    /// Name of this process in take-over records.
    pub member: String,
    /// Commands that may wait for their transaction before new ones are refused.
    pub uncommitted_commands_max: u64,
    /// Bytes that may wait for their transactions, over all partitions: outputs, changed rows, and batches under way.
    pub uncommitted_bytes_max: usize,
    /// Bytes of memory that the process may use; `None`: nobody knows.
    pub memory_limit: Option<u64>,
    /// The right to answer from memory.
    pub lease: Lease,
    /// The process gives up all of its partitions when it loses one. The members of a cluster bid for all partitions at once, so a process
    /// that has lost one is about to lose the others.
    pub loses_all_together: bool,
    /// A commit waits this long until what its batch sends is acked; then other partitions have their turn.
    pub acks_patience: Duration,
    /// So many partitions are recovered side by side, each on a thread of its own. One at a time needs no thread.
    pub recoveries_max: usize,
    /// Supervises the threads and tasks, and holds the process's health.
    pub supervisor: Supervisor,
    /// Settings for the commands that the processor makes by itself. Those that are unset have the machines' own defaults.
    pub settings: CommandSettings,
    /// By name, the namespaces whose settings differ from those.
    pub namespace_settings: BTreeMap<String, CommandSettings>,
    /// By name, the namespaces whose workflows may publish on topics of others.
    pub destinations: BTreeMap<String, Destinations>,
    /// Where a verification keeps the store that it rebuilds; `None`: in memory.
    pub verify_dir: Option<PathBuf>,
    /// This machine's clocks, with which the log's time is compared.
    pub clock: Arc<dyn Clock>,
    /// Checks at each command what is taken for granted to save time. For tests.
    pub checks: bool,
}

impl Config {
    /// The default limits (100,000 commands, 256 MiB), and a lease that never ends: nobody else can own the partitions. All of them are
    /// recovered side by side.
    pub fn new(topics: Topics, member: String) -> Self {
        Self {
            topics,
            member,
            uncommitted_commands_max: 100_000,
            uncommitted_bytes_max: 256 << 20,
            memory_limit: memory_limit(),
            lease: Lease::always(),
            loses_all_together: true,
            acks_patience: Duration::from_millis(500),
            recoveries_max: usize::MAX,
            supervisor: Supervisor::default(),
            settings: CommandSettings::default(),
            namespace_settings: BTreeMap::new(),
            destinations: BTreeMap::new(),
            verify_dir: None,
            clock: Arc::new(SystemClock),
            checks: false,
        }
    }
}
