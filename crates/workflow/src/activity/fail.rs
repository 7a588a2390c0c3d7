//! FailActivityTask: a worker reports that an attempt failed.
//!
//! Temporal: service/history/api/respondactivitytaskfailed, service/frontend/workflow_handler.go.

use klamm_machine::{Decision, Rejection, Tx};
use klamm_messages::{
    klamm::v1::{ActivityTaskToken, Command, FailActivityTask},
    temporal::{
        common::v1::{Payloads, WorkerVersionStamp},
        failure::v1::{Failure, failure::FailureInfo},
    },
};
use prost::Message;

use super::{
    close, failure,
    find::{find, open_run, token_of},
    retry,
    transition::{BY_WORKER, HEARTBEAT},
};
use crate::{
    Answer, Workflow,
    decide::{
        limits::{self, blob_fits},
        locate,
    },
    run::Run,
};

/// Ends the attempt. Another one follows if the retry policy says so; else the activity has failed.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &FailActivityTask) -> Decision<Answer> {
    let token = token_of(body.token.as_ref());
    let settings = locate::settings(command);
    let fits = |bytes| blob_fits(bytes, &settings);
    let info = body.failure.as_ref().map(|failure| &failure.failure_info);
    // A gateway may have replaced a failure that was too large for a command by a server failure.
    if !matches!(info, None | Some(Some(FailureInfo::ApplicationFailureInfo(_) | FailureInfo::ServerFailureInfo(_)))) {
        return Err(Rejection::invalid("Failure must have ApplicationFailureInfo."));
    }
    let cut = body.failure.as_ref().filter(|failure| !fits(failure.encoded_len())).map(failure::oversized);
    let details = body.last_heartbeat_details.as_ref().filter(|details| fits(details.encoded_len()));
    let mut run = open_run(tx, command, token)?;
    let reporter = Reporter { identity: &command.identity, worker_version: body.worker_version.as_ref() };
    fail(&mut run, token, cut.as_ref().or(body.failure.as_ref()), details, reporter)?;
    limits::enforce(&mut run, &settings, Answer::Empty)
}

/// The worker that reports the failure.
#[derive(Clone, Copy)]
struct Reporter<'r> {
    identity: &'r str,
    worker_version: Option<&'r WorkerVersionStamp>,
}

/// Ends the attempt that `token` names with `failure`; `details` count as a last heartbeat.
fn fail(
    run: &mut Run<'_, '_>,
    token: &ActivityTaskToken,
    failure: Option<&Failure>,
    details: Option<&Payloads>,
    reporter: Reporter<'_>,
) -> Result<(), Rejection> {
    let now = run.now();
    let state = run.state();
    let activity = find(&state, token, |_| &BY_WORKER)?;
    let next = retry::next(activity, failure, now);
    let mut activity = activity.state.clone().unwrap_or_default();
    drop(state);
    if let Some(details) = details {
        activity = HEARTBEAT.make(&activity, |next| {
            next.heartbeat_details = Some(details.clone());
            next.last_heartbeat_time = Some(now.into());
        })?;
    }
    match next {
        retry::Next::Attempt(interval) => {
            close::retry(run, &activity, failure, interval, Some(now));
        }
        retry::Next::Park => close::park(run, &activity, failure, Some(now)),
        retry::Next::End(retry_state) => {
            let outcome = close::Outcome::Failed {
                failure: failure.cloned(),
                retry_state,
                identity: reporter.identity.to_owned(),
                worker_version: reporter.worker_version.cloned(),
            };
            close::end(run, &activity, outcome);
            run.schedule_workflow_task();
        }
    }
    Ok(())
}

/// Fails the activity for good, because the worker sent something that is too large.
pub(crate) fn fail_too_large(run: &mut Run<'_, '_>, token: &ActivityTaskToken, message: &str, identity: &str) -> Result<(), Rejection> {
    fail(run, token, Some(&failure::server(message, true)), None, Reporter { identity, worker_version: None })
}

/// Ends the attempt with a failure that the server states.
pub(crate) fn fail_by_server(run: &mut Run<'_, '_>, token: &ActivityTaskToken, failure: &Failure, identity: &str) -> Result<(), Rejection> {
    fail(run, token, Some(failure), None, Reporter { identity, worker_version: None })
}
