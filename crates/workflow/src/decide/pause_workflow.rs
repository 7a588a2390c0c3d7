//! PauseWorkflow: the run gets no tasks until it is unpaused. Temporal: service/history/api/pauseworkflow.

use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::{
    klamm::v1::{Command, PauseWorkflow},
    temporal::{
        enums::v1::EventType,
        history::v1::{HistoryEvent, WorkflowExecutionPausedEventAttributes, history_event::Attributes},
    },
};

use super::locate;
use crate::{
    Answer, Workflow,
    run::{is_open, is_paused, new_event},
};

/// Decides the command. The same request again is no error. A scheduled workflow task is dropped; one that a worker has may complete.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &PauseWorkflow) -> Decision<Answer> {
    let mut run = locate::run(tx, command, body.execution.as_ref())?;
    let state = run.state();
    if !is_open(&state) {
        return Err(Rejection::not_found(locate::COMPLETED));
    }
    if is_paused(&state) {
        let is_same = state.pause.as_ref().is_some_and(|pause| !pause.request_id.is_empty() && pause.request_id == body.request_id);
        return if is_same {
            Ok(Outcome::Answer(Answer::Empty))
        } else {
            Err(Rejection::FailedPrecondition("workflow is already paused.".to_owned()))
        };
    }
    drop(state);
    // Temporal appends an event that may wait for a task behind those that may not.
    run.drop_scheduled_workflow_task();
    let event = new_event(
        EventType::WorkflowExecutionPaused,
        Attributes::WorkflowExecutionPausedEventAttributes(WorkflowExecutionPausedEventAttributes {
            identity: command.identity.clone(),
            reason: body.reason.clone(),
            request_id: body.request_id.clone(),
        }),
        run.now(),
    );
    run.add_or_buffer_whole_event(HistoryEvent { worker_may_ignore: true, ..event });
    run.publish_visibility();
    Ok(Outcome::Answer(Answer::Empty))
}
