//! An update is admitted. Temporal: service/history/api/updateworkflow.

use klamm_machine::{Decision, Outcome, Rejection};
use klamm_messages::{
    klamm::v1::{CommandSettings, RunState, UpdatePhase, UpdateState, history_record::Record},
    temporal::workflowservice::v1::UpdateWorkflowExecutionRequest,
};

use super::{
    known::{is_completed, update_id},
    limits,
};
use crate::{
    Answer,
    answer::AdmittedUpdate,
    decide::locate::COMPLETED,
    run::{
        Run, is_open, is_paused,
        task_phase::{is_closing, is_pending},
    },
};

/// From this attempt of its workflow task on, a run takes no updates: it would not get to them.
const FAILING_ATTEMPT: i32 = 3;

/// Admits the update. If the run knows its id, the caller waits for the one that it knows.
pub(crate) fn admit(run: &mut Run<'_, '_>, request: &UpdateWorkflowExecutionRequest, settings: &CommandSettings) -> Decision<Answer> {
    let update = request.request.as_ref().ok_or_else(|| Rejection::Internal("An update without a request.".to_owned()))?;
    let update_id = update_id(update);
    let state = run.state();
    let admitted = |number| Ok(Outcome::Answer(Answer::UpdateAdmitted(AdmittedUpdate { run_id: state.run_id.clone(), number })));
    if !is_open(&state) {
        let is_accepted = state.updates.get(update_id).is_some_and(|update| update.phase() == UpdatePhase::Accepted);
        return if is_accepted || is_completed(run, update_id) { admitted(0) } else { Err(Rejection::not_found(COMPLETED)) };
    }
    check_run(&state)?;
    if let Some(pending) = state.updates.get(update_id) {
        return admitted(pending.number);
    }
    if is_completed(run, update_id) {
        return admitted(0);
    }
    limits::check(&state, update, settings)?;
    let number = state.last_update_number.saturating_add(1);
    let answer = admitted(number);
    let (slot, has_task) = (free_slot(&state), is_pending(&state));
    drop(state);
    run.record(Record::Update(UpdateState {
        slot,
        number,
        update_id: update_id.to_owned(),
        phase: UpdatePhase::Admitted as i32,
        request: Some(update.clone()),
        rejection: None,
    }));
    if !has_task {
        run.schedule_speculative_workflow_task();
    }
    answer
}

/// Checks that the open run takes updates.
///
/// # Errors
/// FailedPrecondition when it is paused, WorkflowNotReady when its task keeps failing, BusyWorkflow while it is about to close.
fn check_run(state: &RunState) -> Result<(), Rejection> {
    if is_paused(state) {
        return Err(Rejection::FailedPrecondition("Workflow is paused. Cannot update the workflow.".to_owned()));
    }
    if state.workflow_task.as_ref().is_some_and(|task| task.attempt >= FAILING_ATTEMPT) {
        let message = "Unable to perform workflow execution update due to Workflow Task in failed state.";
        return Err(Rejection::WorkflowNotReady(message.to_owned()));
    }
    if is_closing(state) {
        return Err(Rejection::BusyWorkflow("workflow operation can not be applied because workflow is closing".to_owned()));
    }
    Ok(())
}

/// The smallest slot that no pending update has.
fn free_slot(state: &RunState) -> i64 {
    let is_free = |slot: &i64| state.updates.values().all(|update| update.slot != *slot);
    (1..).find(is_free).unwrap_or(i64::MAX)
}
