//! Commands of the log: the table of contents. One file per command.

use klamm_machine::{Decision, Rejection, Tx};
use klamm_messages::klamm::v1::Command;

use crate::{Answer, Schedule};

/// Decides one command.
pub(crate) fn decide(tx: &mut Tx<'_, Schedule>, command: &Command) -> Decision<Answer> {
    let _ = (tx, command);
    Err(Rejection::Unimplemented("Schedules are not supported yet.".to_owned()))
}
