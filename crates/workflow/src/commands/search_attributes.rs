//! Search attributes that a workflow sets. The rules are those of starts; besides, all attributes of a run together have a limit.

use klamm_messages::{klamm::v1::CommandSettings, temporal::common::v1::SearchAttributes};
use klamm_search_attributes as search_attributes;

/// Most search attributes of one command (frontend.searchAttributesNumberOfKeysLimit).
const COUNT_MAX: usize = 100;
/// Largest value, bytes (frontend.searchAttributesSizeOfValueLimit).
const VALUE_BYTES_MAX: usize = 2 * 1024;
/// Largest size of all search attributes of a run, bytes (frontend.searchAttributesTotalSizeLimit).
const TOTAL_BYTES_MAX: usize = 40 * 1024;

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
    search_attributes::check(&mut attributes, namespace, custom, COUNT_MAX)?;
    Ok(attributes)
}

/// Checks that each search attribute of a run, and all of them together, are small enough.
///
/// # Errors
/// What is too large.
pub(crate) fn check_sizes(attributes: &SearchAttributes) -> Result<(), String> {
    search_attributes::check_sizes(attributes, VALUE_BYTES_MAX, TOTAL_BYTES_MAX)
}
