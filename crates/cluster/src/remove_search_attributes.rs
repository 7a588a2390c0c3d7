//! RemoveSearchAttributes: they can no longer be set or searched; values on runs stay where they are.

use klamm_machine::{Rejection, Tx};
use klamm_messages::klamm::v1::RemoveSearchAttributes;
use klamm_search_attributes as search_attributes;

use crate::{
    Answer, Cluster,
    change::{change, existing},
};

/// Removes all or none.
pub(crate) fn decide(tx: &mut Tx<'_, Cluster>, command: &RemoveSearchAttributes) -> Result<Answer, Rejection> {
    if command.search_attributes.is_empty() {
        return Err(Rejection::invalid("SearchAttributes are not set on request."));
    }
    let mut state = existing(tx, &command.namespace)?;
    for name in &command.search_attributes {
        if state.search_attributes.remove(name).is_some() {
            continue;
        }
        return Err(if search_attributes::defined(name).is_some() {
            Rejection::invalid(format!("Unable to remove non-custom search attributes: {name}."))
        } else {
            Rejection::not_found(format!("Search attribute {name} doesn't exist."))
        });
    }
    change(tx, state)?;
    Ok(Answer::Empty)
}
