//! Search attributes that a workflow sets. The rules are those of starts; besides, all attributes of a run together have a limit.

use klamm_messages::{klamm::v1::CommandSettings, temporal::common::v1::SearchAttributes};
use klamm_search_attributes as search_attributes;

use crate::decide::limits::limit;

/// Checks only that the namespace has all of the search attributes.
///
/// # Errors
/// The first by name that it does not have, in Temporal's words.
pub(crate) fn check_names(attributes: &SearchAttributes, settings: &CommandSettings, namespace: &str) -> Result<(), String> {
    let custom = |name: &str| settings.search_attribute_types.get(name).copied();
    search_attributes::check_names(attributes, namespace, custom)
}

/// The search attributes, with each one's registered type written into its metadata.
///
/// # Errors
/// What is wrong, in Temporal's words.
pub(crate) fn checked(mut attributes: SearchAttributes, settings: &CommandSettings, namespace: &str) -> Result<SearchAttributes, String> {
    let custom = |name: &str| settings.search_attribute_types.get(name).copied();
    search_attributes::check(&mut attributes, namespace, custom, limit(settings, |limits| limits.search_attributes))?;
    Ok(attributes)
}

/// Checks that each search attribute of a run, and all of them together, are small enough.
///
/// # Errors
/// What is too large.
pub(crate) fn check_sizes(attributes: &SearchAttributes, settings: &CommandSettings) -> Result<(), String> {
    let value_bytes_max = limit(settings, |limits| limits.search_attribute_value_bytes);
    search_attributes::check_sizes(attributes, value_bytes_max, limit(settings, |limits| limits.search_attributes_bytes))
}
