//! Limits of requests and of what they make. Each has Temporal's default.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use klamm_messages::klamm::v1::LineageSettings;

use crate::{addresses::Addresses, destinations::Destinations};

/// Keys of [`Limits`] that are about the server as a whole. No namespace has its own.
pub const OF_THE_SERVER: &[&str] = &["namespaces_page", "message_bytes", "command_bytes"];

/// Limits, in bytes unless something else is said. For each: Temporal's setting in brackets, then the default. The fields' names are keys
/// of klamm's configuration.
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
    /// A history with more events is warned of (limit.historyCount.warn); 10,240.
    pub history_count_warn: u32,
    /// A larger history is warned of (limit.historySize.warn); 10 MiB.
    pub history_warn_bytes: u64,
    /// What is kept of an open run besides its history (limit.mutableStateSize.error); 8 MiB.
    pub mutable_state_bytes: u64,
    /// From this size on, there are warnings (limit.mutableStateSize.warn); 1 MiB.
    pub mutable_state_warn_bytes: u64,
    /// Pending activities of a run (limit.numPendingActivities.error); 2000. 0: any number.
    pub pending_activities: u32,
    /// Pending children of a run (limit.numPendingChildExecutions.error); 2000. 0: any number.
    pub pending_children: u32,
    /// Pending signals of a run to other workflows (limit.numPendingSignals.error); 2000. 0: any number.
    pub pending_signals: u32,
    /// Pending requests of a run to cancel other workflows (limit.numPendingCancelRequests.error); 2000. 0: any number.
    pub pending_cancel_requests: u32,
    /// Signals that one run takes (history.maximumSignalsPerExecution); 10,000. 0: any number.
    pub signals: u32,
    /// Updates of a run that are not completed (history.maxInFlightUpdates); 10. 0: any number.
    pub pending_updates: u32,
    /// Requests of these updates together (history.maxInFlightUpdatePayloads); 20 MiB. 0: any size.
    pub pending_update_bytes: u32,
    /// Updates that one run takes; those that it rejects do not count. From nine tenths on, continue-as-new is suggested
    /// (history.maxTotalUpdates); 2000. 0: any number.
    pub updates: u32,
    /// From so many events on, continue-as-new is suggested (limit.historyCount.suggestContinueAsNew); 4096.
    pub history_count_suggest_continue_as_new: u32,
    /// From this size on, continue-as-new is suggested (limit.historySize.suggestContinueAsNew); 4 MiB.
    pub history_bytes_suggest_continue_as_new: u64,
    /// Links of a request (frontend.maxlinksPerRequest); 10.
    pub links: usize,
    /// Size of one link (frontend.linkMaxSize); 4000.
    pub link_bytes: usize,
    /// Hosts that may be called back (callback.allowedAddresses); none.
    pub callback_addresses: Addresses,
    /// Completion callbacks of a request (callback.maxPerExecution); 2000.
    pub callbacks: usize,
    /// Completion callbacks of a workflow in all (system.maxCallbacksPerWorkflow); 32.
    pub callbacks_of_workflow: u32,
    /// URL of a callback (frontend.callbackURLMaxLength); 1000.
    pub callback_url_bytes: usize,
    /// Names and values of all headers of a callback (frontend.callbackHeaderMaxLength); 8 KiB.
    pub callback_header_bytes: usize,
    /// Executions of one namespace that a batch operation deals with per second (worker.batcherRPS); 50.
    pub batch_per_second: u32,
    /// Search attributes of a request (frontend.searchAttributesNumberOfKeysLimit); 100.
    pub search_attributes: usize,
    /// Value of one search attribute (frontend.searchAttributesSizeOfValueLimit); 2 KiB.
    pub search_attribute_value_bytes: usize,
    /// All search attributes of a request (frontend.searchAttributesTotalSizeLimit); 40 KiB.
    pub search_attributes_bytes: usize,
    /// Workflow types of which only the outcome of completed runs is kept: none of the events but the last. One may end in `*`, which stands
    /// for any characters. klamm's own; none.
    pub outcome_only: Vec<String>,
    /// Events of one page of history (frontend.historyMaxPageSize); 256.
    pub history_page_events: usize,
    /// A page of events ends once it is this large, so that it stays below the limit of 4 MiB that older gRPC clients have; 2 MiB.
    pub history_page_bytes: usize,
    /// Runs of one page of visibility (frontend.visibilityMaxPageSize); 1000.
    pub visibility_page: usize,
    /// Namespaces of one page when the caller doesn't say; 100.
    pub namespaces_page: usize,
    /// Largest gRPC message that is received; 4 MiB.
    pub message_bytes: usize,
    /// How long schedules' decisions are kept; 7 days. This has a key of its own outside the section of the limits.
    #[serde(skip)]
    pub schedule_audit_retention: Duration,
    /// Workflow types whose closed runs are published on the namespace's topic of outcomes. One may end in `*`. This has a key of its own
    /// outside the section of the limits; none.
    #[serde(skip)]
    pub outcomes: Vec<String>,
    /// Task queues of activities whose tasks go to topics of their own. This has a section of its own in the configuration, too.
    #[serde(skip)]
    pub stream_queues: Vec<String>,
    /// What runs tell of themselves as OpenLineage events. This has a section of its own, too.
    #[serde(skip)]
    pub lineage: Option<LineageSettings>,
    /// Where workflows may publish records. This has a section of its own, too.
    #[serde(skip)]
    pub destinations: Destinations,
    /// Largest command for the log; 5 MiB. With its envelope in Avro it stays below the topics' max.message.bytes of 6 MiB.
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
            history_count_warn: 10_240,
            history_warn_bytes: 10 * MIB as u64,
            mutable_state_bytes: 8 * MIB as u64,
            mutable_state_warn_bytes: MIB as u64,
            pending_activities: 2000,
            pending_children: 2000,
            pending_signals: 2000,
            pending_cancel_requests: 2000,
            signals: 10_000,
            pending_updates: 10,
            pending_update_bytes: 20 * MIB as u32,
            updates: 2000,
            history_count_suggest_continue_as_new: 4096,
            history_bytes_suggest_continue_as_new: 4 * MIB as u64,
            links: 10,
            link_bytes: 4000,
            callback_addresses: Addresses::default(),
            callbacks: 2000,
            callbacks_of_workflow: 32,
            callback_url_bytes: 1000,
            callback_header_bytes: 8 * KIB,
            batch_per_second: 50,
            search_attributes: 100,
            search_attribute_value_bytes: 2 * KIB,
            search_attributes_bytes: 40 * KIB,
            outcome_only: Vec::new(),
            history_page_events: 256,
            history_page_bytes: 2 * MIB,
            visibility_page: 1000,
            namespaces_page: 100,
            message_bytes: 4 * MIB,
            schedule_audit_retention: Duration::from_secs(7 * 24 * 3600),
            outcomes: Vec::new(),
            stream_queues: Vec::new(),
            lineage: None,
            destinations: Destinations::default(),
            command_bytes: 5 * MIB,
        }
    }
}
