//! RegisterNamespace, UpdateNamespace, DeprecateNamespace, DeleteNamespace.

use klamm_messages::{
    klamm::v1::{Command, DeleteNamespace, DeprecateNamespace, NamespaceState, RegisterNamespace, UpdateNamespace, cluster_command},
    temporal::{
        enums::v1::NamespaceState as Lifecycle,
        operatorservice::v1::DeleteNamespaceRequest,
        workflowservice::v1::{RegisterNamespaceRequest, UpdateNamespaceRequest},
    },
};

use super::cluster;
use crate::{
    fault::{Fault, Result},
    limits::Limits,
    namespaces::{Namespaces, SYSTEM_NAMESPACE},
    validate,
};

/// Id of Temporal's own namespace.
const SYSTEM_NAMESPACE_ID: &str = "32049b68-7872-4094-8e63-d0dd59896a83";

/// The command that registers a namespace with this id.
///
/// # Errors
/// What Temporal says of a bad name.
pub fn register(request: RegisterNamespaceRequest, id: String, limits: &Limits) -> Result<Command> {
    if request.namespace.is_empty() {
        return Err(Fault::invalid("Namespace not set on request."));
    }
    validate::ids::namespace(&request.namespace, limits)?;
    let name = request.namespace.clone();
    let command = RegisterNamespace {
        name: request.namespace,
        id,
        description: request.description,
        owner_email: request.owner_email,
        retention: request.workflow_execution_retention_period,
        data: request.data.into_iter().collect(),
        is_global: request.is_global_namespace,
    };
    Ok(cluster::command(&name, cluster_command::Command::RegisterNamespace(command)))
}

/// What an update of a namespace becomes.
#[derive(Debug)]
pub struct Update {
    /// For the log.
    pub command: Command,
    /// The state that the namespace gets as well ([`in_state`]), once the command is accepted.
    pub state: Option<Lifecycle>,
}

/// The command that updates this namespace.
///
/// # Errors
/// What Temporal says of the first fault. Unimplemented, with its name, for a feature of a later version.
pub fn update(request: UpdateNamespaceRequest, namespace: &NamespaceState) -> Result<Update> {
    if request.promote_namespace || request.replication_config.is_some() {
        return Err(Fault::not_built("Replication of namespaces"));
    }
    if !request.delete_bad_binary.is_empty() {
        return Err(Fault::invalid(format!("Bad binary checksum {} doesn't exists.", request.delete_bad_binary)));
    }
    let config = request.config.unwrap_or_default();
    if config.bad_binaries.is_some_and(|bad| !bad.binaries.is_empty()) {
        return Err(Fault::not_built("bad_binaries"));
    }
    if !config.custom_search_attribute_aliases.is_empty() {
        return Err(Fault::not_built("custom_search_attribute_aliases"));
    }
    let info = request.update_info.unwrap_or_default();
    let state = check_state(namespace.state, info.state)?;
    let command = UpdateNamespace {
        name: namespace.name.clone(),
        description: Some(info.description).filter(|text| !text.is_empty()),
        owner_email: Some(info.owner_email).filter(|text| !text.is_empty()),
        retention: config.workflow_execution_retention_ttl,
        data: info.data.into_iter().collect(),
    };
    Ok(Update { command: cluster::command(&namespace.name, cluster_command::Command::UpdateNamespace(command)), state })
}

/// The command that deprecates the namespace.
pub fn deprecate(name: &str) -> Command {
    cluster::command(name, cluster_command::Command::DeprecateNamespace(DeprecateNamespace { name: name.to_owned() }))
}

/// The command that brings a namespace into the state that its update asks for. A namespace that an update marks as deleted keeps its name
/// and what is in it, until it is deleted ([`delete`]).
pub fn in_state(name: &str, state: Lifecycle) -> Command {
    if state == Lifecycle::Deprecated {
        return deprecate(name);
    }
    let body = DeleteNamespace { name: name.to_owned(), only_marks: true, ..DeleteNamespace::default() };
    cluster::command(name, cluster_command::Command::DeleteNamespace(body))
}

/// The command that deletes a namespace, which may be deleted already. `protected` are those that nobody may delete.
///
/// # Errors
/// What Temporal says of the first fault (namespace_validator.go, deletenamespace/workflow.go).
pub fn delete(request: DeleteNamespaceRequest, namespaces: &Namespaces, protected: &[String], limits: &Limits) -> Result<Command> {
    let (name, id) = (request.namespace, request.namespace_id);
    validate::ids::namespace(&name, limits)?;
    match (name.is_empty(), id.is_empty()) {
        (true, true) => return Err(Fault::invalid("Namespace not set on request.")),
        (false, false) => return Err(Fault::invalid("Only one of namespace name or Id should be set on request.")),
        _ => {}
    }
    if name == SYSTEM_NAMESPACE || id == SYSTEM_NAMESPACE_ID {
        return Err(Fault::FailedPrecondition("unable to delete system namespace".to_owned()));
    }
    let found = if id.is_empty() { namespaces.get(&name) } else { namespaces.values().find(|namespace| namespace.id == id) };
    let Some(namespace) = found else {
        return Err(Fault::NamespaceNotFound(if id.is_empty() { name } else { id }));
    };
    if protected.contains(&namespace.name) {
        return Err(Fault::FailedPrecondition(format!("namespace {} is protected from deletion", namespace.name)));
    }
    let body = DeleteNamespace {
        name: namespace.name.clone(),
        id: namespace.id.clone(),
        delay: request.namespace_delete_delay,
        only_marks: false,
    };
    Ok(cluster::command(&namespace.name, cluster_command::Command::DeleteNamespace(body)))
}

/// The state that an update asks for. `None` when the state stays as it is (Temporal: namespace_handler.go validateStateUpdate).
fn check_state(now: i32, asked: i32) -> Result<Option<Lifecycle>> {
    let asked = Lifecycle::try_from(asked).unwrap_or_default();
    if asked == Lifecycle::Unspecified || asked as i32 == now {
        return Ok(None);
    }
    match asked {
        Lifecycle::Deprecated if now == Lifecycle::Registered as i32 => Ok(Some(asked)),
        Lifecycle::Deleted => Ok(Some(asked)),
        _ => Err(Fault::invalid("Invalid namespace state update.")),
    }
}
