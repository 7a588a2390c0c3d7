//! DeleteWorkflow: one run goes, before its retention is over. Temporal: service/history/api/deleteworkflow.

use klamm_machine::{Decision, Outcome, Tx};
use klamm_messages::{
    klamm::v1::{Command, DeleteWorkflow, history_record::Record},
    temporal::common::v1::WorkflowExecution,
};

use super::locate;
use crate::{Answer, Workflow, run::workflow_task::SERVER_IDENTITY};

/// Reason of the termination of a run that is still open.
const REASON: &str = "Delete workflow execution";

/// Decides the command. An open run is terminated, with all that a termination brings about. The run goes with its next wake-up, which is
/// due now.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &DeleteWorkflow) -> Decision<Answer> {
    let execution = WorkflowExecution { workflow_id: command.workflow_id.clone(), run_id: body.run_id.clone() };
    let mut run = locate::run(tx, command, Some(&execution))?;
    if run.is_open() {
        run.terminate(REASON, None, SERVER_IDENTITY, &locate::settings(command));
    }
    let mut execution = run.state().execution.clone().unwrap_or_default();
    let now = run.now();
    if execution.delete_time.as_ref().is_none_or(|time| klamm_machine::Time::from(time) > now) {
        execution.delete_time = Some(now.into());
        run.record(Record::Execution(execution));
    }
    Ok(Outcome::Answer(Answer::Empty))
}
