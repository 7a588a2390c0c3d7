//! Which runs a command concerns.

use klamm_machine::Tx;
use klamm_messages::klamm::v1::{Command, command::Body};

use crate::{Event, Workflow, tables::RunKey};

/// The runs that have got events, and the one that the command wakes, each once.
pub(crate) fn runs(tx: &Tx<'_, Workflow>, command: &Command) -> Vec<RunKey> {
    let mut runs: Vec<RunKey> = Vec::new();
    let mut add = |namespace: &str, workflow_id: &str, run_id: &str| {
        let is_same = |run: &RunKey| run.run_id == run_id && run.workflow_id == workflow_id && run.namespace == namespace;
        if !runs.iter().any(is_same) {
            runs.push(RunKey::new(namespace, workflow_id, run_id));
        }
    };
    if let Some(Body::WakeUp(wake_up)) = &command.body {
        add(&wake_up.namespace, &wake_up.id, &wake_up.run_id);
    }
    for event in tx.emitted() {
        if let Event::Record(record) = event {
            add(&record.namespace, &record.workflow_id, &record.run_id);
        }
    }
    runs
}
