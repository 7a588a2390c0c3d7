//! The gateway: what all handlers share.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use klamm_messages::{
    klamm::v1::{Command, NamespaceState, cluster_command},
    temporal::enums::v1::NamespaceState as Lifecycle,
};
use klamm_processor::{Backend, backend::Reply};
use klamm_workflow::Answer;
use prost::Message;

use crate::{
    call::Call,
    config::Config,
    errors::{Fault, Result},
    settings::{self, WorkflowCommand},
    validate,
    visibility::VisibilityQueries,
};

/// Serves Temporal's API over a backend (the owners of partitions) and the visibility index. It has no state of its own.
#[derive(Debug)]
pub struct Gateway<B, V> {
    pub(crate) backend: B,
    pub(crate) visibility: V,
    pub(crate) config: Config,
}

/// All namespaces by name, as of one moment.
pub(crate) type Namespaces = Arc<BTreeMap<String, NamespaceState>>;

/// States in which new work may begin.
const REGISTERED: &[Lifecycle] = &[Lifecycle::Registered];
/// States in which all else goes on.
const REGISTERED_OR_DEPRECATED: &[Lifecycle] = &[Lifecycle::Registered, Lifecycle::Deprecated];

/// Temporal's own namespace: known, though nothing runs in it here.
const SYSTEM_NAMESPACE: &str = "temporal-system";

impl<B: Backend, V: VisibilityQueries> Gateway<B, V> {
    /// A gateway over these two.
    pub fn new(backend: B, visibility: V, config: Config) -> Self {
        Self { backend, visibility, config }
    }

    /// The namespace of a request that starts work.
    pub(crate) fn registered_namespace<'n>(&self, namespaces: &'n Namespaces, name: &str) -> Result<&'n NamespaceState> {
        self.namespace_in(namespaces, name, REGISTERED)
    }

    /// The namespace of any other request.
    pub(crate) fn namespace<'n>(&self, namespaces: &'n Namespaces, name: &str) -> Result<&'n NamespaceState> {
        self.namespace_in(namespaces, name, REGISTERED_OR_DEPRECATED)
    }

    /// The namespace of a request with a task token: the token's, which must not differ from the request's where that is known.
    pub(crate) fn token_namespace<'n>(&self, namespaces: &'n Namespaces, requested: &str, of_token: &str) -> Result<&'n NamespaceState> {
        validate::ids::namespace(requested, &self.config.limits)?;
        let namespace = find(namespaces, of_token)?;
        if requested != of_token && (namespaces.contains_key(requested) || requested == SYSTEM_NAMESPACE) {
            return Err(Fault::invalid("Operation requested with a token from a different namespace."));
        }
        in_state(namespace, REGISTERED_OR_DEPRECATED)
    }

    fn namespace_in<'n>(&self, namespaces: &'n Namespaces, name: &str, allowed: &'static [Lifecycle]) -> Result<&'n NamespaceState> {
        validate::ids::namespace(name, &self.config.limits)?;
        if name.is_empty() {
            return Err(Fault::invalid("Namespace is empty."));
        }
        in_state(find(namespaces, name)?, allowed)
    }

    /// Appends a command about a workflow and waits for its answer.
    pub(crate) async fn submit(&self, call: &Call, command: WorkflowCommand<'_>) -> Result<Answer> {
        match self.submit_any(call, command.into_command(&self.config.limits)).await? {
            Reply::Workflow(answer) => Ok(answer),
            Reply::Schedule(_) | Reply::Cluster(_) => Err(unexpected_answer()),
        }
    }

    /// Appends a command of the cluster about `name` and waits for its answer.
    pub(crate) async fn submit_cluster(&self, call: &Call, name: &str, command: cluster_command::Command) -> Result<klamm_cluster::Answer> {
        match self.submit_any(call, settings::cluster_command(name, command)).await? {
            Reply::Cluster(answer) => Ok(answer),
            Reply::Workflow(_) | Reply::Schedule(_) => Err(unexpected_answer()),
        }
    }

    /// Appends a command about a schedule ([`settings::schedule_command`]) and waits for its answer.
    pub(crate) async fn submit_schedule(&self, call: &Call, command: Command) -> Result<klamm_schedule::Answer> {
        match self.submit_any(call, command).await? {
            Reply::Schedule(answer) => Ok(answer),
            Reply::Workflow(_) | Reply::Cluster(_) => Err(unexpected_answer()),
        }
    }

    async fn submit_any(&self, call: &Call, command: Command) -> Result<Reply> {
        let size = command.encoded_len();
        if size > self.config.limits.command_bytes {
            return Err(Fault::invalid(format!(
                "Request of {size} bytes exceeds the limit of {} bytes for one record.",
                self.config.limits.command_bytes
            )));
        }
        // A caller's own deadline ends the call by dropping it; one without a deadline must not wait forever.
        if call.deadline().is_some() {
            return Ok(self.backend.submit(command).await?);
        }
        within(self.config.command_timeout, self.backend.submit(command)).await
    }
}

/// The answer of a future, or DeadlineExceeded.
async fn within<T, E: Into<Fault>>(timeout: Duration, future: impl Future<Output = std::result::Result<T, E>>) -> Result<T> {
    match tokio::time::timeout(timeout, future).await {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err(Fault::DeadlineExceeded("The command was not answered in time; it may still take effect.".to_owned())),
    }
}

fn find<'n>(namespaces: &'n Namespaces, name: &str) -> Result<&'n NamespaceState> {
    namespaces.get(name).ok_or_else(|| Fault::NamespaceNotFound(name.to_owned()))
}

fn in_state<'n>(namespace: &'n NamespaceState, allowed: &'static [Lifecycle]) -> Result<&'n NamespaceState> {
    let state = Lifecycle::try_from(namespace.state).unwrap_or(Lifecycle::Unspecified);
    if allowed.contains(&state) {
        return Ok(namespace);
    }
    Err(Fault::NamespaceInvalidState { namespace: namespace.name.clone(), state, allowed })
}

/// A backend gave the answer of another command: a bug, said and not hidden.
pub(crate) fn unexpected_answer() -> Fault {
    Fault::Internal("The command was accepted, but its answer is not the one expected.".to_owned())
}
