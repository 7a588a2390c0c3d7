//! UpdateNamespace: fields that are present are changed, `data` is merged by key.

use klamm_machine::{Rejection, Tx};
use klamm_messages::klamm::v1::UpdateNamespace;

use crate::{
    Answer, Cluster,
    change::{change, existing},
    retention,
};

/// Changes the namespace's description, owner, retention and data.
pub(crate) fn decide(tx: &mut Tx<'_, Cluster>, command: &UpdateNamespace) -> Result<Answer, Rejection> {
    let mut state = existing(tx, &command.name)?;
    if let Some(description) = &command.description {
        state.description.clone_from(description);
    }
    if let Some(owner_email) = &command.owner_email {
        state.owner_email.clone_from(owner_email);
    }
    if command.retention.is_some() {
        state.retention = Some(retention::checked(command.retention.as_ref(), state.is_global)?);
    }
    for (key, value) in &command.data {
        state.data.insert(key.clone(), value.clone());
    }
    change(tx, state.clone())?;
    Ok(Answer::Namespace(Box::new(state)))
}
