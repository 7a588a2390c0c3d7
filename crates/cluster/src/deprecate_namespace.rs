//! DeprecateNamespace: no new workflows; all else goes on.

use klamm_machine::{Rejection, Tx};
use klamm_messages::{klamm::v1::DeprecateNamespace, temporal::enums::v1::NamespaceState as Lifecycle};

use crate::{
    Answer, Cluster,
    change::{change, existing},
};

/// Sets the state DEPRECATED; doing so again changes nothing.
pub(crate) fn decide(tx: &mut Tx<'_, Cluster>, command: &DeprecateNamespace) -> Result<Answer, Rejection> {
    let mut state = existing(tx, &command.name)?;
    state.state = Lifecycle::Deprecated as i32;
    change(tx, state)?;
    Ok(Answer::Empty)
}
