//! What must be so.

pub mod answers;
pub mod children;
pub mod histories;
pub mod outputs;
pub mod published;
pub mod sends;
pub mod stores;

use std::sync::Arc;

use klamm_machine::{Table, TablesExt};
use klamm_messages::{klamm::v1::RunState, temporal::history::v1::HistoryEvent};
use klamm_workflow::tables::{History, RunKey, Runs};

use crate::witness::Witness;

/// A run and its whole history.
pub type Life = (RunState, Vec<Arc<HistoryEvent>>);

/// All runs of a partition, as its command log says.
pub fn runs(witness: &Witness, number: u32) -> Vec<RunState> {
    rows::<Runs>(witness, number).into_iter().map(|run| RunState::clone(&run)).collect()
}

/// All runs of a partition with their histories.
pub fn lives(witness: &Witness, number: u32) -> Vec<Life> {
    let runs = runs(witness, number);
    witness.look(number, |shadow| {
        let tables = shadow.partition.tables();
        let history = |run: &RunState| {
            let (from, to) = History::range(&key(run), 0, i64::MAX);
            tables.range::<History>(&from, &to, usize::MAX).into_iter().map(|(_, event)| event).collect()
        };
        runs.into_iter().map(|run| (run.clone(), history(&run))).collect()
    })
}

/// All rows of a table.
pub fn rows<T: Table>(witness: &Witness, number: u32) -> Vec<Arc<T::Row>> {
    let (from, to) = ([T::KIND as u8], [T::KIND as u8 + 1]);
    witness.look(number, |shadow| shadow.partition.tables().range::<T>(&from, &to, usize::MAX).into_iter().map(|(_, row)| row).collect())
}

/// The key of a run.
pub fn key(run: &RunState) -> RunKey {
    RunKey::new(&run.namespace, &run.workflow_id, &run.run_id)
}
