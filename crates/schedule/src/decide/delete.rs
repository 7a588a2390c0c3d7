//! DeleteSchedule: the schedule goes at once; what it started goes on, and nobody listens any more.

use klamm_machine::{Decision, Tx};
use klamm_messages::klamm::v1::Command;

use super::DONE;
use crate::{Answer, Schedule, work::Work};

/// Decides the command.
pub(super) fn decide(tx: &mut Tx<'_, Schedule>, command: &Command) -> Decision<Answer> {
    Work::load(tx, command)?.delete();
    DONE
}
