//! RecordActivityTaskHeartbeat and its form by ids: an activity reports that it is alive, and how far it has come.

use klamm_messages::{
    klamm::v1::{ActivityTaskToken, Command, HeartbeatActivityTask, command::Body},
    temporal::{
        common::v1::Payloads,
        workflowservice::v1::{RecordActivityTaskHeartbeatByIdRequest, RecordActivityTaskHeartbeatRequest},
    },
};

use super::activity_task::{Activity, ById};
use crate::{failures, fault::Result, terms::Terms, validate};

/// What a heartbeat becomes.
#[derive(Debug)]
pub enum Heartbeat {
    /// A heartbeat. The command's answer tells whether the activity has to cancel itself.
    Beats(Command),
    /// A failure of the activity, because the details are too large. The activity has to cancel itself.
    Fails(Command),
}

/// The command of a heartbeat with this token.
pub fn command(request: RecordActivityTaskHeartbeatRequest, token: ActivityTaskToken, terms: &Terms<'_>) -> Heartbeat {
    beat(Activity { token, identity: request.identity }, request.details, terms)
}

/// As [`command`], for an activity that is named by its ids.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command_by_id(request: RecordActivityTaskHeartbeatByIdRequest, terms: &Terms<'_>) -> Result<Heartbeat> {
    let named =
        ById { workflow_id: request.workflow_id, run_id: request.run_id, activity_id: request.activity_id, identity: request.identity };
    Ok(beat(named.activity(terms)?, request.details, terms))
}

fn beat(activity: Activity, details: Option<Payloads>, terms: &Terms<'_>) -> Heartbeat {
    if validate::sizes::blob_exceeds(details.as_ref(), terms.limits) {
        return Heartbeat::Fails(activity.fail_for_size(terms, failures::HEARTBEAT_EXCEEDS_LIMIT));
    }
    let body = |token| Body::HeartbeatActivityTask(HeartbeatActivityTask { token: Some(token), details });
    Heartbeat::Beats(activity.command(terms, body))
}
