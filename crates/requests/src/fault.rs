//! The one table that turns refusals into what clients get (go.temporal.io/api/serviceerror, temporal.api.errordetails.v1).
//!
//! Clients branch on the code and the type of the detail. The SDKs' core retries Unavailable, ResourceExhausted, Internal, Unknown,
//! Aborted, OutOfRange, DataLoss and DeadlineExceeded by itself. So a wrong code here causes hidden retries there.

use klamm_backend::Error as BackendError;
use klamm_filters::index::Error as IndexError;
use klamm_machine::Rejection;
use klamm_messages::temporal::{
    enums::v1::{NamespaceState, ResourceExhaustedCause, ResourceExhaustedScope},
    errordetails::v1::{self as details, multi_operation_execution_failure::OperationStatus},
    failure::v1::{Failure, MultiOperationExecutionAborted},
};
use prost::{Message, Name};

use crate::text;

/// Longest message that a client gets, bytes.
const MESSAGE_BYTES_MAX: usize = 4000;

/// The kind of error, the same for every transport: the codes of google.rpc.Code, with their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Code {
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
}

/// A refusal in the form that a client gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// What went wrong.
    pub code: Code,
    /// The message, at most 4000 bytes.
    pub message: String,
    /// A detail for programs, if Temporal has a detail type for the error.
    pub detail: Option<prost_types::Any>,
}

/// What is exhausted, in Temporal's short names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted {
    /// The cause ("BusyWorkflow").
    pub cause: &'static str,
    /// Whose limit it is ("Namespace", "System").
    pub scope: &'static str,
}

/// Result of a check, and of a call.
pub type Result<T> = std::result::Result<T, Fault>;

/// A refused request. The variants are what a caller needs to tell apart.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The request is wrong, whatever the state.
    InvalidArgument(String),
    /// A run, task or activity does not exist (any more).
    NotFound(String),
    /// No namespace of this name (or id).
    NamespaceNotFound(String),
    /// A namespace of this name exists.
    NamespaceAlreadyExists(String),
    /// The namespace is in a state that does not allow the call.
    NamespaceInvalidState {
        /// The namespace's name.
        namespace: String,
        /// The namespace's state.
        state: NamespaceState,
        /// States that allow the call.
        allowed: &'static [NamespaceState],
    },
    /// A run holds the workflow id.
    WorkflowExecutionAlreadyStarted(Box<AlreadyStarted>),
    /// Something else exists.
    AlreadyExists(String),
    /// The state does not allow the request.
    FailedPrecondition(String),
    /// The run cannot take the request yet.
    WorkflowNotReady(String),
    /// Some resource is exhausted.
    ResourceExhausted {
        /// Which resource.
        cause: ResourceExhaustedCause,
        /// What is said.
        message: String,
    },
    /// The worker answered a query with a failure.
    QueryFailed {
        /// What is said.
        message: String,
        /// The failure as the worker gave it.
        failure: Option<Box<Failure>>,
    },
    /// Not allowed.
    PermissionDenied(String),
    /// The client's version is out of the range that this server serves.
    ClientVersionNotSupported {
        /// Name of the client.
        name: String,
        /// Its version.
        version: String,
        /// Versions that would do.
        supported: String,
    },
    /// This server's version is out of the range that the client speaks to.
    ServerVersionNotSupported {
        /// This server's version.
        version: String,
        /// Versions that would do.
        supported: String,
    },
    /// A feature or call that klamm does not have yet. The message names it.
    Unimplemented(String),
    /// The request cannot be answered now; try again.
    Unavailable(String),
    /// The deadline passed before there was an answer.
    DeadlineExceeded(String),
    /// Something else has come between; the caller may try again.
    Aborted(String),
    /// An operation that was given up because of another one of the same request.
    MultiOperationAborted(String),
    /// Operations that take effect together, or not at all: what was wrong with each. `None`: nothing.
    MultiOperation(Vec<Option<Fault>>),
    /// A broken invariant.
    Internal(String),
}

