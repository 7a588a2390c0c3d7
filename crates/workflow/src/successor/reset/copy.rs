//! The events of the base before the point: the same ids, times and attributes.

use klamm_messages::klamm::v1::{ResetState, history_record::Record};

use super::budget::Budget;
use crate::{
    run::Run,
    tables::{History, RunKey},
};

/// Copies the next events. True: all are there.
pub(super) fn copy(run: &mut Run<'_, '_>, reset: &ResetState, budget: &mut Budget) -> bool {
    let base = RunKey::new(&run.key.namespace, &run.key.workflow_id, &reset.base_run_id);
    let first = run.state().next_event_id.max(1);
    let (from, to) = History::range(&base, first, reset.fork_event_id);
    for (_, event) in run.tx.range::<History>(&from, &to, budget.events()) {
        if budget.is_spent() {
            break;
        }
        budget.look();
        budget.write(&event);
        run.record(Record::Event((*event).clone()));
    }
    run.state().next_event_id >= reset.fork_event_id
}
