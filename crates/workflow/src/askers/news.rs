//! What an asker is told.

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::CommandSettings,
    temporal::{
        common::v1::Payloads,
        enums::v1::WorkflowExecutionStatus,
        failure::v1::Failure,
        history::v1::{HistoryEvent, history_event::Attributes},
    },
};

use crate::{commands::check::encoded_len, decide::limits::blob_size_limit};

/// How much smaller than the limit of one field a result or failure must be, bytes.
const OVERHEAD_BYTES: u64 = 1024;

/// News of a workflow that somebody has asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct News<'n> {
    /// Namespace of the workflow.
    pub(super) namespace: &'n str,
    /// Its id.
    pub(super) workflow_id: &'n str,
    /// What has happened.
    pub(super) what: What<'n>,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What<'n> {
    /// The start was decided: the id of its run, or why there is none.
    Answered(Result<&'n str, &'n Rejection>),
    /// The last run of the chain has closed.
    Closed(Close<'n>),
}

/// How a chain has ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Close<'n> {
    /// The chain's first run.
    pub(super) first_run_id: &'n str,
    /// The chain's last run.
    pub(super) run_id: &'n str,
    /// How the last run closed.
    pub(super) status: WorkflowExecutionStatus,
    /// Its result, if it completed with one that is not too large.
    pub(super) result: Option<&'n Payloads>,
    /// Its failure, if it failed with one that is not too large.
    pub(super) failure: Option<&'n Failure>,
}

/// The result or failure that a closing event carries. One that is too large to be told is left out.
///
/// Temporal: service/worker/scheduler/activities.go.
pub(super) fn outcome<'n>(event: &'n HistoryEvent, settings: &CommandSettings) -> (Option<&'n Payloads>, Option<&'n Failure>) {
    let (result, failure) = match &event.attributes {
        Some(Attributes::WorkflowExecutionCompletedEventAttributes(completed)) => (completed.result.as_ref(), None),
        Some(Attributes::WorkflowExecutionFailedEventAttributes(failed)) => (None, failed.failure.as_ref()),
        _ => (None, None),
    };
    let limit = blob_size_limit(settings).saturating_sub(OVERHEAD_BYTES);
    let fits = |bytes: usize| u64::try_from(bytes).is_ok_and(|bytes| bytes <= limit);
    (result.filter(|result| fits(encoded_len(Some(*result)))), failure.filter(|failure| fits(encoded_len(Some(*failure)))))
}
