//! What a batch operation is made of: a workflow of the server's own, with one activity.
//!
//! Whoever starts, describes and carries out batch operations agrees on these names and forms. Temporal: service/worker/batcher/workflow.go.

use klamm_messages::temporal::{
    common::v1::{Payload, Payloads},
    enums::v1::{BatchOperationType, IndexedValueType},
    workflowservice::v1::{StartBatchOperationRequest, start_batch_operation_request::Operation},
};
use klamm_search_attributes as search_attributes;
use prost::Message;
use serde::{Deserialize, Serialize};

/// Type of the workflow.
pub const WORKFLOW_TYPE: &str = "temporal-sys-batch-workflow-protobuf";
/// Type of its activity.
pub const ACTIVITY_TYPE: &str = "BatchActivityWithProtobuf";
/// Task queue of both, in each namespace. No user can start work on it.
pub const TASK_QUEUE: &str = "temporal-sys-per-ns-tq";
/// Value of the search attribute that hides these workflows from lists.
pub const DIVISION: &str = "TemporalBatcher";
/// Search attribute with the identity of whoever has started the operation.
pub const USER: &str = "BatcherUser";
/// Memo: the operation's type.
pub const TYPE_MEMO: &str = "batch_operation_type";
/// Memo: its reason.
pub const REASON_MEMO: &str = "batch_operation_reason";
/// Memo: its query.
pub const QUERY_MEMO: &str = "batch_operation_visibility_query";
/// Memo: how it ended.
pub const STATS_MEMO: &str = "batch_operation_stats";

/// Encoding of the workflow's input.
const BINARY: &str = "binary/protobuf";

/// How far an operation has come: details of the activity's heartbeats, and its result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Progress {
    /// Where the page begins that is worked on.
    pub page_token: Vec<u8>,
    /// Number of that page.
    pub current_page: u64,
    /// How many executions there were at the beginning.
    pub total_estimate: i64,
    /// Executions that were dealt with, without those of the page that is worked on.
    pub success_count: i64,
    /// Executions that were given up, likewise.
    pub error_count: i64,
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Stats {
    /// Executions that were dealt with.
    pub num_success: i64,
    /// Executions that were given up.
    pub num_failure: i64,
}

/// A value as the payload that Temporal's default data converter makes of it.
pub fn json<T: Serialize>(value: &T) -> Payload {
    let data = serde_json::to_vec(value).unwrap_or_default();
    Payload { metadata: [("encoding".to_owned(), "json/plain".into())].into(), data: data.into(), ..Payload::default() }
}

/// The value of such a payload; its default where it is another.
pub fn from_json<T: for<'de> Deserialize<'de> + Default>(payload: Option<&Payload>) -> T {
    payload.and_then(|payload| serde_json::from_slice(&payload.data).ok()).unwrap_or_default()
}

/// A search attribute of type Keyword.
pub fn keyword(text: &str) -> Payload {
    search_attributes::payload(search_attributes::json_text(text), IndexedValueType::Keyword)
}

/// The request as the workflow's input.
pub fn input(request: &StartBatchOperationRequest) -> Payloads {
    let metadata = [("encoding", BINARY), ("messageType", "temporal.api.workflowservice.v1.StartBatchOperationRequest")];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.into())).into();
    Payloads { payloads: vec![Payload { metadata, data: request.encode_to_vec().into(), ..Payload::default() }] }
}

/// The request of such an input.
pub fn request_of(input: Option<&Payloads>) -> Option<StartBatchOperationRequest> {
    StartBatchOperationRequest::decode(input?.payloads.first()?.data.clone()).ok()
}

/// What stands about a kind of operation in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its name in the memo.
    pub name: &'static str,
    /// Its number in answers.
    pub number: BatchOperationType,
    /// Its type in Temporal's texts.
    pub go_type: &'static str,
    /// Whether only executions are meant that are running or paused.
    pub open_only: bool,
}

