//! FailWorkflowTask: the worker could not do the task. Temporal: service/history/api/respondworkflowtaskfailed.

use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::{
    klamm::v1::{Command, FailWorkflowTask},
    temporal::enums::v1::WorkflowTaskFailedCause,
};

use super::locate;
use crate::{
    Answer, Workflow,
    commands::cause_name,
    run::{Run, is_open, task_phase::is_named_by, workflow_task::TaskFailure},
    tables::RunKey,
};

/// Decides the command: the task fails and the next attempt is scheduled at once.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &FailWorkflowTask) -> Decision<Answer> {
    let (Some(token), Some(request)) = (&body.token, &body.request) else {
        return Err(Rejection::Internal("A failed workflow task without token or request.".to_owned()));
    };
    let settings = locate::settings(command);
    let mut run = Run::new(tx, RunKey::new(&command.namespace, &command.workflow_id, &token.run_id));
    let state = run.state();
    if !is_open(&state) {
        return Err(locate::closed_or_unknown(&state, &run.key));
    }
    if !is_named_by(&state, token) {
        return Err(Rejection::not_found("Workflow task not found."));
    }
    drop(state);
    let cause = request.cause();
    if cause == WorkflowTaskFailedCause::GrpcMessageTooLarge {
        run.terminate_by_server(&cause_name(cause), &settings);
        return Ok(Outcome::Answer(Answer::Empty));
    }
    #[allow(deprecated, reason = "older workers tell binary and version by these fields")]
    run.fail_workflow_task(TaskFailure {
        cause,
        failure: request.failure.clone(),
        identity: request.identity.clone(),
        binary_checksum: request.binary_checksum.clone(),
        worker_version: request.worker_version.clone().filter(|version| !version.use_versioning),
    });
    run.schedule_workflow_task();
    Ok(Outcome::Answer(Answer::Empty))
}
