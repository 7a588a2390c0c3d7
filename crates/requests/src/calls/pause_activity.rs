//! PauseActivity and PauseActivityExecution: activities of a workflow are held back.

use klamm_messages::{
    klamm::v1::{Command, PauseActivity, command::Body},
    temporal::workflowservice::v1::{PauseActivityExecutionRequest, PauseActivityRequest, pause_activity_request::Activity},
};

use super::operated_activity::{self as operated, Named};
use crate::{
    fault::{Fault, Result},
    terms::Terms,
};

/// The command.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(request: PauseActivityRequest, terms: &Terms<'_>) -> Result<Command> {
    let activities = request.activity.map(|activity| match activity {
        Activity::Id(id) => operated::by_id(id),
        Activity::Type(name) => operated::by_type(name),
    });
    let activities = Some(operated::named(request.execution.as_ref(), activities)?);
    let body = PauseActivity { execution: request.execution, activities, reason: request.reason, request_id: request.request_id };
    Ok(operated::command(body.execution.clone(), request.identity, Body::PauseActivity(body), terms))
}

/// The command of the newer call.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command_of_execution(mut request: PauseActivityExecutionRequest, terms: &Terms<'_>) -> Result<Command> {
    let named = Named {
        call: "PauseActivityExecution",
        workflow_id: &request.workflow_id,
        activity_id: &request.activity_id,
        run_id: &request.run_id,
        identity: &request.identity,
        request_id: &mut request.request_id,
    };
    let (execution, activities) = operated::execution(named, terms)?;
    if request.reason.len() > terms.limits.blob_bytes {
        return Err(Fault::invalid("reason exceeds length limit"));
    }
    let body =
        PauseActivity { execution: Some(execution), activities: Some(activities), reason: request.reason, request_id: request.request_id };
    Ok(operated::command(body.execution.clone(), request.identity, Body::PauseActivity(body), terms))
}