/// Which run holds a workflow id.
#[derive(Debug, Clone, PartialEq)]
pub struct AlreadyStarted {
    /// What is said.
    pub message: String,
    /// Request id of the run's start.
    pub start_request_id: String,
    /// The run's id.
    pub run_id: String,
    /// First run of the run's chain.
    pub first_execution_run_id: String,
}

impl Fault {
    /// InvalidArgument with this message.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidArgument(message.into())
    }

    /// NotFound with this message.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::NotFound(message.into())
    }

    /// What is said of an operation at which nothing was wrong, where another one of the same request failed.
    pub fn aborted() -> Self {
        Self::MultiOperationAborted("Operation was aborted.".to_owned())
    }

    /// Unimplemented: `what` is a feature of a later version.
    pub fn not_built(what: &str) -> Self {
        Self::Unimplemented(format!("{what} is not supported by this version of klamm."))
    }

    /// Temporal's name of the error in metrics.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::InvalidArgument(_) => "serviceerror_InvalidArgument",
            Self::NotFound(_) => "serviceerror_NotFound",
            Self::NamespaceNotFound(_) => "serviceerror_NamespaceNotFound",
            Self::NamespaceAlreadyExists(_) => "serviceerror_NamespaceAlreadyExists",
            Self::NamespaceInvalidState { .. } => "serviceerror_NamespaceInvalidState",
            Self::WorkflowExecutionAlreadyStarted(_) => "serviceerror_WorkflowExecutionAlreadyStarted",
            Self::AlreadyExists(_) => "serviceerror_AlreadyExists",
            Self::FailedPrecondition(_) => "serviceerror_FailedPrecondition",
            Self::WorkflowNotReady(_) => "serviceerror_WorkflowNotReady",
            Self::ResourceExhausted { .. } => "serviceerror_ResourceExhausted",
            Self::QueryFailed { .. } => "serviceerror_QueryFailed",
            Self::PermissionDenied(_) => "serviceerror_PermissionDenied",
            Self::ClientVersionNotSupported { .. } => "serviceerror_ClientVersionNotSupported",
            Self::ServerVersionNotSupported { .. } => "serviceerror_ServerVersionNotSupported",
            Self::Unimplemented(_) => "serviceerror_Unimplemented",
            Self::Unavailable(_) => "serviceerror_Unavailable",
            Self::DeadlineExceeded(_) => "serviceerror_DeadlineExceeded",
            Self::Aborted(_) => "serviceerror_Aborted",
            Self::MultiOperationAborted(_) => "serviceerror_MultiOperationAborted",
            Self::MultiOperation(_) => "serviceerror_MultiOperationExecution",
            Self::Internal(_) => "serviceerror_Internal",
        }
    }

    /// What is exhausted, when something is.
    pub fn exhausted(&self) -> Option<Exhausted> {
        match self {
            Self::ResourceExhausted { cause, .. } => Some(Exhausted { cause: cause_name(*cause), scope: scope_name(scope(*cause)) }),
            _ => None,
        }
    }

    /// What a client gets for this fault.
    pub fn told(self) -> Told {
        let (code, mut message, detail) = self.parts();
        text::cut(&mut message, MESSAGE_BYTES_MAX);
        Told { code, message, detail }
    }

    /// True when the caller could not have prevented the fault.
    pub fn is_of_the_server(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Internal(_))
    }

    /// The table: code, message and detail of each refusal.
    fn parts(self) -> (Code, String, Option<prost_types::Any>) {
        match self {
            Self::InvalidArgument(message) => (Code::InvalidArgument, message, None),
            Self::NotFound(message) => (Code::NotFound, message, detail(&details::NotFoundFailure::default())),
            Self::NamespaceNotFound(namespace) => {
                (Code::NotFound, format!("Namespace {namespace} is not found."), detail(&details::NamespaceNotFoundFailure { namespace }))
            }
            Self::NamespaceAlreadyExists(message) => (Code::AlreadyExists, message, detail(&details::NamespaceAlreadyExistsFailure {})),
            Self::NamespaceInvalidState { namespace, state, allowed } => {
                let names: Vec<_> = allowed.iter().map(|state| namespace_state_name(*state)).collect();
                (
                    Code::FailedPrecondition,
                    format!("Namespace has invalid state: {}. Must be {}.", namespace_state_name(state), names.join(" or ")),
                    detail(&details::NamespaceInvalidStateFailure {
                        namespace,
                        state: state as i32,
                        allowed_states: allowed.iter().map(|state| *state as i32).collect(),
                    }),
                )
            }
            Self::WorkflowExecutionAlreadyStarted(run) => (
                Code::AlreadyExists,
                run.message,
                detail(&details::WorkflowExecutionAlreadyStartedFailure {
                    start_request_id: run.start_request_id,
                    run_id: run.run_id,
                    first_execution_run_id: run.first_execution_run_id,
                }),
            ),
            Self::AlreadyExists(message) => (Code::AlreadyExists, message, None),
            Self::FailedPrecondition(message) => (Code::FailedPrecondition, message, None),
            Self::WorkflowNotReady(message) => (Code::FailedPrecondition, message, detail(&details::WorkflowNotReadyFailure {})),
            Self::ResourceExhausted { cause, message } => (
                Code::ResourceExhausted,
                message,
                detail(&details::ResourceExhaustedFailure { cause: cause as i32, scope: scope(cause) as i32 }),
            ),
            Self::QueryFailed { message, failure } => {
                (Code::InvalidArgument, message, detail(&details::QueryFailedFailure { failure: failure.map(|failure| *failure) }))
            }
            Self::PermissionDenied(message) => (Code::PermissionDenied, message, detail(&details::PermissionDeniedFailure::default())),
            Self::ClientVersionNotSupported { name, version, supported } => (
                Code::FailedPrecondition,
                format!("Client version {version} is not supported. Server supports {name} versions: {supported}"),
                detail(&details::ClientVersionNotSupportedFailure {
                    client_version: version,
                    client_name: name,
                    supported_versions: supported,
                }),
            ),
            Self::ServerVersionNotSupported { version, supported } => (
                Code::FailedPrecondition,
                format!("Server version {version} is not supported. Client supports server versions: {supported}"),
                detail(&details::ServerVersionNotSupportedFailure { server_version: version, client_supported_server_versions: supported }),
            ),
            Self::Unimplemented(message) => (Code::Unimplemented, message, None),
            Self::Unavailable(message) => (Code::Unavailable, message, None),
            Self::DeadlineExceeded(message) => (Code::DeadlineExceeded, message, None),
            Self::Aborted(message) => (Code::Aborted, message, None),
            Self::MultiOperationAborted(message) => (Code::Aborted, message, detail(&MultiOperationExecutionAborted {})),
            Self::MultiOperation(operations) => multi_operation(operations),
            Self::Internal(message) => (Code::Internal, message, None),
        }
    }
}

