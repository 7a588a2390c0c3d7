//! HeartbeatActivityTask: a worker says that it still works and how far it has come, and learns whether it should stop.
//!
//! Temporal: service/history/api/recordactivitytaskheartbeat.

use klamm_machine::{Decision, Outcome, Tx};
use klamm_messages::klamm::v1::{Command, HeartbeatActivityTask, history_record::Record};

use super::{
    fail::fail_too_large,
    failure::HEARTBEAT_TOO_LARGE,
    find::{find, open_run, token_of},
    is_paused,
    transition::{BY_WORKER, HEARTBEAT},
};
use crate::{
    Answer, Workflow,
    commands::check::encoded_len,
    decide::{
        limits::{self, blob_fits},
        locate,
    },
};

/// Keeps the details for the next attempt (or for the time-out's failure), and starts the heartbeat time-out anew. Details that are larger
/// than a payload may be fail the activity for good, and the worker is told to stop.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &HeartbeatActivityTask) -> Decision<Answer> {
    let token = token_of(body.token.as_ref());
    let settings = locate::settings(command);
    let mut run = open_run(tx, command, token)?;
    if !blob_fits(encoded_len(body.details.as_ref()), &settings) {
        fail_too_large(&mut run, token, HEARTBEAT_TOO_LARGE, &command.identity)?;
        return limits::enforce(&mut run, &settings, Answer::Heartbeat { cancel_requested: true, paused: false, reset: false });
    }
    let now = run.now();
    let activity = find(&run.state(), token, |_| &BY_WORKER)?.state.clone().unwrap_or_default();
    let next = HEARTBEAT.make(&activity, |next| {
        next.heartbeat_details.clone_from(&body.details);
        next.last_heartbeat_time = Some(now.into());
        if !command.identity.is_empty() {
            next.last_worker_identity.clone_from(&command.identity);
        }
    })?;
    let answer = Answer::Heartbeat { cancel_requested: next.cancel_requested, paused: is_paused(&next), reset: next.reset };
    run.record(Record::Activity(Box::new(next)));
    Ok(Outcome::Answer(answer))
}
