//! Finds the namespace of a request, and checks that the namespace allows the request.

use std::collections::BTreeMap;

use klamm_messages::{klamm::v1::NamespaceState, temporal::enums::v1::NamespaceState as Lifecycle};

use crate::{
    fault::{Fault, Result},
    limits::Limits,
    validate::ids,
};

/// All namespaces of one moment, by name.
pub type Namespaces = BTreeMap<String, NamespaceState>;

/// States in which new work may begin.
const REGISTERED: &[Lifecycle] = &[Lifecycle::Registered];
/// States in which everything else is allowed.
const REGISTERED_OR_DEPRECATED: &[Lifecycle] = &[Lifecycle::Registered, Lifecycle::Deprecated];

/// Temporal's own namespace. It is known, although nothing runs in it here.
pub(crate) const SYSTEM_NAMESPACE: &str = "temporal-system";

/// The namespace of a request that starts work.
pub fn registered<'n>(namespaces: &'n Namespaces, name: &str, limits: &Limits) -> Result<&'n NamespaceState> {
    in_one_of(namespaces, name, REGISTERED, limits)
}

/// The namespace of any other request.
pub fn existing<'n>(namespaces: &'n Namespaces, name: &str, limits: &Limits) -> Result<&'n NamespaceState> {
    in_one_of(namespaces, name, REGISTERED_OR_DEPRECATED, limits)
}

/// Checks the namespace that a command about another workflow names. A workflow may name the system's; that the command is refused then is
/// for the workflow to say.
pub fn target(namespaces: &Namespaces, name: &str, limits: &Limits) -> Result<()> {
    if name == SYSTEM_NAMESPACE {
        return Ok(());
    }
    existing(namespaces, name, limits).map(|_| ())
}

/// The namespace of a request with a task token. It is the token's. If the request names a known namespace, it must be the same one.
pub fn of_token<'n>(namespaces: &'n Namespaces, requested: &str, of_token: &str, limits: &Limits) -> Result<&'n NamespaceState> {
    ids::namespace(requested, limits)?;
    let namespace = find(namespaces, of_token)?;
    if requested != of_token && (namespaces.contains_key(requested) || requested == SYSTEM_NAMESPACE) {
        return Err(Fault::invalid("Operation requested with a token from a different namespace."));
    }
    in_state(namespace, REGISTERED_OR_DEPRECATED)
}

fn in_one_of<'n>(namespaces: &'n Namespaces, name: &str, allowed: &'static [Lifecycle], limits: &Limits) -> Result<&'n NamespaceState> {
    ids::namespace(name, limits)?;
    if name.is_empty() {
        return Err(Fault::invalid("Namespace is empty."));
    }
    in_state(find(namespaces, name)?, allowed)
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
