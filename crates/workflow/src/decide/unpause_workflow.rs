//! UnpauseWorkflow: a paused run goes on. Temporal: service/history/api/unpauseworkflow.

use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::{
    klamm::v1::{Command, UnpauseWorkflow},
    temporal::{
        enums::v1::EventType,
        history::v1::{HistoryEvent, WorkflowExecutionUnpausedEventAttributes, history_event::Attributes},
    },
};

use super::locate;
use crate::{
    Answer, Workflow, activity,
    run::{is_open, is_paused, new_event},
};

/// Decides the command. The workflow gets a task, and its activities go on.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &UnpauseWorkflow) -> Decision<Answer> {
    let mut run = locate::run(tx, command, body.execution.as_ref())?;
    let state = run.state();
    if !is_open(&state) {
        return Err(Rejection::not_found(locate::COMPLETED));
    }
    if !is_paused(&state) {
        return Err(Rejection::FailedPrecondition("workflow is not paused.".to_owned()));
    }
    drop(state);
    let event = new_event(
        EventType::WorkflowExecutionUnpaused,
        Attributes::WorkflowExecutionUnpausedEventAttributes(WorkflowExecutionUnpausedEventAttributes {
            identity: command.identity.clone(),
            reason: body.reason.clone(),
            request_id: body.request_id.clone(),
        }),
        run.now(),
    );
    run.add_or_buffer_whole_event(HistoryEvent { worker_may_ignore: true, ..event });
    activity::schedule_due_attempts(&mut run);
    run.forget_failed_attempts();
    run.schedule_workflow_task();
    run.publish_visibility();
    Ok(Outcome::Answer(Answer::Empty))
}
