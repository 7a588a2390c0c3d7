//! PatchSchedule: pause, unpause, trigger, backfill.

use klamm_messages::{
    klamm::v1::{Command, PatchSchedule, command::Body},
    temporal::workflowservice::v1::PatchScheduleRequest,
};
use prost_types::Timestamp;

use crate::{
    fault::{Fault, Result},
    terms::Terms,
    validate,
};

/// The command. `now` is the time of a trigger that names none.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(mut request: PatchScheduleRequest, now: Timestamp, terms: &Terms<'_>) -> Result<Command> {
    let limits = terms.limits;
    let Some(patch) = &mut request.patch else {
        return Err(Fault::invalid("Patch is not set on request."));
    };
    validate::ids::request_id(&mut request.request_id, terms)?;
    validate::schedule::patch(patch, now, limits)?;
    validate::ids::identity(&request.identity, limits)?;

    validate::canonical::schedule_patch(patch);
    let (schedule_id, identity) = (request.schedule_id.clone(), request.identity.clone());
    Ok(terms.schedule_command(schedule_id, identity, Body::PatchSchedule(PatchSchedule { request: Some(request) })))
}
