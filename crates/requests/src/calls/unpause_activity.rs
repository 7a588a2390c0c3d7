//! UnpauseActivity and UnpauseActivityExecution: activities that are held back go on.

use klamm_messages::{
    klamm::v1::{Command, UnpauseActivity, command::Body},
    temporal::workflowservice::v1::{UnpauseActivityExecutionRequest, UnpauseActivityRequest, unpause_activity_request::Activity},
};

use super::operated_activity::{self as operated, Named};
use crate::{fault::Result, terms::Terms};

/// The command.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(request: UnpauseActivityRequest, terms: &Terms<'_>) -> Result<Command> {
    let activities = request.activity.map(|activity| match activity {
        Activity::Id(id) => operated::by_id(id),
        Activity::Type(name) => operated::by_type(name),
        Activity::UnpauseAll(all) => operated::all(all),
    });
    let activities = Some(operated::named(request.execution.as_ref(), activities)?);
    let body = UnpauseActivity {
        execution: request.execution,
        activities,
        reset_attempts: request.reset_attempts,
        reset_heartbeat: request.reset_heartbeat,
        jitter: request.jitter,
    };
    Ok(operated::command(body.execution.clone(), request.identity, Body::UnpauseActivity(body), terms))
}

/// The command of the newer call.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command_of_execution(mut request: UnpauseActivityExecutionRequest, terms: &Terms<'_>) -> Result<Command> {
    let named = Named {
        call: "UnpauseActivityExecution",
        workflow_id: &request.workflow_id,
        activity_id: &request.activity_id,
        run_id: &request.run_id,
        identity: &request.identity,
        request_id: &mut request.request_id,
    };
    let (execution, activities) = operated::execution(named, terms)?;
    operated::check_jitter(&mut request.jitter)?;
    let body =
        UnpauseActivity { execution: Some(execution), activities: Some(activities), jitter: request.jitter, ..UnpauseActivity::default() };
    Ok(operated::command(body.execution.clone(), request.identity, Body::UnpauseActivity(body), terms))
}
