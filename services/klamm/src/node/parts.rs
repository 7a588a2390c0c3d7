//! How a process of a cluster is set up, and the parts that it is made of.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use klamm_engine::Topics;
use klamm_ingress::SchemaSource;
use klamm_log::{Log, ShareGroup};
use klamm_processor::Intervals;
use klamm_store::Store;
use klamm_supervise::Supervisor;
use klamm_visibility::Index;

use super::namespaces::NamespaceToMake;
use crate::{config::Inspect, telemetry::Sources};

/// How a process of a cluster is set up.
#[derive(Clone)]
pub struct NodeOptions {
    /// Names of the topics and number of partitions.
    pub topics: Topics,
    /// `host:port` by which other members reach this one's gRPC API.
    pub advertised_address: String,
    /// Directory of the store, for messages.
    pub store_dir: PathBuf,
    /// Where a verification keeps the stores that it rebuilds; `None`: in memory.
    pub verify_dir: Option<PathBuf>,
    /// Namespaces that are made if they are missing.
    pub namespaces: Vec<NamespaceToMake>,
    /// Intervals of batches, transactions and trimming.
    pub intervals: Intervals,
    /// How many commands of a partition may wait for their transaction.
    pub uncommitted_commands_max: u64,
    /// How many bytes may wait for transactions, over all partitions.
    pub uncommitted_bytes_max: usize,
    /// The gateway's limits.
    pub limits: klamm_gateway::Limits,
    /// Namespaces with limits of their own, by name.
    pub namespace_limits: BTreeMap<String, klamm_gateway::Limits>,
    /// The schemas of records that other programs write.
    pub producers_schemas: Arc<dyn SchemaSource>,
    /// Share groups whose settings the owner writes.
    pub share_groups: Vec<ShareGroup>,
    /// Which clients klamm's own service answers.
    pub inspect: Inspect,
}

/// The parts that a process is made of, once the log answers.
pub struct NodeParts {
    /// The log, its topics made or verified.
    pub log: Arc<dyn Log>,
    /// The same log, by clients of its own, so that other work never delays the beats.
    pub beats_log: Arc<dyn Log>,
    /// The store.
    pub store: Arc<Store>,
    /// The visibility index.
    pub index: Index,
    /// Supervises the parts of the process, and knows what is wrong.
    pub supervisor: Supervisor,
    /// The gauges that are read for metrics.
    pub sources: Sources,
}
