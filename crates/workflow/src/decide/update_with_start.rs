//! UpdateWithStart: an update of the open run, or of a new one that begins for it. Temporal: service/history/api/multioperation.

use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::{
    klamm::v1::{Command, RunState, StartWorkflow, UpdateWithStart},
    temporal::{
        enums::v1::{WorkflowExecutionStatus, WorkflowIdConflictPolicy},
        workflowservice::v1::{StartWorkflowExecutionRequest, UpdateWorkflowExecutionRequest},
    },
};

use super::{locate, start_workflow};
use crate::{
    Answer, Workflow,
    answer::{AdmittedUpdate, Started, UpdatedWithStart},
    run::{Run, is_open},
    tables::RunKey,
    update,
};

/// Decides the command. Both take effect, or none. What is refused is an answer too, because it says which of both was refused.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &UpdateWithStart) -> Decision<Answer> {
    let start = body.start.as_ref().and_then(|start| start.request.as_ref());
    let request = body.update.as_ref().and_then(|update| update.request.as_ref());
    let (Some(body), Some(start), Some(request)) = (&body.start, start, request) else {
        return Err(Rejection::Internal("An update-with-start without a start or an update.".to_owned()));
    };
    let answer = match existing(tx, command, start, request) {
        Some(answer) => answer,
        None => tx.attempt(|tx| begin(tx, command, body, request)).unwrap_or_else(|refused| refused),
    };
    Ok(Outcome::Answer(Answer::UpdatedWithStart(Box::new(answer))))
}

/// The update on the run that has the workflow id, where that run is the one that the caller means.
fn existing(
    tx: &mut Tx<'_, Workflow>,
    command: &Command,
    start: &StartWorkflowExecutionRequest,
    request: &UpdateWorkflowExecutionRequest,
) -> Option<UpdatedWithStart> {
    let key = locate::current(tx, &command.namespace, &command.workflow_id)?;
    let update_id = request.request.as_ref().map(update::update_id).unwrap_or_default();
    let run = Run::new(tx, key.clone());
    let state = run.state();
    if update::is_completed(&run, update_id) {
        let update = AdmittedUpdate { run_id: key.run_id.clone(), number: 0 };
        return Some(UpdatedWithStart::Done { started: found(&state), update, was_completed: true });
    }
    let is_same_start = !start.request_id.is_empty() && state.start_request_id == start.request_id;
    let is_meant = is_same_start
        || state.updates.contains_key(update_id)
        || start.workflow_id_conflict_policy() == WorkflowIdConflictPolicy::UseExisting;
    if !is_open(&state) || !is_meant {
        return None;
    }
    let started = Started { status: WorkflowExecutionStatus::Running, ..found(&state) };
    drop(state);
    Some(match admit(tx, command, key, request) {
        Ok(update) => UpdatedWithStart::Done { started, update, was_completed: false },
        Err(rejection) => UpdatedWithStart::UpdateRefused(rejection),
    })
}

/// A new run, with the update. Its first workflow task brings the update to a worker.
fn begin(
    tx: &mut Tx<'_, Workflow>,
    command: &Command,
    body: &StartWorkflow,
    request: &UpdateWorkflowExecutionRequest,
) -> Result<UpdatedWithStart, UpdatedWithStart> {
    let started = match start_workflow::decide(tx, command, body) {
        Ok(Outcome::Answer(Answer::Started(started))) => started,
        Err(rejection) | Ok(Outcome::Refused(rejection)) => return Err(UpdatedWithStart::StartRefused(rejection)),
        Ok(_) => return Err(UpdatedWithStart::NotStarted),
    };
    if started.run_id != body.run_id {
        // The start has taken effect before, on a run that has closed since.
        return Err(UpdatedWithStart::NotStarted);
    }
    let key = RunKey::new(&command.namespace, &command.workflow_id, &started.run_id);
    let update = admit(tx, command, key, request).map_err(UpdatedWithStart::UpdateRefused)?;
    Ok(UpdatedWithStart::Done { started, update, was_completed: false })
}

fn admit(
    tx: &mut Tx<'_, Workflow>,
    command: &Command,
    key: RunKey,
    request: &UpdateWorkflowExecutionRequest,
) -> Result<AdmittedUpdate, Rejection> {
    match update::admit(&mut Run::new(tx, key), request, &locate::settings(command))? {
        Outcome::Answer(Answer::UpdateAdmitted(admitted)) => Ok(admitted),
        Outcome::Refused(rejection) => Err(rejection),
        Outcome::Answer(_) => Err(Rejection::Internal("An update without its answer.".to_owned())),
    }
}

/// What the caller is told of a run that it has not started.
fn found(state: &RunState) -> Started {
    Started {
        run_id: state.run_id.clone(),
        started: false,
        status: state.status(),
        first_execution_run_id: String::new(),
        eager_workflow_task: None,
    }
}
