//! RegisterNamespace: a new namespace.

use klamm_machine::{Rejection, Tx};
use klamm_messages::{
    klamm::v1::{NamespaceState, RegisterNamespace},
    temporal::enums::v1::NamespaceState as Lifecycle,
};

use crate::{Answer, Cluster, Namespaces, change::change, namespaces::all, retention};

/// Longest name, bytes (Temporal: limit.maxIDLength).
const NAME_LENGTH_MAX: usize = 1000;

/// Creates the namespace; order of the checks as in Temporal's namespace_handler.go.
pub(crate) fn decide(tx: &mut Tx<'_, Cluster>, command: &RegisterNamespace) -> Result<Answer, Rejection> {
    if command.name.is_empty() {
        return Err(Rejection::invalid("Namespace not set on request."));
    }
    if command.name.len() > NAME_LENGTH_MAX {
        return Err(Rejection::invalid("Namespace length exceeds limit."));
    }
    if command.is_global {
        return Err(Rejection::invalid("Cannot register global namespace when not enabled"));
    }
    let retention = retention::checked(command.retention.as_ref(), command.is_global)?;
    if tx.get::<Namespaces>(&command.name).is_some() {
        return Err(Rejection::NamespaceAlreadyExists(format!("Namespace {:?} already exists", command.name)));
    }
    if is_taken(tx, &command.name) {
        return Err(Rejection::NamespaceAlreadyExists(format!(
            "Namespace {:?} is being deleted: its name is free again once nothing is left in it",
            command.name
        )));
    }
    let id = if command.id.is_empty() { tx.context.derive_id() } else { command.id.clone() };
    let state = NamespaceState {
        name: command.name.clone(),
        id,
        state: Lifecycle::Registered as i32,
        description: command.description.clone(),
        owner_email: command.owner_email.clone(),
        retention: Some(retention),
        data: command.data.clone(),
        is_global: command.is_global,
        create_time: Some(tx.context.now.into()),
        ..NamespaceState::default()
    };
    change(tx, state.clone())?;
    Ok(Answer::Namespace(Box::new(state)))
}

/// Whether runs or schedules of a deleted namespace are still kept under this name. A new namespace of the name would have them.
fn is_taken(tx: &Tx<'_, Cluster>, name: &str) -> bool {
    let (from, to) = all();
    tx.range::<Namespaces>(&from, &to, usize::MAX).iter().any(|(_, state)| state.deleted_from == name && state.emptied_time.is_none())
}
