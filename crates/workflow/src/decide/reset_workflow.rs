//! ResetWorkflow: a new run begins with the first events of another one. Temporal: service/history/api/resetworkflow.

use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::{
    klamm::v1::{Command, ContinueReset, ResetBase, ResetPhase, ResetState, ResetWorkflow, history_record::Record},
    temporal::workflow::v1::WorkflowExecutionOptions,
};

use super::{locate, update_workflow_options};
use crate::{
    Answer, Workflow,
    run::Run,
    successor::reset,
    tables::{RunKey, Runs},
};

/// The error for a run of which only the outcome was kept.
const NO_HISTORY: &str = "Only the outcome of this run was kept, so there is no event at which it could be reset.";

/// Decides the command. The same request again gets the same run, while that is being built or is the newest.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &ResetWorkflow) -> Decision<Answer> {
    let base = locate::run(tx, command, body.execution.as_ref())?;
    let base_key = base.key.clone();
    let state = base.state();
    if state.outcome_only {
        return Err(Rejection::FailedPrecondition(NO_HISTORY.to_owned()));
    }
    if body.workflow_task_finish_event_id <= 1 || body.workflow_task_finish_event_id >= state.next_event_id {
        return Err(Rejection::invalid("Workflow task finish ID must be > 1 && <= workflow last event ID."));
    }
    if let Some(answer) = repeated(tx, command, &base_key, &body.request_id) {
        return Ok(Outcome::Answer(answer));
    }
    for operation in &body.operations {
        let told = operation.options.clone().unwrap_or_default();
        let paths = operation.paths.as_ref().map(|paths| paths.paths.as_slice()).unwrap_or_default();
        update_workflow_options::merge(&WorkflowExecutionOptions::default(), &told, paths)?;
    }
    reset::check_point(tx, &base_key, body.workflow_task_finish_event_id)?;

    let key = RunKey::new(&command.namespace, &command.workflow_id, &body.run_id);
    if tx.get::<Runs>(&key).is_some() {
        // A gateway makes ids up. Other programs may write commands too, and two runs must not become one.
        return Err(Rejection::invalid("The run ID of the new run is in use."));
    }
    let mut base = Run::new(tx, base_key.clone());
    let of_base = base.state().reset_base.clone().unwrap_or_default();
    base.record(Record::ResetBase(ResetBase {
        building_run_id: body.run_id.clone(),
        building_request_id: body.request_id.clone(),
        ..of_base
    }));
    let mut run = Run::new(tx, key);
    run.record(Record::Reset(ResetState {
        base_run_id: base_key.run_id.clone(),
        fork_event_id: body.workflow_task_finish_event_id,
        phase: ResetPhase::Copying as i32,
        request_id: body.request_id.clone(),
        reason: body.reason.clone(),
        exclude_signals: body.exclude_signals,
        exclude_updates: body.exclude_updates,
        exclude_nexus: body.exclude_nexus,
        operations: body.operations.clone(),
        source_run_id: base_key.run_id,
        source_event_id: body.workflow_task_finish_event_id,
        ..ResetState::default()
    }));
    let is_done = reset::advance(&mut run, command);
    Ok(Outcome::Answer(Answer::Reset { run_id: body.run_id.clone(), is_done }))
}

/// Decides the command by which the building of a run goes on.
pub(super) fn go_on(tx: &mut Tx<'_, Workflow>, command: &Command, body: &ContinueReset) -> Decision<Answer> {
    let mut run = Run::new(tx, RunKey::new(&command.namespace, &command.workflow_id, &body.run_id));
    let stands = run.state().reset.as_ref().is_some_and(|reset| reset.step == body.step && reset.phase() != ResetPhase::Done);
    if stands {
        reset::advance(&mut run, command);
    }
    Ok(Outcome::Answer(Answer::Empty))
}

/// The answer to a request that has taken effect before.
fn repeated(tx: &Tx<'_, Workflow>, command: &Command, base: &RunKey, request_id: &str) -> Option<Answer> {
    let current = locate::current(tx, &command.namespace, &command.workflow_id);
    if let Some(current) = current
        && tx.get::<Runs>(&current).is_some_and(|state| state.reset.as_ref().is_some_and(|reset| reset.request_id == request_id))
    {
        return Some(Answer::Reset { run_id: current.run_id, is_done: true });
    }
    let of_base = tx.get::<Runs>(base).and_then(|state| state.reset_base.clone()).unwrap_or_default();
    let is_building = !of_base.building_run_id.is_empty() && of_base.building_request_id == request_id;
    is_building.then_some(Answer::Reset { run_id: of_base.building_run_id, is_done: false })
}
