//! AddSearchAttributes, RemoveSearchAttributes: custom search attributes of a namespace.
//!
//! These calls report a missing namespace only after their other checks, so the namespace may be `None` here.

use std::collections::BTreeMap;

use klamm_messages::{
    klamm::v1::{AddSearchAttributes, Command, NamespaceState, RemoveSearchAttributes, cluster_command},
    temporal::{
        enums::v1::IndexedValueType,
        operatorservice::v1::{AddSearchAttributesRequest, RemoveSearchAttributesRequest},
    },
};
use klamm_search_attributes::is_reserved;

use super::cluster;
use crate::fault::{Fault, Result};

/// Names of Temporal's own columns that are no search attributes.
const RESERVED: &[&str] = &["NamespaceId", "MemoEncoding", "Memo", "VisibilityTaskKey"];

/// The command that adds search attributes. Those that exist already are silently skipped. `None`: all exist.
///
/// # Errors
/// What Temporal says of the first fault. Of several bad names, the first in alphabetical order counts.
pub fn add(request: AddSearchAttributesRequest, namespace: Option<&NamespaceState>) -> Result<Option<Command>> {
    if request.search_attributes.is_empty() {
        return Err(Fault::invalid("SearchAttributes are not set on request."));
    }
    let mut names: Vec<_> = request.search_attributes.into_iter().collect();
    names.sort_unstable();
    for (name, number) in &names {
        if is_reserved(name) || RESERVED.contains(&name.as_str()) {
            return Err(Fault::invalid(format!("Search attribute {name} is reserved by system.")));
        }
        match IndexedValueType::try_from(*number) {
            Ok(IndexedValueType::Unspecified) => {
                return Err(Fault::invalid(
                    "Unable to create search attributes: cannot have more than 0 search attribute of type Unspecified.",
                ));
            }
            Err(_) => {
                return Err(Fault::invalid(format!("Unknown search attribute type: {number}.")));
            }
            Ok(_) => {}
        }
    }
    let namespace = required(namespace)?;
    let missing = names.into_iter().filter(|(name, _)| !namespace.search_attributes.contains_key(name));
    let search_attributes: BTreeMap<_, _> = missing.collect();
    if search_attributes.is_empty() {
        return Ok(None);
    }
    let command = AddSearchAttributes { namespace: namespace.name.clone(), search_attributes };
    Ok(Some(cluster::command(&namespace.name, cluster_command::Command::AddSearchAttributes(command))))
}

/// The command that removes search attributes. Those that do not exist are silently skipped. `None`: none exists.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn remove(request: RemoveSearchAttributesRequest, namespace: Option<&NamespaceState>) -> Result<Option<Command>> {
    let mut search_attributes = request.search_attributes;
    if search_attributes.is_empty() {
        return Err(Fault::invalid("SearchAttributes are not set on request."));
    }
    let namespace = required(namespace)?;
    search_attributes.retain(|name| namespace.search_attributes.contains_key(name) || is_reserved(name));
    if search_attributes.is_empty() {
        return Ok(None);
    }
    let command = RemoveSearchAttributes { namespace: namespace.name.clone(), search_attributes };
    Ok(Some(cluster::command(&namespace.name, cluster_command::Command::RemoveSearchAttributes(command))))
}

/// The namespace, or the refusal of a request that names none.
pub fn required(namespace: Option<&NamespaceState>) -> Result<&NamespaceState> {
    namespace.ok_or_else(|| Fault::invalid("Namespace is not set on request."))
}
