//! Table of updates of which no public event tells.

use klamm_machine::{Kind, Table};
use klamm_messages::klamm::v1::UpdateRow;

use super::{RunKey, RunNames};

/// What was asked of workflows and has not been accepted, or has ended without an event. The key is (run, slot). A slot is used again, so a
/// run has few of these rows.
#[derive(Debug)]
pub struct Updates;

impl Table for Updates {
    const KIND: Kind = Kind::Update;
    type Key = (RunKey, i64);
    type Row = UpdateRow;

    fn key((run, slot): &(RunKey, i64)) -> Vec<u8> {
        Self::key_of(run.names(), *slot)
    }
}

impl Updates {
    /// The key of a run's slot.
    pub fn key_of(run: RunNames<'_>, slot: i64) -> Vec<u8> {
        run.key_in(Self::KIND).i64(slot).finish()
    }

    /// Bounds (from, to) of the keys of all slots of a run.
    pub fn of_run(run: RunNames<'_>) -> (Vec<u8>, Vec<u8>) {
        (Self::key_of(run, i64::MIN), Self::key_of(run, i64::MAX))
    }
}
