//! What a command is handled with.

use klamm_messages::{klamm::v1::CommandSettings, temporal::sdk::v1::UserMetadata};

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
    pub(crate) user_metadata: Option<&'c UserMetadata>,
}
