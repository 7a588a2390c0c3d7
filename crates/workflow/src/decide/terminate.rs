//! TerminateWorkflow: closes the run at once. Temporal: service/history/api/terminateworkflow.

use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::{
    klamm::v1::{Command, TerminateWorkflow},
    temporal::{
        enums::v1::EventType,
        history::v1::{HistoryEvent, WorkflowExecutionTerminatedEventAttributes, history_event::Attributes},
    },
};

use super::locate;
use crate::{
    Answer, Workflow,
    run::{is_open, new_event},
};

/// Decides the command.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &TerminateWorkflow) -> Decision<Answer> {
    let request = body.request.as_ref().ok_or_else(|| Rejection::Internal("A termination without a request.".to_owned()))?;
    let chain = &request.first_execution_run_id;
    let mut run = locate::run_of_chain(tx, command, request.workflow_execution.as_ref(), chain)?;
    let state = run.state();
    if !is_open(&state) {
        return Err(Rejection::not_found(locate::COMPLETED));
    }
    locate::check_chain(&state, chain)?;
    drop(state);
    run.force_end_workflow_task();
    let event = new_event(
        EventType::WorkflowExecutionTerminated,
        Attributes::WorkflowExecutionTerminatedEventAttributes(WorkflowExecutionTerminatedEventAttributes {
            reason: request.reason.clone(),
            details: request.details.clone(),
            identity: request.identity.clone(),
        }),
        run.now(),
    );
    run.close_with(HistoryEvent { links: request.links.clone(), ..event }, &locate::settings(command));
    Ok(Outcome::Answer(Answer::Empty))
}
