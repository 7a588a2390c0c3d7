//! Checks that search attributes of requests are known to the namespace, of the right type, and small (Temporal:
//! common/searchattribute/validator.go).

use klamm_messages::{
    klamm::v1::NamespaceState,
    temporal::{
        command::v1::{Command, command::Attributes},
        common::v1::SearchAttributes,
    },
};
use klamm_search_attributes as search_attributes;

use crate::{
    fault::{Fault, Result},
    limits::Limits,
};

/// Checks search attributes against the namespace's types, and writes those types into the payloads' metadata, in place of other types
/// there.
pub fn check_and_type(attributes: Option<&mut SearchAttributes>, namespace: &NamespaceState, limits: &Limits) -> Result<()> {
    let Some(attributes) = attributes else {
        return Ok(());
    };
    search_attributes::check(attributes, &namespace.name, custom(namespace), limits.search_attributes)
        .and_then(|()| search_attributes::check_sizes(attributes, limits.search_attribute_value_bytes, limits.search_attributes_bytes))
        .map_err(Fault::invalid)
}

/// Writes the types that the namespace knows into the search attributes of workflow commands. The machine checks the attributes themselves.
pub fn type_commands(commands: &mut [Command], namespace: &NamespaceState) {
    for command in commands {
        let attributes = match &mut command.attributes {
            Some(Attributes::UpsertWorkflowSearchAttributesCommandAttributes(upsert)) => upsert.search_attributes.as_mut(),
            Some(Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(next)) => next.search_attributes.as_mut(),
            Some(Attributes::StartChildWorkflowExecutionCommandAttributes(child)) => child.search_attributes.as_mut(),
            _ => None,
        };
        for (name, payload) in attributes.into_iter().flat_map(|attributes| &mut attributes.indexed_fields) {
            if let Some(value_type) = search_attributes::registered(name, custom(namespace)) {
                search_attributes::set_type(payload, value_type);
            }
        }
    }
}

/// Types of the namespace's custom search attributes, by name.
fn custom(namespace: &NamespaceState) -> impl Fn(&str) -> Option<i32> {
    |name| namespace.search_attributes.get(name).copied()
}

#[cfg(test)]
#[path = "search_attributes_tests.rs"]
mod tests;
