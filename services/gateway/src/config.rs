//! Settings of a gateway. Each has Temporal's default.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Settings of a gateway.
#[derive(Debug, Clone)]
pub struct Config {
    /// Limits of requests and of what they make.
    pub limits: Limits,
    /// Id of this cluster (GetClusterInfo), a UUID's text; `klamm` unless told.
    pub cluster_id: String,
    /// Name of this cluster; `active`, Temporal's name for a lone one.
    pub cluster_name: String,
    /// What GetClusterInfo shows as history shards: the number of partitions; 8.
    pub partition_count: u32,
    /// What GetClusterInfo shows as persistence store; `klamm`.
    pub persistence_store: String,
    /// What GetClusterInfo shows as visibility store; `sqlite` (clients choose features of the query language by it).
    pub visibility_store: String,
    /// Address that ListClusters shows; `127.0.0.1:7233`.
    pub address: String,
    /// Longest wait for new events of GetWorkflowExecutionHistory (history.longPollExpirationInterval); 20 s.
    pub history_long_poll: Duration,
    /// Longest wait of a poll for tasks (matching.longPollExpirationInterval); 60 s.
    pub task_long_poll: Duration,
    /// What is left of the caller's deadline when a long poll gives up, so that the empty answer still arrives; 1 s.
    pub long_poll_tail_room: Duration,
    /// Shortest deadline that a poll for tasks may have; 2 s.
    pub long_poll_deadline_min: Duration,
    /// How long a query waits whose caller set no deadline; 30 s.
    pub query_timeout: Duration,
    /// How long any other call may wait for its command whose caller set no deadline; 30 s.
    pub command_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
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

/// Limits, in bytes unless said; Temporal's setting in brackets. Their names are keys of klamm's configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Payloads of one field (limit.blobSize.error); 2 MiB.
    pub blob_bytes: usize,
    /// Below this size a field is never refused, whatever `blob_bytes` says (limit.blobSize.warn); 512 KiB.
    pub blob_warn_bytes: usize,
    /// Memo (limit.memoSize.error); 2 MiB.
    pub memo_bytes: usize,
    /// Below this size a memo is never refused (limit.memoSize.warn); 2 KiB.
    pub memo_warn_bytes: usize,
    /// Ids, names, identities (limit.maxIDLength); 1000.
    pub id_bytes: usize,
    /// Build ids (limit.workerBuildIdSize); 255.
    pub build_id_bytes: usize,
    /// Events of a history (limit.historyCount.error); 51,200.
    pub history_count: u32,
    /// Size of a history (limit.historySize.error); 50 MiB.
    pub history_bytes: u64,
    /// From so many events on, continue-as-new is suggested (limit.historyCount.suggestContinueAsNew); 4096.
    pub history_count_suggest_continue_as_new: u32,
    /// From this size on, continue-as-new is suggested (limit.historySize.suggestContinueAsNew); 4 MiB.
    pub history_bytes_suggest_continue_as_new: u64,
    /// Links of a request (frontend.maxlinksPerRequest); 10.
    pub links: usize,
    /// Size of one link (frontend.linkMaxSize); 4000.
    pub link_bytes: usize,
    /// Search attributes of a request (frontend.searchAttributesNumberOfKeysLimit); 100.
    pub search_attributes: usize,
    /// Value of one search attribute (frontend.searchAttributesSizeOfValueLimit); 2 KiB.
    pub search_attribute_value_bytes: usize,
    /// All search attributes of a request (frontend.searchAttributesTotalSizeLimit); 40 KiB.
    pub search_attributes_bytes: usize,
    /// Events of one page of history (frontend.historyMaxPageSize); 256.
    pub history_page_events: usize,
    /// Events of a page stop once they are this large, so that a page stays below gRPC's 4 MiB of older clients; 2 MiB.
    pub history_page_bytes: usize,
    /// Runs of one page of visibility (frontend.visibilityMaxPageSize); 1000.
    pub visibility_page: usize,
    /// Namespaces of one page where the caller doesn't say; 100.
    pub namespaces_page: usize,
    /// gRPC message that is received; 4 MiB.
    pub message_bytes: usize,
    /// How long schedules' decisions are kept; 7 days. Set by its own key outside of the limits.
    #[serde(skip)]
    pub schedule_audit_retention: Duration,
    /// A command for the log; 5 MiB, so that with its envelope in Avro it stays below the topics' max.message.bytes of 6 MiB.
    pub command_bytes: usize,
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

impl Default for Limits {
    fn default() -> Self {
        Self {
            blob_bytes: 2 * MIB,
            blob_warn_bytes: 512 * KIB,
            memo_bytes: 2 * MIB,
            memo_warn_bytes: 2 * KIB,
            id_bytes: 1000,
            build_id_bytes: 255,
            history_count: 51_200,
            history_bytes: 50 * MIB as u64,
            history_count_suggest_continue_as_new: 4096,
            history_bytes_suggest_continue_as_new: 4 * MIB as u64,
            links: 10,
            link_bytes: 4000,
            search_attributes: 100,
            search_attribute_value_bytes: 2 * KIB,
            search_attributes_bytes: 40 * KIB,
            history_page_events: 256,
            history_page_bytes: 2 * MIB,
            visibility_page: 1000,
            namespaces_page: 100,
            message_bytes: 4 * MIB,
            schedule_audit_retention: Duration::from_secs(7 * 24 * 3600),
            command_bytes: 5 * MIB,
        }
    }
}
