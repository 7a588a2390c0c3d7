//! RespondActivityTaskFailed and its form by ids: an attempt of an activity failed.

use klamm_messages::{
    klamm::v1::{ActivityTaskToken, Command, FailActivityTask, command::Body},
    temporal::{
        common::v1::{Payloads, WorkerVersionStamp},
        failure::v1::{Failure, failure::FailureInfo},
        workflowservice::v1::{RespondActivityTaskFailedByIdRequest, RespondActivityTaskFailedRequest},
    },
};

use super::activity_task::{Activity, ById};
use crate::{
    failures,
    fault::{Fault, Result},
    terms::Terms,
    validate,
};

/// A failed attempt.
#[derive(Debug)]
pub struct Failed {
    /// For the log.
    pub command: Command,
    /// Failures that the server has put in place of what was too large. The caller is told of them.
    pub replaced: Vec<Failure>,
}

/// The command of a failure with this token.
///
/// # Errors
/// What Temporal says of the first fault.
#[allow(deprecated, reason = "versions as workers still send them")]
pub fn command(request: RespondActivityTaskFailedRequest, token: ActivityTaskToken, terms: &Terms<'_>) -> Result<Failed> {
    if let Some(failure) = &request.failure
        && !matches!(failure.failure_info, Some(FailureInfo::ApplicationFailureInfo(_)))
    {
        return Err(Fault::invalid("Failure must have ApplicationFailureInfo."));
    }
    validate::ids::identity(&request.identity, terms.limits)?;
    let activity = Activity { token, identity: request.identity };
    let report =
        Report { failure: request.failure, last_heartbeat_details: request.last_heartbeat_details, worker_version: request.worker_version };
    Ok(fail(activity, report, terms))
}

/// As [`command`], for an activity that is named by its ids.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command_by_id(request: RespondActivityTaskFailedByIdRequest, terms: &Terms<'_>) -> Result<Failed> {
    let named =
        ById { workflow_id: request.workflow_id, run_id: request.run_id, activity_id: request.activity_id, identity: request.identity };
    let activity = named.activity(terms)?;
    let report = Report { failure: request.failure, last_heartbeat_details: request.last_heartbeat_details, worker_version: None };
    Ok(fail(activity, report, terms))
}

/// What a worker reports about a failed attempt.
struct Report {
    failure: Option<Failure>,
    last_heartbeat_details: Option<Payloads>,
    worker_version: Option<WorkerVersionStamp>,
}

fn fail(activity: Activity, report: Report, terms: &Terms<'_>) -> Failed {
    let Report { mut failure, mut last_heartbeat_details, worker_version } = report;
    let limits = terms.limits;
    let mut replaced = Vec::new();
    if validate::sizes::blob_exceeds(last_heartbeat_details.as_ref(), limits) {
        replaced.push(failures::server(failures::HEARTBEAT_EXCEEDS_LIMIT));
        last_heartbeat_details = None;
    }
    if validate::sizes::blob_exceeds(failure.as_ref(), limits) {
        let stand_in = failures::too_large(failure.take(), limits.blob_warn_bytes);
        replaced.push(stand_in.clone());
        failure = Some(stand_in);
    }
    validate::canonical::failure(failure.as_mut());
    let body = |token| Body::FailActivityTask(FailActivityTask { token: Some(token), failure, last_heartbeat_details, worker_version });
    Failed { command: activity.command(terms, body), replaced }
}
