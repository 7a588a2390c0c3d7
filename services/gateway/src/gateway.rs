//! The gateway: everything that the handlers share.

use std::{sync::Arc, time::Duration};

use klamm_backend::{Backend, Reply, UpdateStatus, UpdateWait};
use klamm_filters::VisibilityQueries;
use klamm_messages::klamm::v1::{Command, NamespaceState};
use klamm_requests::{
    Fault, Limits, Result, Terms,
    namespaces::{self, Namespaces},
};
use klamm_workflow::Answer;
use prost::Message;
use uuid::Uuid;

use crate::{call::Call, computing::Computing, config::Config, workers::Workers};

/// Serves Temporal's API over a backend (the owners of partitions) and the visibility index. Its only state are the turns at computing, and
/// the workers that have sent heartbeats.
#[derive(Debug)]
pub struct Gateway<B, V> {
    pub(crate) backend: Arc<B>,
    pub(crate) visibility: V,
    pub(crate) config: Config,
    pub(crate) computing: Computing,
    pub(crate) workers: Arc<Workers>,
}

/// A new UUID as text.
pub(crate) fn new_id() -> String {
    Uuid::new_v4().to_string()
}

impl<B: Backend, V: VisibilityQueries> Gateway<B, V> {
    /// A gateway over this backend and this index.
    pub fn new(backend: Arc<B>, visibility: V, config: Config) -> Self {
        Self { backend, visibility, config, computing: Computing::default(), workers: Arc::default() }
    }

    /// The terms that a request about this namespace is checked against.
    pub(crate) fn terms<'t>(&'t self, namespace: &'t NamespaceState) -> Terms<'t> {
        Terms { namespace, limits: self.limits_of(&namespace.name), new_id: &new_id }
    }

    /// The limits of requests about this namespace.
    pub(crate) fn limits_of(&self, namespace: &str) -> &Limits {
        self.config.namespace_limits.get(namespace).unwrap_or(&self.config.limits)
    }

    /// The namespace of a request that starts work.
    pub(crate) fn registered_namespace<'n>(&self, namespaces: &'n Namespaces, name: &str) -> Result<&'n NamespaceState> {
        namespaces::registered(namespaces, name, &self.config.limits)
    }

    /// The namespace of any other request.
    pub(crate) fn namespace<'n>(&self, namespaces: &'n Namespaces, name: &str) -> Result<&'n NamespaceState> {
        namespaces::existing(namespaces, name, &self.config.limits)
    }

    /// The namespace of a request with a task token.
    pub(crate) fn token_namespace<'n>(&self, namespaces: &'n Namespaces, requested: &str, of_token: &str) -> Result<&'n NamespaceState> {
        namespaces::of_token(namespaces, requested, of_token, &self.config.limits)
    }

    /// Appends a command about a workflow and waits for its answer. The command is boxed before the future begins: futures that hold each
    /// other would all have room for it, and it would move through all of them.
    pub(crate) fn submit(&self, call: &Call, command: Command) -> impl Future<Output = Result<Answer>> + Send {
        let submitting = self.submit_any(call, Box::new(command));
        async move {
            match submitting.await? {
                Reply::Workflow(answer) => Ok(answer),
                Reply::Schedule(_) | Reply::Cluster(_) | Reply::Trigger(_) => Err(unexpected_answer()),
            }
        }
    }

    /// Appends a command of the cluster and waits for its answer.
    pub(crate) fn submit_cluster(&self, call: &Call, command: Command) -> impl Future<Output = Result<klamm_cluster::Answer>> + Send {
        let submitting = self.submit_any(call, Box::new(command));
        async move {
            match submitting.await? {
                Reply::Cluster(answer) => Ok(answer),
                Reply::Workflow(_) | Reply::Schedule(_) | Reply::Trigger(_) => Err(unexpected_answer()),
            }
        }
    }

    /// Appends a command about a schedule and waits for its answer.
    pub(crate) fn submit_schedule(&self, call: &Call, command: Command) -> impl Future<Output = Result<klamm_schedule::Answer>> + Send {
        let submitting = self.submit_any(call, Box::new(command));
        async move {
            match submitting.await? {
                Reply::Schedule(answer) => Ok(answer),
                Reply::Workflow(_) | Reply::Cluster(_) | Reply::Trigger(_) => Err(unexpected_answer()),
            }
        }
    }

    /// Appends a command that asks a run for an update, and waits for the update.
    pub(crate) async fn submit_update(&self, command: Command, update_id: &str, wait: UpdateWait) -> Result<(Reply, Result<UpdateStatus>)> {
        self.check_size(&command)?;
        let (reply, status) = self.backend.update(Box::new(command), update_id, wait).await?;
        Ok((reply, status.map_err(Into::into)))
    }

    fn check_size(&self, command: &Command) -> Result<()> {
        let (size, limit) = (command.encoded_len(), self.config.limits.command_bytes);
        if size > limit {
            return Err(Fault::invalid(format!("Request of {size} bytes exceeds the limit of {limit} bytes for one record.")));
        }
        Ok(())
    }

    async fn submit_any(&self, call: &Call, command: Box<Command>) -> Result<Reply> {
        self.check_size(&command)?;
        // When the caller's deadline has passed, the server drops the call. A call without a deadline must not wait forever.
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

/// The error when the backend gave an answer that belongs to another kind of command. That is a bug, so it is reported.
pub(crate) fn unexpected_answer() -> Fault {
    Fault::Internal("The command was accepted, but its answer is not the one expected.".to_owned())
}