/// The error of several operations: its code is that of the first one that was at fault.
fn multi_operation(operations: Vec<Option<Fault>>) -> (Code, String, Option<prost_types::Any>) {
    let mut code = None;
    let mut statuses = Vec::with_capacity(operations.len());
    for fault in operations {
        let Some(fault) = fault else {
            statuses.push(OperationStatus::default());
            continue;
        };
        let is_aborted = matches!(fault, Fault::MultiOperationAborted(_));
        let Told { code: told, message, detail } = fault.told();
        if !is_aborted {
            code.get_or_insert(told);
        }
        statuses.push(OperationStatus { code: told as i32, message, details: detail.into_iter().collect() });
    }
    let failure = details::MultiOperationExecutionFailure { statuses };
    (code.unwrap_or(Code::Aborted), "Update-with-Start could not be executed.".to_owned(), detail(&failure))
}

/// Whose limit a cause belongs to.
fn scope(cause: ResourceExhaustedCause) -> ResourceExhaustedScope {
    match cause {
        ResourceExhaustedCause::SystemOverloaded | ResourceExhaustedCause::PersistenceLimit => ResourceExhaustedScope::System,
        _ => ResourceExhaustedScope::Namespace,
    }
}

/// Temporal's short name of a scope.
fn scope_name(scope: ResourceExhaustedScope) -> &'static str {
    match scope {
        ResourceExhaustedScope::System => "System",
        _ => "Namespace",
    }
}

