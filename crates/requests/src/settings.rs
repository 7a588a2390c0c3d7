//! The settings that a command's decision depends on.
//!
//! Limits, retention and types are looked up here and put into the command, so that a replay never depends on the settings at its time.

use std::collections::BTreeMap;

use klamm_machine::time;
use klamm_messages::klamm::v1::{CommandLimits, CommandSettings, NamespaceState};

use crate::{destinations::Destinations, limits::Limits};

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
        limits: further(limits),
        outcome_only: Vec::new(),
        outcomes: limits.outcomes.clone(),
        stream_queues: limits.stream_queues.clone(),
        destinations: limits.destinations.now(),
        lineage: limits.lineage.clone(),
    }
}

/// As [`configured`], for namespaces that have limits of their own, by name.
pub fn of_namespaces(limits: &BTreeMap<String, Limits>) -> BTreeMap<String, CommandSettings> {
    limits.iter().map(|(name, limits)| (name.clone(), configured(limits))).collect()
}

/// Where the workflows of these namespaces may publish, by name.
pub fn destinations(limits: &BTreeMap<String, Limits>) -> BTreeMap<String, Destinations> {
    limits.iter().map(|(name, limits)| (name.clone(), limits.destinations.clone())).collect()
}

/// The limits that differ from their defaults; `None` where none does, so that most commands carry nothing.
fn further(limits: &Limits) -> Option<CommandLimits> {
    let defaults = Limits::default();
    let bytes = |of: fn(&Limits) -> usize| own(of(limits), of(&defaults), |bytes| u32::try_from(bytes).unwrap_or(u32::MAX));
    let size = |of: fn(&Limits) -> u64| own(of(limits), of(&defaults), |size| size);
    let count = |of: fn(&Limits) -> u32| own(of(limits), of(&defaults), |count| count);
    // Without a limit, as Temporal has it.
    let unless_zero = |of: fn(&Limits) -> u32| if of(limits) == 0 { u32::MAX } else { count(of) };
    let further = CommandLimits {
        blob_warn_bytes: bytes(|limits| limits.blob_warn_bytes),
        memo_bytes: bytes(|limits| limits.memo_bytes),
        id_bytes: bytes(|limits| limits.id_bytes),
        pending_activities: unless_zero(|limits| limits.pending_activities),
        pending_children: unless_zero(|limits| limits.pending_children),
        pending_signals: unless_zero(|limits| limits.pending_signals),
        pending_cancel_requests: unless_zero(|limits| limits.pending_cancel_requests),
        signals: unless_zero(|limits| limits.signals),
        search_attributes: bytes(|limits| limits.search_attributes),
        search_attribute_value_bytes: bytes(|limits| limits.search_attribute_value_bytes),
        search_attributes_bytes: bytes(|limits| limits.search_attributes_bytes),
        callbacks: count(|limits| limits.callbacks_of_workflow),
        mutable_state_bytes: size(|limits| limits.mutable_state_bytes),
        mutable_state_warn_bytes: size(|limits| limits.mutable_state_warn_bytes),
        history_count_warn: count(|limits| limits.history_count_warn),
        history_warn_bytes: size(|limits| limits.history_warn_bytes),
        pending_updates: unless_zero(|limits| limits.pending_updates),
        pending_update_bytes: unless_zero(|limits| limits.pending_update_bytes),
        updates: unless_zero(|limits| limits.updates),
    };
    (further != CommandLimits::default()).then_some(further)
}

/// The limit if it is not the default, as it is stamped. What is stamped is never 0, because that stands for the default: a limit of 0 becomes
/// the smallest one.
fn own<V: PartialEq, N: From<u8> + Ord>(limit: V, default: V, stamped: impl Fn(V) -> N) -> N {
    if limit == default { N::from(0) } else { stamped(limit).max(N::from(1)) }
}

/// Settings of a command about a workflow of this namespace, without the types of its search attributes.
pub(crate) fn of_workflow(namespace: &NamespaceState, limits: &Limits) -> CommandSettings {
    CommandSettings { schedule_audit_retention: None, ..of_schedule(namespace, limits) }
}

/// Settings of a command about a schedule of this namespace.
pub(crate) fn of_schedule(namespace: &NamespaceState, limits: &Limits) -> CommandSettings {
    CommandSettings { retention: namespace.retention, ..configured(limits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_limits_that_differ_are_stamped() {
        assert_eq!(configured(&Limits::default()).limits, None);
        let limits = Limits { signals: 3, pending_children: 0, id_bytes: 0, history_warn_bytes: 7, ..Limits::default() };
        let expected =
            CommandLimits { signals: 3, pending_children: u32::MAX, id_bytes: 1, history_warn_bytes: 7, ..CommandLimits::default() };
        assert_eq!(configured(&limits).limits, Some(expected));
    }

    /// The machine fills in the same defaults.
    #[test]
    fn the_machines_defaults_are_those_of_the_configuration() {
        let differs = Limits {
            blob_warn_bytes: 1,
            memo_bytes: 1,
            id_bytes: 1,
            pending_activities: 1,
            pending_children: 1,
            pending_signals: 1,
            pending_cancel_requests: 1,
            signals: 1,
            search_attributes: 1,
            search_attribute_value_bytes: 1,
            search_attributes_bytes: 1,
            callbacks_of_workflow: 1,
            mutable_state_bytes: 1,
            mutable_state_warn_bytes: 1,
            history_count_warn: 1,
            history_warn_bytes: 1,
            pending_updates: 1,
            pending_update_bytes: 1,
            updates: 1,
            ..Limits::default()
        };
        let stamped = configured(&differs).limits.expect("all of them differ");
        let defaults = klamm_workflow::DEFAULT_LIMITS;
        let limits = Limits::default();
        assert_ne!(stamped, defaults);
        assert_eq!(
            (defaults.blob_warn_bytes as usize, defaults.memo_bytes as usize, defaults.id_bytes as usize),
            (limits.blob_warn_bytes, limits.memo_bytes, limits.id_bytes)
        );
        let pending = [defaults.pending_activities, defaults.pending_children, defaults.pending_signals, defaults.pending_cancel_requests];
        let expected = [limits.pending_activities, limits.pending_children, limits.pending_signals, limits.pending_cancel_requests];
        assert_eq!(pending, expected);
        assert_eq!((defaults.signals, defaults.callbacks), (limits.signals, limits.callbacks_of_workflow));
        let searched = [defaults.search_attributes, defaults.search_attribute_value_bytes, defaults.search_attributes_bytes]
            .map(|limit| limit as usize);
        assert_eq!(searched, [limits.search_attributes, limits.search_attribute_value_bytes, limits.search_attributes_bytes]);
        assert_eq!(
            (defaults.mutable_state_bytes, defaults.mutable_state_warn_bytes, defaults.history_warn_bytes),
            (limits.mutable_state_bytes, limits.mutable_state_warn_bytes, limits.history_warn_bytes)
        );
        assert_eq!(defaults.history_count_warn, limits.history_count_warn);
        assert_eq!(
            (defaults.pending_updates, defaults.pending_update_bytes, defaults.updates),
            (limits.pending_updates, limits.pending_update_bytes, limits.updates)
        );
    }
}
