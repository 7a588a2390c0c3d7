//! Why a command was not taken.

use thiserror::Error;

/// A refusal, named for what the caller is to understand. One table in the gateway maps each to Temporal's gRPC code and detail type
/// (go.temporal.io/api/serviceerror, temporal.api.errordetails.v1). The message is Temporal's own where Temporal has one.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Rejection {
    /// InvalidArgument.
    #[error("{0}")]
    InvalidArgument(String),
    /// NotFound, detail NotFoundFailure.
    #[error("{0}")]
    NotFound(String),
    /// NotFound, detail NamespaceNotFoundFailure.
    #[error("Namespace {0} is not found.")]
    NamespaceNotFound(String),
    /// AlreadyExists, detail NamespaceAlreadyExistsFailure.
    #[error("{0}")]
    NamespaceAlreadyExists(String),
    /// AlreadyExists, detail WorkflowExecutionAlreadyStartedFailure.
    #[error("{message}")]
    WorkflowExecutionAlreadyStarted {
        /// The error's text.
        message: String,
        /// Request id of the start that holds the workflow id.
        start_request_id: String,
        /// The run that this start began.
        run_id: String,
        /// First run of its chain.
        first_execution_run_id: String,
    },
    /// AlreadyExists without a detail.
    #[error("{0}")]
    AlreadyExists(String),
    /// FailedPrecondition.
    #[error("{0}")]
    FailedPrecondition(String),
    /// FailedPrecondition, detail WorkflowNotReadyFailure.
    #[error("{0}")]
    WorkflowNotReady(String),
    /// ResourceExhausted, detail ResourceExhaustedFailure, cause BUSY_WORKFLOW.
    #[error("{0}")]
    BusyWorkflow(String),
    /// ResourceExhausted, cause CONCURRENT_LIMIT: too much of this kind is under way.
    #[error("{0}")]
    ConcurrentLimit(String),
    /// ResourceExhausted, cause SYSTEM_OVERLOADED: the caller is to try again later.
    #[error("{0}")]
    Overloaded(String),
    /// Unimplemented: klamm knows what is asked for by name, and has not built it yet.
    #[error("{0}")]
    Unimplemented(String),
    /// Internal: an invariant is broken, and the command was skipped.
    #[error("{0}")]
    Internal(String),
}

impl Rejection {
    /// InvalidArgument with this message.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidArgument(message.into())
    }

    /// NotFound with this message.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::NotFound(message.into())
    }
}