/// A detail as `google.rpc.Status` carries it.
fn detail<M: Message + Name>(message: &M) -> Option<prost_types::Any> {
    Some(prost_types::Any { type_url: format!("type.googleapis.com/{}", M::full_name()), value: message.encode_to_vec() })
}

/// Temporal's short name of a namespace's state.
fn namespace_state_name(state: NamespaceState) -> &'static str {
    match state {
        NamespaceState::Unspecified => "Unspecified",
        NamespaceState::Registered => "Registered",
        NamespaceState::Deprecated => "Deprecated",
        NamespaceState::Deleted => "Deleted",
    }
}

/// Temporal's short name of a cause, as the header carries it.
fn cause_name(cause: ResourceExhaustedCause) -> &'static str {
    match cause {
        ResourceExhaustedCause::Unspecified => "Unspecified",
        ResourceExhaustedCause::RpsLimit => "RpsLimit",
        ResourceExhaustedCause::ConcurrentLimit => "ConcurrentLimit",
        ResourceExhaustedCause::SystemOverloaded => "SystemOverloaded",
        ResourceExhaustedCause::PersistenceLimit => "PersistenceLimit",
        ResourceExhaustedCause::BusyWorkflow => "BusyWorkflow",
        ResourceExhaustedCause::ApsLimit => "ApsLimit",
        _ => "Other",
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::InvalidArgument(message) => Self::InvalidArgument(message),
            Rejection::NotFound(message) => Self::NotFound(message),
            Rejection::NamespaceNotFound(namespace) => Self::NamespaceNotFound(namespace),
            Rejection::NamespaceAlreadyExists(message) => Self::NamespaceAlreadyExists(message),
            Rejection::WorkflowExecutionAlreadyStarted { message, start_request_id, run_id, first_execution_run_id } => {
                Self::WorkflowExecutionAlreadyStarted(Box::new(AlreadyStarted {
                    message,
                    start_request_id,
                    run_id,
                    first_execution_run_id,
                }))
            }
            Rejection::AlreadyExists(message) => Self::AlreadyExists(message),
            Rejection::FailedPrecondition(message) => Self::FailedPrecondition(message),
            Rejection::WorkflowNotReady(message) => Self::WorkflowNotReady(message),
            Rejection::BusyWorkflow(message) => Self::ResourceExhausted { cause: ResourceExhaustedCause::BusyWorkflow, message },
            Rejection::ConcurrentLimit(message) => Self::ResourceExhausted { cause: ResourceExhaustedCause::ConcurrentLimit, message },
            Rejection::Overloaded(message) => Self::ResourceExhausted { cause: ResourceExhaustedCause::SystemOverloaded, message },
            Rejection::Unimplemented(message) => Self::Unimplemented(message),
            Rejection::Internal(message) => Self::Internal(message),
        }
    }
}

impl From<IndexError> for Fault {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Invalid(message) => Self::InvalidArgument(message),
            IndexError::Unavailable(message) => Self::Unavailable(message),
            IndexError::Exhausted(message) => Self::ResourceExhausted { cause: ResourceExhaustedCause::SystemOverloaded, message },
            IndexError::Internal(message) => Self::Internal(message),
        }
    }
}

impl From<BackendError> for Fault {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::Rejected(rejection) => rejection.into(),
            BackendError::Unavailable(message) => Self::Unavailable(message),
            BackendError::Exhausted(message) => Self::ResourceExhausted { cause: ResourceExhaustedCause::SystemOverloaded, message },
            BackendError::DeadlineExceeded(message) => Self::DeadlineExceeded(message),
        }
    }
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
