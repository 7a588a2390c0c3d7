//! RegisterNamespace, UpdateNamespace, DeprecateNamespace.

use klamm_messages::{
    klamm::v1::{Command, DeprecateNamespace, NamespaceState, RegisterNamespace, UpdateNamespace, cluster_command},
    temporal::{
        enums::v1::NamespaceState as Lifecycle,
        workflowservice::v1::{RegisterNamespaceRequest, UpdateNamespaceRequest},
    },
};

use super::cluster;
use crate::{
    fault::{Fault, Result},
    limits::Limits,
    validate,
};

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
    /// Whether the namespace has to be deprecated as well ([`deprecate`]), once the command is accepted.
    pub deprecates: bool,
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
    Ok(Update {
        command: cluster::command(&namespace.name, cluster_command::Command::UpdateNamespace(command)),
        deprecates: state == Some(Lifecycle::Deprecated),
    })
}

/// The command that deprecates the namespace.
pub fn deprecate(name: &str) -> Command {
    cluster::command(name, cluster_command::Command::DeprecateNamespace(DeprecateNamespace { name: name.to_owned() }))
}

/// The state that an update asks for. `None` when the state stays as it is (Temporal: namespace_handler.go validateStateUpdate).
fn check_state(now: i32, asked: i32) -> Result<Option<Lifecycle>> {
    let asked = Lifecycle::try_from(asked).unwrap_or_default();
    if asked == Lifecycle::Unspecified || asked as i32 == now {
        return Ok(None);
    }
    match asked {
        Lifecycle::Deprecated if now == Lifecycle::Registered as i32 => Ok(Some(asked)),
        Lifecycle::Deleted => Err(Fault::not_built("Deleting a namespace")),
        _ => Err(Fault::invalid("Invalid namespace state update.")),
    }
}
