//! TemporalPauseInfo: the search attribute that says what operators hold back of a run. It follows from the run's state, and stands nowhere
//! else.
//!
//! Temporal: service/history/workflow/mutable_state_impl.go, buildTemporalPauseInfoEntries.

use std::collections::BTreeSet;

use klamm_messages::{
    klamm::v1::RunState,
    temporal::{common::v1::Payload, enums::v1::IndexedValueType},
};
use klamm_search_attributes::{json_text, payload};

use crate::activity::is_paused;

/// Name of the search attribute.
pub(crate) const PAUSE_INFO: &str = "TemporalPauseInfo";

/// Its value; `None` when nothing is held back.
pub(crate) fn search_attribute(run: &RunState) -> Option<Payload> {
    let paused = run.activities.values().filter(|activity| activity.state.as_ref().is_some_and(is_paused));
    let types: BTreeSet<&str> =
        paused.filter_map(|activity| Some(activity.scheduled.as_ref()?.activity_type.as_ref()?.name.as_str())).collect();
    let mut entries = Vec::new();
    if let Some(pause) = &run.pause {
        entries.push(json_text(&format!("Workflow:{}", run.workflow_id)));
        if !pause.reason.is_empty() {
            entries.push(json_text(&format!("Reason:{}", pause.reason)));
        }
    }
    entries.extend(types.into_iter().map(|name| json_text(&format!("property:activityType={name}"))));
    if entries.is_empty() {
        return None;
    }
    Some(payload(format!("[{}]", entries.join(",")), IndexedValueType::KeywordList))
}
