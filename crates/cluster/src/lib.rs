//! The cluster machine: namespaces and their custom search attributes, as a pure state machine.
//!
//! [`Cluster`] implements [`klamm_machine::Machine`]. Its commands go to partition 0 of the command log; its events are the
//! records of the topic `cluster`, each the whole of one thing ([`topic_key`]). A fresh cluster knows no namespace: the server
//! appends a RegisterNamespace for `default` at start and takes AlreadyExists as done. Nothing here waits, reads a clock or
//! draws an id: the gateway stamps ids into commands. [`search_attributes`] is the one table of names and types that the system
//! itself defines; gateway, workflow machine and visibility index all use it.

mod add_search_attributes;
mod deprecate_namespace;
pub mod namespaces;
mod register_namespace;
mod remove_search_attributes;
mod retention;
pub mod search_attributes;
mod update_namespace;

use klamm_machine::{Decision, Machine, Outcome, Rejection, Tables, TablesExt, Tx, key};
use klamm_messages::klamm::v1::{ClusterRecord, Command, NamespaceState, cluster_command, cluster_record::Record, command::Body};

pub use namespaces::Namespaces;
pub use retention::{RETENTION_MIN_GLOBAL, RETENTION_MIN_LOCAL};

/// The cluster machine. It has no settings and no state of its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cluster;

/// Answer of an accepted cluster command.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Nothing to tell.
    Empty,
    /// The namespace as it stands after the command (register, update).
    Namespace(Box<NamespaceState>),
}

impl Machine for Cluster {
    type Event = ClusterRecord;
    type Answer = Answer;

    fn decide(&self, tx: &mut Tx<'_, Self>, command: &Command) -> Decision<Answer> {
        use cluster_command::Command as Body_;
        let Some(Body::Cluster(command)) = &command.body else {
            return Err(Rejection::invalid("This is no command of the cluster."));
        };
        let answer = match &command.command {
            Some(Body_::RegisterNamespace(command)) => register_namespace::decide(tx, command)?,
            Some(Body_::UpdateNamespace(command)) => update_namespace::decide(tx, command)?,
            Some(Body_::DeprecateNamespace(command)) => deprecate_namespace::decide(tx, command)?,
            Some(Body_::AddSearchAttributes(command)) => add_search_attributes::decide(tx, command)?,
            Some(Body_::RemoveSearchAttributes(command)) => remove_search_attributes::decide(tx, command)?,
            None => return Err(Rejection::Unimplemented("This command of the cluster is not known.".to_owned())),
        };
        Ok(Outcome::Answer(answer))
    }

    fn apply(&self, tables: &mut dyn Tables, event: &ClusterRecord) {
        match &event.record {
            Some(Record::Namespace(state)) => tables.put::<Namespaces>(&state.name, state.clone()),
            None => {}
        }
    }
}

/// Key of a record on the topic `cluster`: `kind/name`, each part percent-encoded. `None` for a record that says nothing.
pub fn topic_key(record: &ClusterRecord) -> Option<String> {
    match record.record.as_ref()? {
        Record::Namespace(state) => Some(key::topic_key(["namespace", &state.name])),
    }
}

/// The namespace, or the rejection that names it.
fn existing(tx: &Tx<'_, Cluster>, name: &str) -> Result<NamespaceState, Rejection> {
    match tx.get::<Namespaces>(name) {
        Some(state) => Ok(NamespaceState::clone(&state)),
        None => Err(Rejection::NamespaceNotFound(name.to_owned())),
    }
}

/// Emits the namespace's new state unless it is the one that stands.
fn change(tx: &mut Tx<'_, Cluster>, state: NamespaceState) {
    if tx.get::<Namespaces>(&state.name).is_none_or(|old| *old != state) {
        tx.emit(ClusterRecord { record: Some(Record::Namespace(state)) });
    }
}

#[cfg(test)]
mod tests;
