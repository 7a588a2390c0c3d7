//! DeleteSchedule: deletes the schedule. Runs that it has started go on.

use klamm_messages::{
    klamm::v1::{Command, DeleteSchedule, command::Body},
    temporal::workflowservice::v1::DeleteScheduleRequest,
};

use crate::{fault::Result, terms::Terms, validate};

/// The command.
///
/// # Errors
/// What Temporal says of an identity that is too long.
pub fn command(request: DeleteScheduleRequest, terms: &Terms<'_>) -> Result<Command> {
    validate::ids::identity(&request.identity, terms.limits)?;
    let body = Body::DeleteSchedule(DeleteSchedule::default());
    Ok(Command { request_id: (terms.new_id)(), ..terms.schedule_command(request.schedule_id, request.identity, body) })
}
