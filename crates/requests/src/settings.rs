//! The settings that a command's decision depends on.
//!
//! Limits, retention and types are looked up here and put into the command, so that a replay never depends on the settings at its time.

use klamm_machine::time;
use klamm_messages::klamm::v1::{CommandSettings, NamespaceState};

use crate::limits::Limits;

/// Lowest decision version that decides the commands made here.
pub(crate) const DECISION_VERSION: u32 = 1;

/// The settings that all commands take from the configuration. This also serves the commands that the owner of the partitions makes by
/// itself (wake-ups, starts of tasks).
pub fn configured(limits: &Limits) -> CommandSettings {
    CommandSettings {
        retention: None,
        blob_size_limit_bytes: u32::try_from(limits.blob_bytes).unwrap_or(u32::MAX),
        history_count_limit: limits.history_count,
        history_size_limit_bytes: limits.history_bytes,
        history_count_suggest_continue_as_new: limits.history_count_suggest_continue_as_new,
        history_size_suggest_continue_as_new_bytes: limits.history_bytes_suggest_continue_as_new,
        search_attribute_types: Default::default(),
        schedule_audit_retention: Some(time::to_proto(limits.schedule_audit_retention)),
        namespace_id: String::new(),
    }
}

/// Settings of a command about a workflow of this namespace, without the types of its search attributes.
pub(crate) fn of_workflow(namespace: &NamespaceState, limits: &Limits) -> CommandSettings {
    CommandSettings { schedule_audit_retention: None, ..of_schedule(namespace, limits) }
}

/// Settings of a command about a schedule of this namespace.
pub(crate) fn of_schedule(namespace: &NamespaceState, limits: &Limits) -> CommandSettings {
    CommandSettings { retention: namespace.retention, ..configured(limits) }
}
