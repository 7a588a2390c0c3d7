//! What an asker is told.

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::CommandSettings,
    temporal::{enums::v1::WorkflowExecutionStatus, history::v1::HistoryEvent},
};

/// News of a workflow that somebody has asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct News<'n> {
    /// Namespace of the workflow.
    pub(super) namespace: &'n str,
    /// Its id.
    pub(super) workflow_id: &'n str,
    /// Settings of the command that brings the news about.
    pub(super) settings: &'n CommandSettings,
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
    /// The event that closed it.
    pub(super) event: &'n HistoryEvent,
}
