//! RespondActivityTaskCompleted and its form by ids: an activity has a result.

use klamm_messages::{
    klamm::v1::{ActivityTaskToken, Command, CompleteActivityTask, command::Body},
    temporal::{
        common::v1::{Payloads, WorkerVersionStamp},
        workflowservice::v1::{RespondActivityTaskCompletedByIdRequest, RespondActivityTaskCompletedRequest},
    },
};

use super::activity_task::{Activity, ById};
use crate::{failures, fault::Result, terms::Terms, validate};

/// The command of a completion with this token. If the result is too large, the activity fails instead.
///
/// # Errors
/// What Temporal says of the first fault.
#[allow(deprecated, reason = "versions as workers still send them")]
pub fn command(request: RespondActivityTaskCompletedRequest, token: ActivityTaskToken, terms: &Terms<'_>) -> Result<Command> {
    validate::ids::identity(&request.identity, terms.limits)?;
    let activity = Activity { token, identity: request.identity };
    Ok(complete(activity, request.result, request.worker_version, terms))
}

/// As [`command`], for an activity that is named by its ids.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command_by_id(request: RespondActivityTaskCompletedByIdRequest, terms: &Terms<'_>) -> Result<Command> {
    let named =
        ById { workflow_id: request.workflow_id, run_id: request.run_id, activity_id: request.activity_id, identity: request.identity };
    Ok(complete(named.activity(terms)?, request.result, None, terms))
}

fn complete(activity: Activity, result: Option<Payloads>, worker_version: Option<WorkerVersionStamp>, terms: &Terms<'_>) -> Command {
    if validate::sizes::blob_exceeds(result.as_ref(), terms.limits) {
        return activity.fail_for_size(terms, failures::RESULT_EXCEEDS_LIMIT);
    }
    activity.command(terms, |token| Body::CompleteActivityTask(CompleteActivityTask { token: Some(token), result, worker_version }))
}
