//! ResetStickyTaskQueue: the next workflow task goes to the normal queue. Temporal: service/history/api/resetstickytaskqueue.

use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::{
    klamm::v1::{Command, ResetStickyTaskQueue},
    temporal::common::v1::WorkflowExecution,
};

use super::locate;
use crate::{
    Answer, Workflow,
    run::{is_open, task_phase},
};

/// Decides the command. A task that waits on the sticky queue stays there until its time-out.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &ResetStickyTaskQueue) -> Decision<Answer> {
    let execution = WorkflowExecution { workflow_id: command.workflow_id.clone(), run_id: body.run_id.clone() };
    let mut run = locate::run(tx, command, Some(&execution))?;
    let state = run.state();
    if !is_open(&state) {
        return Err(Rejection::not_found(locate::COMPLETED));
    }
    let pending = state.workflow_task.clone().filter(|_| task_phase::is_pending(&state));
    let was_sticky = task_phase::is_sticky(&state);
    drop(state);
    run.clear_sticky();
    if let Some(task) = pending.filter(|_| was_sticky) {
        // With the sticky state gone, the pending task's own time-out no longer follows from it. So the event states the time-out.
        run.record_workflow_task(task);
    }
    Ok(Outcome::Answer(Answer::Empty))
}
