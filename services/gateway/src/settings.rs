//! Commands for the log: the request in its envelope, with the settings that its decision goes by.
//!
//! Limits, retention and types are resolved here and stamped, so that replay never depends on today's settings (design 3.3).

use klamm_machine::time;
use klamm_messages::klamm::v1::{ClusterCommand, Command, CommandSettings, NamespaceState, cluster_command, command::Body};

use crate::config::Limits;

/// Lowest decision version that decides the commands made here.
const DECISION_VERSION: u32 = 1;

/// Settings of a command of this namespace; the types of its search attributes only where the command may upsert some.
pub fn settings(namespace: &NamespaceState, limits: &Limits, with_search_attribute_types: bool) -> CommandSettings {
    CommandSettings {
        retention: namespace.retention,
        blob_size_limit_bytes: u32::try_from(limits.blob_bytes).unwrap_or(u32::MAX),
        history_count_limit: limits.history_count,
        history_size_limit_bytes: limits.history_bytes,
        history_count_suggest_continue_as_new: limits.history_count_suggest_continue_as_new,
        history_size_suggest_continue_as_new_bytes: limits.history_bytes_suggest_continue_as_new,
        search_attribute_types: if with_search_attribute_types { namespace.search_attributes.clone() } else { Default::default() },
        schedule_audit_retention: None,
    }
}

/// A command about one workflow id.
#[derive(Debug)]
pub struct WorkflowCommand<'n> {
    /// Its namespace.
    pub namespace: &'n NamespaceState,
    /// Its workflow id.
    pub workflow_id: String,
    /// Identity of the caller.
    pub identity: String,
    /// Request id, where the body carries none.
    pub request_id: String,
    /// What is asked.
    pub body: Body,
    /// True where it may upsert search attributes.
    pub may_upsert: bool,
}

impl WorkflowCommand<'_> {
    /// The record's value.
    pub fn into_command(self, limits: &Limits) -> Command {
        Command {
            version: DECISION_VERSION,
            settings: Some(settings(self.namespace, limits, self.may_upsert)),
            namespace: self.namespace.name.clone(),
            workflow_id: self.workflow_id,
            request_id: self.request_id,
            identity: self.identity,
            source: None,
            reservations: Vec::new(),
            body: Some(self.body),
        }
    }
}

/// A command about one schedule: it brings how long the schedule's decisions are kept.
pub fn schedule_command(
    namespace: &NamespaceState,
    schedule_id: &str,
    identity: &str,
    request_id: &str,
    body: Body,
    limits: &Limits,
) -> Command {
    let retention = limits.schedule_audit_retention;
    let settings = CommandSettings { schedule_audit_retention: Some(time::to_proto(retention)), ..settings(namespace, limits, false) };
    Command {
        version: DECISION_VERSION,
        settings: Some(settings),
        namespace: namespace.name.clone(),
        workflow_id: schedule_id.to_owned(),
        request_id: request_id.to_owned(),
        identity: identity.to_owned(),
        body: Some(body),
        ..Command::default()
    }
}

/// A command of the cluster about `name`; it goes to partition 0.
pub fn cluster_command(name: &str, command: cluster_command::Command) -> Command {
    Command {
        version: DECISION_VERSION,
        workflow_id: name.to_owned(),
        body: Some(Body::Cluster(ClusterCommand { command: Some(command) })),
        ..Command::default()
    }
}
