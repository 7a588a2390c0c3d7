//! CompleteActivityTask: a worker gives an activity's result, or a client completes it by its id.
//!
//! Temporal: service/history/api/respondactivitytaskcompleted, service/frontend/workflow_handler.go.

use klamm_machine::{Decision, Tx};
use klamm_messages::klamm::v1::{ActivityPhase, Command, CompleteActivityTask};

use super::{
    close,
    fail::fail_too_large,
    failure::RESULT_TOO_LARGE,
    find::{Named, find, open_run, token_of},
    transition::{BY_ID, BY_WORKER},
};
use crate::{
    Answer, Workflow,
    commands::check::encoded_len,
    decide::{
        limits::{self, blob_fits},
        locate,
    },
};

/// Completes the activity. A completion by id is valid even while the activity waits for a worker or for its next attempt: then the
/// completing client counts as the one that started it. A result that is larger than a payload may be fails the activity for good.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &CompleteActivityTask) -> Decision<Answer> {
    let token = token_of(body.token.as_ref());
    let settings = locate::settings(command);
    let mut run = open_run(tx, command, token)?;
    if !blob_fits(encoded_len(body.result.as_ref()), &settings) {
        fail_too_large(&mut run, token, RESULT_TOO_LARGE, &command.identity)?;
        return limits::enforce(&mut run, &settings, Answer::Empty);
    }
    let ending = |named| if named == Named::ById { &BY_ID } else { &BY_WORKER };
    let mut activity = find(&run.state(), token, ending)?.state.clone().unwrap_or_default();
    if activity.phase() != ActivityPhase::Started {
        activity.set_phase(ActivityPhase::Started);
        activity.started_time = Some(run.now().into());
        activity.started_identity.clone_from(&command.identity);
        activity.request_id.clear();
    }
    let outcome = close::Outcome::Completed {
        result: body.result.clone(),
        identity: command.identity.clone(),
        worker_version: body.worker_version.clone(),
    };
    close::end(&mut run, &activity, outcome);
    run.schedule_workflow_task();
    limits::enforce(&mut run, &settings, Answer::Empty)
}
