//! Settings of a gateway. Each has Temporal's default.

use std::{collections::BTreeMap, time::Duration};

use klamm_requests::Limits;

/// Settings of a gateway.
#[derive(Debug, Clone)]
pub struct Config {
    /// Limits of requests and of what they make.
    pub limits: Limits,
    /// Namespaces with limits of their own, by name.
    pub namespace_limits: BTreeMap<String, Limits>,
    /// Namespaces that nobody may delete (worker.protectedNamespaces); default: none.
    pub protected_namespaces: Vec<String>,
    /// Id of this cluster (GetClusterInfo), a UUID as text; default: `klamm`.
    pub cluster_id: String,
    /// Name of this cluster; default: `active`, Temporal's name for a cluster that is alone.
    pub cluster_name: String,
    /// Number of partitions; GetClusterInfo shows it as the number of history shards; default: 8.
    pub partition_count: u32,
    /// What GetClusterInfo shows as persistence store; default: `klamm`.
    pub persistence_store: String,
    /// What GetClusterInfo shows as visibility store; default: `sqlite` (clients choose features of the query language by it).
    pub visibility_store: String,
    /// Address that ListClusters shows; default: `127.0.0.1:7233`.
    pub address: String,
    /// Longest time that GetWorkflowExecutionHistory waits for new events (history.longPollExpirationInterval); default: 20 s.
    pub history_long_poll: Duration,
    /// Longest time that a poll waits for a task (matching.longPollExpirationInterval); default: 60 s.
    pub task_long_poll: Duration,
    /// A long poll gives up this long before the caller's deadline, so that the empty answer still arrives; default: 1 s.
    pub long_poll_tail_room: Duration,
    /// Shortest deadline that a poll for tasks may have; default: 2 s.
    pub long_poll_deadline_min: Duration,
    /// How long a query waits when its caller set no deadline; default: 30 s.
    pub query_timeout: Duration,
    /// How long any other call waits for its command when its caller set no deadline; default: 30 s.
    pub command_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            namespace_limits: BTreeMap::new(),
            protected_namespaces: Vec::new(),
            cluster_id: "klamm".to_owned(),
            cluster_name: "active".to_owned(),
            partition_count: 8,
            persistence_store: "klamm".to_owned(),
            visibility_store: "sqlite".to_owned(),
            address: "127.0.0.1:7233".to_owned(),
            history_long_poll: Duration::from_secs(20),
            task_long_poll: Duration::from_secs(60),
            long_poll_tail_room: Duration::from_secs(1),
            long_poll_deadline_min: Duration::from_secs(2),
            query_timeout: Duration::from_secs(30),
            command_timeout: Duration::from_secs(30),
        }
    }
}
