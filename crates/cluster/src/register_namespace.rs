//! RegisterNamespace: a new namespace.

use klamm_machine::{Rejection, Tx};
use klamm_messages::{
    klamm::v1::{NamespaceState, RegisterNamespace},
    temporal::enums::v1::NamespaceState as Lifecycle,
};

use crate::{Answer, Cluster, Namespaces, change::change, retention};

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
        search_attributes: Default::default(),
    };
    change(tx, state.clone())?;
    Ok(Answer::Namespace(Box::new(state)))
}
