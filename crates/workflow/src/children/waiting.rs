//! Which run of the parent waits for a child now.

use klamm_machine::Tx;
use klamm_messages::klamm::v1::{Parent, ResetPhase};

use crate::{
    Workflow,
    run::is_open,
    tables::{RunKey, Runs},
};

/// As many resets of resets are followed.
const RESETS_MAX: usize = 1_000;

/// The run that has started the child or, where resets have put others in its place that began with its start of the child, the last of them.
///
/// Temporal: service/history/api/recordchildworkflowcompleted (it follows ResetRunID).
pub(super) fn waiting_run(tx: &Tx<'_, Workflow>, namespace: &str, workflow_id: &str, parent: &Parent) -> RunKey {
    let run_id = parent.execution.as_ref().map_or("", |execution| &execution.run_id);
    let mut key = RunKey::new(namespace, workflow_id, run_id);
    for _ in 0..RESETS_MAX {
        let Some(state) = tx.get::<Runs>(&key).filter(|state| !is_open(state)) else { break };
        let Some(made) = state.reset_base.as_ref().filter(|base| !base.reset_run_id.is_empty()) else { break };
        let next = RunKey::new(namespace, workflow_id, &made.reset_run_id);
        let has_its_start = tx.get::<Runs>(&next).and_then(|state| {
            let reset = state.reset.as_ref()?;
            Some(reset.phase() == ResetPhase::Done && parent.initiated_event_id < reset.fork_event_id)
        });
        if has_its_start != Some(true) {
            break;
        }
        key = next;
    }
    key
}
