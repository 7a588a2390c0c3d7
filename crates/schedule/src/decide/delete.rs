//! DeleteSchedule: the schedule is removed at once. The runs that it started go on, and nobody is told of their ends. Its decisions are
//! kept for as long as the settings say.

use klamm_machine::{Decision, Tx};
use klamm_messages::klamm::v1::Command;

use crate::{Answer, Schedule, answer::DONE, work::Work};

/// Decides the command.
pub(super) fn decide(tx: &mut Tx<'_, Schedule>, command: &Command) -> Decision<Answer> {
    Work::load(tx, command)?.delete();
    DONE
}
