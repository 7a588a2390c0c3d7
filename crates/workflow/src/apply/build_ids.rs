//! BuildIds: the search attribute that says which builds of workers have completed the run's workflow tasks.
//!
//! Temporal: service/history/workflow/mutable_state_impl.go (addBuildIdToLoadedSearchAttribute), common/worker_versioning.

use klamm_messages::{
    klamm::v1::RunState,
    temporal::{common::v1::SearchAttributes, enums::v1::IndexedValueType, history::v1::WorkflowTaskCompletedEventAttributes},
};
use klamm_search_attributes::payload;

/// Name of the search attribute.
const BUILD_IDS: &str = "BuildIds";
/// Entry for a worker that does not use versions.
const UNVERSIONED: &str = "unversioned";
/// Most entries that are kept; the oldest are dropped.
const BUILD_ID_COUNT_MAX: usize = 20;

/// Adds the build that completed a workflow task, unless it is in the list.
pub(super) fn add(run: &mut RunState, completed: &WorkflowTaskCompletedEventAttributes) {
    let stamp = completed.worker_version.clone().unwrap_or_default();
    let mut seen = Vec::new();
    if !stamp.use_versioning {
        seen.push(UNVERSIONED.to_owned());
    }
    if !stamp.build_id.is_empty() {
        let kind = if stamp.use_versioning { "versioned" } else { UNVERSIONED };
        seen.push(format!("{kind}:{}", stamp.build_id));
    }
    let fields = run.search_attributes.as_ref().map(|attributes| &attributes.indexed_fields);
    let known = fields.and_then(|fields| fields.get(BUILD_IDS));
    let mut build_ids: Vec<String> = known.and_then(|known| serde_json::from_slice(&known.data).ok()).unwrap_or_default();
    seen.retain(|build_id| !build_ids.contains(build_id));
    if seen.is_empty() {
        return;
    }
    build_ids.append(&mut seen);
    let surplus = build_ids.len().saturating_sub(BUILD_ID_COUNT_MAX);
    build_ids.drain(..surplus);
    let attributes = run.search_attributes.get_or_insert_with(SearchAttributes::default);
    let json = serde_json::Value::from(build_ids).to_string();
    attributes.indexed_fields.insert(BUILD_IDS.to_owned(), payload(json, IndexedValueType::KeywordList));
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::common::v1::WorkerVersionStamp;

    use super::*;

    #[test]
    fn every_build_is_listed_once() {
        let mut run = RunState::default();
        let mut complete = |build_id: &str, use_versioning| {
            #[allow(deprecated, reason = "workers still tell their builds so")]
            let stamp = WorkerVersionStamp { build_id: build_id.to_owned(), use_versioning };
            #[allow(deprecated, reason = "likewise")]
            let completed = WorkflowTaskCompletedEventAttributes { worker_version: Some(stamp), ..Default::default() };
            add(&mut run, &completed);
            let payload = run.search_attributes.clone().unwrap_or_default().indexed_fields[BUILD_IDS].clone();
            String::from_utf8(payload.data.to_vec()).unwrap()
        };
        assert_eq!(complete("", false), r#"["unversioned"]"#);
        assert_eq!(complete("one", false), r#"["unversioned","unversioned:one"]"#);
        assert_eq!(complete("two", true), r#"["unversioned","unversioned:one","versioned:two"]"#);
        assert_eq!(complete("one", false), r#"["unversioned","unversioned:one","versioned:two"]"#);
    }
}
