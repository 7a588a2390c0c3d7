//! The visibility document of a schedule: what lists, counts and filters can see of it. It looks like that of Temporal's scheduler
//! workflow, so that filters, and the division that hides it from other lists, work as they do there.

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{ScheduleDefinition, ScheduleProgress, VisibilityDocument},
    temporal::{
        common::v1::{Memo, Payload, SearchAttributes},
        enums::v1::{IndexedValueType, WorkflowExecutionStatus},
    },
};
use klamm_search_attributes::{
    NAMESPACE_DIVISION, RESERVED_PREFIX, SCHEDULE_PAUSED, SCHEDULE_WORKFLOW_ID_PREFIX, SCHEDULES_DIVISION, json_text, payload,
};
use prost::Message;

use crate::{tables::ScheduleKey, times::Times, view};

/// Workflow type of the documents.
pub const WORKFLOW_TYPE: &str = "temporal-sys-scheduler-workflow";
/// Memo field that holds the schedule's list info (encoding binary/plain: an encoded ScheduleListInfo).
pub const MEMO_INFO: &str = "ScheduleInfo";

/// Workflow id of a schedule's document.
pub fn workflow_id(schedule_id: &str) -> String {
    format!("{SCHEDULE_WORKFLOW_ID_PREFIX}{schedule_id}")
}

/// The whole document of the schedule with these `times`, as it is at `now`.
pub(crate) fn document(
    key: &ScheduleKey,
    definition: &ScheduleDefinition,
    progress: &ScheduleProgress,
    times: Option<&Times>,
    now: Time,
) -> VisibilityDocument {
    let info = view::list_info(definition, progress, times, now);
    let workflow_id = workflow_id(&key.schedule_id);
    let run_id = definition.incarnation.clone();
    VisibilityDocument {
        namespace: key.namespace.clone(),
        workflow_id: workflow_id.clone(),
        run_id: run_id.clone(),
        workflow_type: WORKFLOW_TYPE.to_owned(),
        status: WorkflowExecutionStatus::Running as i32,
        start_time: definition.create_time,
        execution_time: definition.create_time,
        search_attributes: Some(search_attributes(definition, info.paused)),
        memo: Some(memo(definition, info.encode_to_vec())),
        root_workflow_id: workflow_id,
        root_run_id: run_id.clone(),
        first_run_id: run_id,
        ..VisibilityDocument::default()
    }
}

/// The schedule's own search attributes, and those that mark the document as a schedule's.
fn search_attributes(definition: &ScheduleDefinition, paused: bool) -> SearchAttributes {
    let mut attributes = definition.search_attributes.clone().unwrap_or_default();
    let fields = &mut attributes.indexed_fields;
    fields.retain(|name, _| !name.starts_with(RESERVED_PREFIX));
    fields.insert(NAMESPACE_DIVISION.to_owned(), payload(json_text(SCHEDULES_DIVISION), IndexedValueType::Keyword));
    fields.insert(SCHEDULE_PAUSED.to_owned(), payload(if paused { "true" } else { "false" }, IndexedValueType::Bool));
    attributes
}

/// The schedule's own memo and its list info.
fn memo(definition: &ScheduleDefinition, info: Vec<u8>) -> Memo {
    let mut memo = definition.memo.clone().unwrap_or_default();
    let metadata = [("encoding".to_owned(), "binary/plain".into())].into();
    memo.fields.insert(MEMO_INFO.to_owned(), Payload { metadata, data: info.into(), ..Payload::default() });
    memo
}