/// All kinds.
const KINDS: &[Kind] = &[
    kind("terminate", BatchOperationType::TerminateWorkflow, "TerminationOperation", true),
    kind("cancel", BatchOperationType::CancelWorkflow, "CancellationOperation", true),
    kind("signal", BatchOperationType::SignalWorkflow, "SignalOperation", true),
    kind("delete", BatchOperationType::DeleteWorkflow, "DeletionOperation", false),
    kind("reset", BatchOperationType::ResetWorkflow, "ResetOperation", false),
    kind("update_options", BatchOperationType::UpdateWorkflowExecutionOptions, "UpdateWorkflowOptionsOperation", true),
    kind("unpause_activities", BatchOperationType::UnpauseActivity, "UnpauseActivitiesOperation", true),
    kind("reset_activities", BatchOperationType::ResetActivity, "ResetActivitiesOperation", true),
    kind("update_activity_options", BatchOperationType::UpdateActivityOptions, "UpdateActivityOptionsOperation", true),
    kind("cancel_activities", BatchOperationType::CancelActivity, "CancelActivitiesOperation", true),
    kind("terminate_activities", BatchOperationType::TerminateActivity, "TerminateActivitiesOperation", true),
    kind("delete_activities", BatchOperationType::DeleteActivity, "DeleteActivitiesOperation", false),
];

const fn kind(name: &'static str, number: BatchOperationType, go_type: &'static str, open_only: bool) -> Kind {
    Kind { name, number, go_type, open_only }
}

/// The kind of an operation.
pub fn kind_of(operation: &Operation) -> Kind {
    let number = match operation {
        Operation::TerminationOperation(_) => BatchOperationType::TerminateWorkflow,
        Operation::SignalOperation(_) => BatchOperationType::SignalWorkflow,
        Operation::CancellationOperation(_) => BatchOperationType::CancelWorkflow,
        Operation::DeletionOperation(_) => BatchOperationType::DeleteWorkflow,
        Operation::ResetOperation(_) => BatchOperationType::ResetWorkflow,
        Operation::UpdateWorkflowOptionsOperation(_) => BatchOperationType::UpdateWorkflowExecutionOptions,
        Operation::UnpauseActivitiesOperation(_) => BatchOperationType::UnpauseActivity,
        Operation::ResetActivitiesOperation(_) => BatchOperationType::ResetActivity,
        Operation::UpdateActivityOptionsOperation(_) => BatchOperationType::UpdateActivityOptions,
        Operation::CancelActivitiesOperation(_) => BatchOperationType::CancelActivity,
        Operation::TerminateActivitiesOperation(_) => BatchOperationType::TerminateActivity,
        Operation::DeleteActivitiesOperation(_) => BatchOperationType::DeleteActivity,
    };
    KINDS.iter().copied().find(|kind| kind.number == number).unwrap_or(KINDS[0])
}

/// The number of the kind with this name in the memo.
pub fn number_named(name: &str) -> BatchOperationType {
    KINDS.iter().find(|kind| kind.name == name).map_or(BatchOperationType::Unspecified, |kind| kind.number)
}

/// Identity of whoever has started the operation.
pub fn identity_of(operation: &Operation) -> &str {
    match operation {
        Operation::TerminationOperation(op) => &op.identity,
        Operation::SignalOperation(op) => &op.identity,
        Operation::CancellationOperation(op) => &op.identity,
        Operation::DeletionOperation(op) => &op.identity,
        Operation::ResetOperation(op) => &op.identity,
        Operation::UpdateWorkflowOptionsOperation(op) => &op.identity,
        Operation::UnpauseActivitiesOperation(op) => &op.identity,
        Operation::ResetActivitiesOperation(op) => &op.identity,
        Operation::UpdateActivityOptionsOperation(op) => &op.identity,
        Operation::CancelActivitiesOperation(op) => &op.identity,
        Operation::TerminateActivitiesOperation(op) => &op.identity,
        Operation::DeleteActivitiesOperation(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_written_as_gos_json() {
        let progress = Progress { page_token: vec![1], current_page: 2, total_estimate: 3, success_count: 4, error_count: 5 };
        let payload = json(&progress);
        assert_eq!(from_json::<Progress>(Some(&payload)), progress);
        assert!(String::from_utf8_lossy(&payload.data).contains("\"TotalEstimate\":3"));
        assert_eq!(from_json::<Progress>(Some(&json(&"no progress"))), Progress::default());
        assert_eq!(from_json::<Progress>(None), Progress::default());
    }

    #[test]
    fn an_input_holds_the_request() {
        let request = StartBatchOperationRequest { job_id: "job".to_owned(), ..StartBatchOperationRequest::default() };
        assert_eq!(request_of(Some(&input(&request))), Some(request));
        assert_eq!(request_of(Some(&Payloads::default())), None);
    }

    #[test]
    fn each_kind_has_its_name() {
        for kind in KINDS {
            assert_eq!(number_named(kind.name), kind.number);
        }
        assert_eq!(number_named("other"), BatchOperationType::Unspecified);
    }
}
