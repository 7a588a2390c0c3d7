//! CancelActivityTask: a worker confirms that it gave an activity up as the workflow had asked.
//!
//! Temporal: service/history/api/respondactivitytaskcanceled.

use klamm_machine::{Decision, Rejection, Tx};
use klamm_messages::klamm::v1::{CancelActivityTask, Command};

use super::{
    close,
    fail::fail_too_large,
    failure::CANCEL_DETAILS_TOO_LARGE,
    find::{find, open_run, token_of},
    transition::BY_WORKER,
};
use crate::{
    Answer, Workflow,
    commands::check::encoded_len,
    decide::{
        limits::{self, blob_fits},
        locate,
    },
};

/// Ends the activity as cancelled. InvalidArgument when the workflow has not asked for the cancellation.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &CancelActivityTask) -> Decision<Answer> {
    let token = token_of(body.token.as_ref());
    let settings = locate::settings(command);
    let mut run = open_run(tx, command, token)?;
    if !blob_fits(encoded_len(body.details.as_ref()), &settings) {
        fail_too_large(&mut run, token, CANCEL_DETAILS_TOO_LARGE, &command.identity)?;
        return limits::enforce(&mut run, &settings, Answer::Empty);
    }
    let activity = find(&run.state(), token, |_| &BY_WORKER)?.state.clone().unwrap_or_default();
    if !activity.cancel_requested {
        return Err(Rejection::invalid("unable to mark activity as canceled without activity being request canceled first"));
    }
    let outcome = close::Outcome::Canceled { details: body.details.clone(), identity: command.identity.clone() };
    close::end(&mut run, &activity, outcome);
    run.schedule_workflow_task();
    limits::enforce(&mut run, &settings, Answer::Empty)
}
