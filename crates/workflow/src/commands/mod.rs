//! Commands of the workflow, as a completed workflow task brings them: one file per command.

use klamm_messages::{
    klamm::v1::CommandSettings,
    temporal::enums::v1::WorkflowTaskFailedCause,
};

/// What the commands of one completed workflow task have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CommandContext<'c> {
    /// Id of WorkflowTaskCompleted: `workflow_task_completed_event_id` of every event that a command makes.
    pub(crate) completed_event_id: i64,
    /// Settings that the completion carried.
    pub(crate) settings: &'c CommandSettings,
    /// Identity of the worker that completed the task.
    pub(crate) identity: &'c str,
    /// Namespace of the run.
    pub(crate) namespace: &'c str,
    /// What the command carried besides its attributes: goes onto its event.
    pub(crate) user_metadata: Option<&'c klamm_messages::temporal::sdk::v1::UserMetadata>,
}

/// Why a command cannot be done: the whole completion is undone, its workflow task fails with `cause`, and the worker is answered
/// InvalidArgument `<CauseName>: <message>`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CommandFailure {
    /// Cause of WorkflowTaskFailed.
    pub(crate) cause: WorkflowTaskFailedCause,
    /// What is wrong.
    pub(crate) message: String,
    /// The workflow is terminated instead of its task failed (oversized payloads); the reason is the message.
    pub(crate) terminates: bool,
}

impl CommandFailure {
    /// A failure of the workflow task.
    pub(crate) fn new(cause: WorkflowTaskFailedCause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into(), terminates: false }
    }

    /// A failure that terminates the workflow.
    pub(crate) fn terminate(cause: WorkflowTaskFailedCause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into(), terminates: true }
    }
}
