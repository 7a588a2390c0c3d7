//! RespondActivityTaskCanceled and its form by ids: an activity has cancelled itself as asked.

use klamm_messages::{
    klamm::v1::{ActivityTaskToken, CancelActivityTask, Command, command::Body},
    temporal::{
        common::v1::Payloads,
        workflowservice::v1::{RespondActivityTaskCanceledByIdRequest, RespondActivityTaskCanceledRequest},
    },
};

use super::activity_task::{Activity, ById};
use crate::{failures, fault::Result, terms::Terms, validate};

/// The command of a cancellation with this token. If the details are too large, the activity fails instead.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(request: RespondActivityTaskCanceledRequest, token: ActivityTaskToken, terms: &Terms<'_>) -> Result<Command> {
    validate::ids::identity(&request.identity, terms.limits)?;
    Ok(cancel(Activity { token, identity: request.identity }, request.details, terms))
}

/// As [`command`], for an activity that is named by its ids.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command_by_id(request: RespondActivityTaskCanceledByIdRequest, terms: &Terms<'_>) -> Result<Command> {
    let named =
        ById { workflow_id: request.workflow_id, run_id: request.run_id, activity_id: request.activity_id, identity: request.identity };
    Ok(cancel(named.activity(terms)?, request.details, terms))
}

fn cancel(activity: Activity, details: Option<Payloads>, terms: &Terms<'_>) -> Command {
    if validate::sizes::blob_exceeds(details.as_ref(), terms.limits) {
        return activity.fail_for_size(terms, failures::CANCEL_DETAILS_EXCEED_LIMIT);
    }
    activity.command(terms, |token| Body::CancelActivityTask(CancelActivityTask { token: Some(token), details }))
}
