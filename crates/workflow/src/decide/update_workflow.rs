//! UpdateWorkflow: the workflow is asked to do something and to answer. Temporal: service/history/api/updateworkflow.

use klamm_machine::{Decision, Rejection, Tx};
use klamm_messages::klamm::v1::{Command, UpdateWorkflow};

use super::locate;
use crate::{Answer, Workflow, update};

/// Decides the command. What comes of the update is seen later.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &UpdateWorkflow) -> Decision<Answer> {
    let request = body.request.as_ref().ok_or_else(|| Rejection::Internal("An update without a request.".to_owned()))?;
    let mut run = locate::run(tx, command, request.workflow_execution.as_ref())?;
    locate::check_chain(&run.state(), &request.first_execution_run_id)?;
    update::admit(&mut run, request, &locate::settings(command))
}
