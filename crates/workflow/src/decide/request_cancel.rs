//! RequestCancelWorkflow: tells the workflow that it is to cancel itself. Temporal: service/history/api/requestcancelworkflow.

use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::{
    klamm::v1::{Command, RequestCancelWorkflow},
    temporal::{
        enums::v1::EventType,
        history::v1::{HistoryEvent, WorkflowExecutionCancelRequestedEventAttributes, history_event::Attributes},
    },
};

use super::locate;
use crate::{
    Answer, Workflow, external,
    run::{is_open, new_event},
};

/// Decides the command. A closed run, and one that was asked before, are left as they are; the answer is a success.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &RequestCancelWorkflow) -> Decision<Answer> {
    let request = body.request.as_ref().ok_or_else(|| Rejection::Internal("A cancel request without a request.".to_owned()))?;
    let execution = request.workflow_execution.as_ref();
    let chain = &request.first_execution_run_id;
    let mut run = locate::run_of_chain(tx, command, execution, chain)?;
    let state = run.state();
    if !is_open(&state) {
        return Ok(Outcome::Answer(Answer::Empty));
    }
    locate::check_chain(&state, chain)?;
    let asked_by = command.asked_by.as_ref();
    external::check_parent(&state, asked_by)?;
    if state.cancel_requested {
        return Ok(Outcome::Answer(Answer::Empty));
    }
    drop(state);
    let event = new_event(
        EventType::WorkflowExecutionCancelRequested,
        Attributes::WorkflowExecutionCancelRequestedEventAttributes(WorkflowExecutionCancelRequestedEventAttributes {
            cause: request.reason.clone(),
            identity: request.identity.clone(),
            external_initiated_event_id: asked_by.map_or(0, |asked_by| asked_by.initiated_event_id),
            external_workflow_execution: external::asking_execution(asked_by),
        }),
        run.now(),
    );
    run.add_or_buffer_whole_event(HistoryEvent { links: request.links.clone(), ..event });
    // A cancel request does not wait for a delayed start.
    run.schedule_workflow_task();
    Ok(Outcome::Answer(Answer::Empty))
}
