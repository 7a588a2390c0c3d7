//! A namespace as it stands, and its next state.

use klamm_machine::{Rejection, Tx};
use klamm_messages::klamm::v1::NamespaceState;
use prost::Message;

use crate::{Cluster, Event, Namespaces};

/// The namespace, or the rejection that names it.
pub(crate) fn existing(tx: &Tx<'_, Cluster>, name: &str) -> Result<NamespaceState, Rejection> {
    match tx.get::<Namespaces>(name) {
        Some(state) => Ok(NamespaceState::clone(&state)),
        None => Err(Rejection::NamespaceNotFound(name.to_owned())),
    }
}

/// Largest namespace, bytes: its description, owner, data and search attributes. Its record goes to a topic of Kafka's usual limit (1 MiB), every
/// process keeps all namespaces in memory, and commands bring the search attributes along. Temporal takes what its database takes.
pub const NAMESPACE_BYTES_MAX: usize = 256 << 10;

/// Emits the namespace's new state unless it is the one that stands.
///
/// # Errors
/// InvalidArgument when it would become too large.
pub(crate) fn change(tx: &mut Tx<'_, Cluster>, state: NamespaceState) -> Result<(), Rejection> {
    let size = state.encoded_len();
    if size > NAMESPACE_BYTES_MAX && tx.get::<Namespaces>(&state.name).is_none_or(|old| size > old.encoded_len()) {
        return Err(Rejection::invalid(format!("Namespace size exceeds limit ({size}/{NAMESPACE_BYTES_MAX} bytes).")));
    }
    put(tx, state);
    Ok(())
}

/// As [`change`], whatever its size: what the machine itself adds to a namespace is small.
pub(crate) fn put(tx: &mut Tx<'_, Cluster>, state: NamespaceState) {
    if tx.get::<Namespaces>(&state.name).is_none_or(|old| *old != state) {
        tx.emit(Event::namespace(state));
    }
}
