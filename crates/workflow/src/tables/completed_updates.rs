//! Table of completed updates.

use klamm_machine::{Kind, Table, key::prefix_end};
use klamm_messages::klamm::v1::CompletedUpdateRow;

use super::{RunKey, RunNames};

/// Which event has the outcome of an update; key (run, update id).
#[derive(Debug)]
pub struct CompletedUpdates;

impl Table for CompletedUpdates {
    const KIND: Kind = Kind::CompletedUpdate;
    type Key = (RunKey, String);
    type Row = CompletedUpdateRow;

    fn key((run, update_id): &(RunKey, String)) -> Vec<u8> {
        Self::key_of(run.names(), update_id)
    }
}

impl CompletedUpdates {
    /// The key of a run's update.
    pub fn key_of(run: RunNames<'_>, update_id: &str) -> Vec<u8> {
        run.key_in(Self::KIND).str(update_id).finish()
    }

    /// Bounds (from, to) of the keys of all updates of a run.
    pub fn of_run(run: RunNames<'_>) -> (Vec<u8>, Vec<u8>) {
        let from = run.key_in(Self::KIND).finish();
        let to = prefix_end(&from);
        (from, to)
    }
}
