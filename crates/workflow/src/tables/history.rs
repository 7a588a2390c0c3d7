//! Table of public events.

use klamm_machine::{Kind, Table, key::KeyBytes};
use klamm_messages::temporal::history::v1::HistoryEvent;

use super::RunKey;

/// The public events of each run. The key is (run, event id), so a run's events are neighbours and in order.
#[derive(Debug)]
pub struct History;

impl Table for History {
    const KIND: Kind = Kind::History;
    type Key = (RunKey, i64);
    type Row = HistoryEvent;

    fn key((run, event_id): &(RunKey, i64)) -> Vec<u8> {
        KeyBytes::new(Self::KIND)
            .hash(&run.namespace, &run.workflow_id)
            .str(&run.namespace)
            .str(&run.workflow_id)
            .str(&run.run_id)
            .i64(*event_id)
            .finish()
    }
}

impl History {
    /// Bounds (from, to) of the keys of a run's events `first..end`.
    pub fn range(run: &RunKey, first: i64, end: i64) -> (Vec<u8>, Vec<u8>) {
        (Self::key(&(run.clone(), first)), Self::key(&(run.clone(), end)))
    }
}
