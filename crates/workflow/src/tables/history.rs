//! Table of public events.

use klamm_machine::{Kind, Table};
use klamm_messages::temporal::history::v1::HistoryEvent;

use super::{RunKey, RunNames};

/// The public events of each run. The key is (run, event id), so a run's events are neighbours and in order.
#[derive(Debug)]
pub struct History;

impl Table for History {
    const KIND: Kind = Kind::History;
    type Key = (RunKey, i64);
    type Row = HistoryEvent;

    fn key((run, event_id): &(RunKey, i64)) -> Vec<u8> {
        Self::key_of(run.names(), *event_id)
    }
}

impl History {
    /// The key of a run's event.
    pub fn key_of(run: RunNames<'_>, event_id: i64) -> Vec<u8> {
        run.key_in(Self::KIND).i64(event_id).finish()
    }

    /// Bounds (from, to) of the keys of a run's events `first..end`.
    pub fn range(run: &RunKey, first: i64, end: i64) -> (Vec<u8>, Vec<u8>) {
        (Self::key_of(run.names(), first), Self::key_of(run.names(), end))
    }
}
