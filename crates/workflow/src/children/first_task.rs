//! ScheduleFirstWorkflowTask: the parent knows of the child, so the child may run.
//!
//! Temporal: service/history/api/scheduleworkflowtask.

use klamm_machine::{Decision, Outcome, Tx};
use klamm_messages::klamm::v1::{Command, ScheduleFirstWorkflowTask};

use crate::{
    Answer, Workflow,
    run::{Run, is_open},
    tables::RunKey,
};

/// Decides the command. A run that had a workflow task before (a signal or a cancel request schedules one) needs no other, and one whose
/// start is delayed gets it from a wake-up.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &ScheduleFirstWorkflowTask) -> Decision<Answer> {
    let mut run = Run::new(tx, RunKey::new(&command.namespace, &command.workflow_id, &body.run_id));
    let state = run.state();
    if is_open(&state) && state.workflow_task.is_none() {
        drop(state);
        run.schedule_workflow_task_unless_delayed();
    }
    Ok(Outcome::Answer(Answer::Empty))
}
