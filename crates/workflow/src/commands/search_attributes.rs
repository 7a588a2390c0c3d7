//! Search attributes that a workflow sets: the rules that starts have, and a limit for all of a run.

use klamm_cluster::search_attributes;
use klamm_messages::{klamm::v1::CommandSettings, temporal::common::v1::SearchAttributes};

/// Most search attributes of one command (frontend.searchAttributesNumberOfKeysLimit).
const COUNT_MAX: usize = 100;
/// Largest value, bytes (frontend.searchAttributesSizeOfValueLimit).
const VALUE_BYTES_MAX: usize = 2 * 1024;
/// Largest size of all search attributes of a run, bytes (frontend.searchAttributesTotalSizeLimit).
const TOTAL_BYTES_MAX: usize = 40 * 1024;

/// The search attributes, each with its registered type in its metadata.
///
/// # Errors
/// What is wrong, in Temporal's words.
pub(crate) fn checked(mut attributes: SearchAttributes, settings: &CommandSettings, namespace: &str) -> Result<SearchAttributes, String> {
    let custom = |name: &str| settings.search_attribute_types.get(name).copied();
    search_attributes::check(&mut attributes, namespace, custom, COUNT_MAX)?;
    Ok(attributes)
}

/// Whether all search attributes of a run together, and each of them, are small enough.
///
/// # Errors
/// Which is too large.
pub(crate) fn check_sizes(attributes: &SearchAttributes) -> Result<(), String> {
    search_attributes::check_sizes(attributes, VALUE_BYTES_MAX, TOTAL_BYTES_MAX)
}
