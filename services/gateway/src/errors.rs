//! The one table from refusals to gRPC statuses (go.temporal.io/api/serviceerror, temporal.api.errordetails.v1).
//!
//! Clients branch on code and detail type; core retries Unavailable, ResourceExhausted, Internal, Unknown, Aborted, OutOfRange,
//! DataLoss and DeadlineExceeded by itself, so a wrong code here is a hidden retry there.

use bytes::Bytes;
use klamm_machine::Rejection;
use klamm_messages::{
    temporal::{
        enums::v1::{NamespaceState, ResourceExhaustedCause, ResourceExhaustedScope},
        errordetails::v1 as details,
        failure::v1::Failure,
    },
    temporalio_protos::google::rpc,
};
use klamm_processor::backend;
use prost::{Message, Name};
use tonic::{Code, Status, metadata::MetadataValue};

use crate::text;

/// Longest message that a client gets, bytes.
const MESSAGE_BYTES_MAX: usize = 4000;

/// Result of a handler.
pub type Result<T> = std::result::Result<T, Fault>;

/// A refused request, by what the caller is to understand.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The request is wrong whatever the state is.
    InvalidArgument(String),
    /// A run, task or activity is not there (any more).
    NotFound(String),
    /// No namespace of this name (or id).
    NamespaceNotFound(String),
    /// A namespace of this name exists.
    NamespaceAlreadyExists(String),
    /// The namespace is in a state that does not allow the call.
    NamespaceInvalidState {
        /// Its name.
        namespace: String,
        /// Its state.
        state: NamespaceState,
        /// States that would do.
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
    /// Too much at once.
    ResourceExhausted {
        /// Of what.
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
    /// Named, and not built yet.
    Unimplemented(String),
    /// Cannot be answered now; try again.
    Unavailable(String),
    /// The deadline passed first.
    DeadlineExceeded(String),
    /// A broken invariant.
    Internal(String),
}

/// Which run holds a workflow id.
#[derive(Debug, Clone, PartialEq)]
pub struct AlreadyStarted {
    /// What is said.
    pub message: String,
    /// Request id of its start.
    pub start_request_id: String,
    /// Its run.
    pub run_id: String,
    /// First run of its chain.
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

    /// Unimplemented: `what` is a feature of a later version.
    pub fn not_built(what: &str) -> Self {
        Self::Unimplemented(format!("{what} is not supported by this version of klamm."))
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
            Self::Internal(message) => (Code::Internal, message, None),
        }
    }
}

/// Whose limit a cause is about.
fn scope(cause: ResourceExhaustedCause) -> ResourceExhaustedScope {
    match cause {
        ResourceExhaustedCause::SystemOverloaded | ResourceExhaustedCause::PersistenceLimit => ResourceExhaustedScope::System,
        _ => ResourceExhaustedScope::Namespace,
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

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let exhausted = match &fault {
            Fault::ResourceExhausted { cause, .. } => Some(*cause),
            _ => None,
        };
        let (code, mut message, detail) = fault.parts();
        text::cut(&mut message, MESSAGE_BYTES_MAX);
        let Some(detail) = detail else {
            return Self::new(code, message);
        };
        let status = rpc::Status { code: code as i32, message: message.clone(), details: vec![detail] };
        let mut status = Self::with_details(code, message, Bytes::from(status.encode_to_vec()));
        if let Some(cause) = exhausted {
            let headers = status.metadata_mut();
            headers.insert("x-resource-exhausted-cause", MetadataValue::from_static(cause_name(cause)));
            let scope = match scope(cause) {
                ResourceExhaustedScope::System => "System",
                _ => "Namespace",
            };
            headers.insert("x-resource-exhausted-scope", MetadataValue::from_static(scope));
        }
        status
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
            Rejection::Overloaded(message) => Self::ResourceExhausted { cause: ResourceExhaustedCause::SystemOverloaded, message },
            Rejection::Unimplemented(message) => Self::Unimplemented(message),
            Rejection::Internal(message) => Self::Internal(message),
        }
    }
}

impl From<backend::Error> for Fault {
    fn from(error: backend::Error) -> Self {
        match error {
            backend::Error::Rejected(rejection) => rejection.into(),
            backend::Error::Unavailable(message) => Self::Unavailable(message),
            backend::Error::Exhausted(message) => Self::ResourceExhausted { cause: ResourceExhaustedCause::SystemOverloaded, message },
            backend::Error::DeadlineExceeded(message) => Self::DeadlineExceeded(message),
        }
    }
}

#[cfg(test)]
#[path = "errors_tests.rs"]
mod tests;
