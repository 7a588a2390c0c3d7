//! ResetActivity and ResetActivityExecution: activities of a workflow begin again with their first attempt.

use klamm_messages::{
    klamm::v1::{Command, ResetActivity, command::Body},
    temporal::workflowservice::v1::{ResetActivityExecutionRequest, ResetActivityRequest, reset_activity_request::Activity},
};

use super::operated_activity::{self as operated, Named};
use crate::{fault::Result, terms::Terms};

/// The command.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(request: ResetActivityRequest, terms: &Terms<'_>) -> Result<Command> {
    let activities = request.activity.map(|activity| match activity {
        Activity::Id(id) => operated::by_id(id),
        Activity::Type(name) => operated::by_type(name),
        Activity::MatchAll(all) => operated::all(all),
    });
    let activities = Some(operated::named(request.execution.as_ref(), activities)?);
    let body = ResetActivity {
        execution: request.execution,
        activities,
        reset_heartbeat: request.reset_heartbeat,
        keep_paused: request.keep_paused,
        restore_original_options: request.restore_original_options,
        jitter: request.jitter,
    };
    Ok(operated::command(body.execution.clone(), request.identity, Body::ResetActivity(body), terms))
}

/// The command of the newer call.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command_of_execution(mut request: ResetActivityExecutionRequest, terms: &Terms<'_>) -> Result<Command> {
    let named = Named {
        call: "ResetActivityExecution",
        workflow_id: &request.workflow_id,
        activity_id: &request.activity_id,
        run_id: &request.run_id,
        identity: &request.identity,
        request_id: &mut request.request_id,
    };
    let (execution, activities) = operated::execution(named, terms)?;
    operated::check_jitter(&mut request.jitter)?;
    let body = ResetActivity {
        execution: Some(execution),
        activities: Some(activities),
        reset_heartbeat: request.reset_heartbeat,
        keep_paused: request.keep_paused,
        restore_original_options: request.restore_original_options,
        jitter: request.jitter,
    };
    Ok(operated::command(body.execution.clone(), request.identity, Body::ResetActivity(body), terms))
}
