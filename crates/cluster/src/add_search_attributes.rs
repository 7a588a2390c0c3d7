//! AddSearchAttributes: custom search attributes of a namespace. There is no limit to their number.

use klamm_machine::{Rejection, Tx};
use klamm_messages::{klamm::v1::AddSearchAttributes, temporal::enums::v1::IndexedValueType};
use klamm_search_attributes as search_attributes;

use crate::{
    Answer, Cluster,
    change::{change, existing},
};

/// Adds all or none. An attribute that exists with the same type is passed over; one that exists with another type is refused.
pub(crate) fn decide(tx: &mut Tx<'_, Cluster>, command: &AddSearchAttributes) -> Result<Answer, Rejection> {
    if command.search_attributes.is_empty() {
        return Err(Rejection::invalid("SearchAttributes are not set on request."));
    }
    let mut state = existing(tx, &command.namespace)?;
    for (name, &value_type) in &command.search_attributes {
        if name.is_empty() {
            return Err(Rejection::invalid("Search attribute name is not set on request."));
        }
        if search_attributes::is_reserved(name) {
            return Err(Rejection::invalid(format!("Search attribute {name} is reserved by system.")));
        }
        match IndexedValueType::try_from(value_type) {
            Ok(IndexedValueType::Unspecified) | Err(_) => {
                return Err(Rejection::invalid(format!("Unknown search attribute type: {value_type}.")));
            }
            Ok(_) => {}
        }
        if *state.search_attributes.entry(name.clone()).or_insert(value_type) != value_type {
            return Err(Rejection::AlreadyExists(format!("Search attribute {name} already exists.")));
        }
    }
    change(tx, state)?;
    Ok(Answer::Empty)
}
