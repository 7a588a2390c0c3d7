//! A command that cannot be done.

use klamm_machine::Rejection;
use klamm_messages::temporal::enums::v1::WorkflowTaskFailedCause;

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
    /// The completion is refused with this, and the task does not fail for it.
    pub(crate) refusal: Option<Box<Rejection>>,
}

impl CommandFailure {
    /// A failure of the workflow task.
    pub(crate) fn new(cause: WorkflowTaskFailedCause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into(), terminates: false, refusal: None }
    }

    /// A completion that is refused as a whole. Its task goes on.
    pub(crate) fn refuse(rejection: Rejection) -> Self {
        Self { refusal: Some(Box::new(rejection)), ..Self::new(WorkflowTaskFailedCause::Unspecified, "") }
    }

    /// The workflow wants to close while events wait that it does not know: it has to look at them first.
    pub(crate) fn unhandled() -> Self {
        Self::new(WorkflowTaskFailedCause::UnhandledCommand, "")
    }

    /// A failure that terminates the workflow.
    pub(crate) fn terminate(cause: WorkflowTaskFailedCause, message: impl Into<String>) -> Self {
        Self { terminates: true, ..Self::new(cause, message) }
    }
}
