//! UpdateSchedule: replaces the definition of a schedule.
//!
//! The checks are in Temporal's order, and the check of the spec is in the middle (see [`super::create_schedule`]). A front calls
//! [`check_action`] first, then [`crate::validate::schedule::spec`], then [`command`].

use klamm_messages::{
    klamm::v1::{Command, UpdateSchedule, command::Body},
    temporal::workflowservice::v1::UpdateScheduleRequest,
};

use crate::{fault::Result, terms::Terms, validate};

/// The checks that come before that of the spec: of the request id (one is made up if there is none) and of the action.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn check_action(request: &mut UpdateScheduleRequest, terms: &Terms<'_>) -> Result<()> {
    validate::ids::request_id(&mut request.request_id, terms)?;
    validate::schedule::action(request.schedule.get_or_insert_default(), terms.namespace, terms.limits)
}

/// The command. Action and spec have been checked already.
///
/// # Errors
/// What Temporal's UpdateSchedule says of the first fault. After that, faults for which the schedule's starts would be refused.
pub fn command(mut request: UpdateScheduleRequest, terms: &Terms<'_>) -> Result<Command> {
    let limits = terms.limits;
    let schedule = request.schedule.get_or_insert_default();
    validate::search_attributes::check_and_type(request.search_attributes.as_mut(), terms.namespace, limits)?;
    validate::schedule::size(schedule, request.memo.as_ref(), limits)?;
    validate::sizes::memo(request.memo.as_ref(), limits)?;
    validate::ids::identity(&request.identity, limits)?;
    validate::schedule::action_can_start(schedule, limits)?;

    validate::schedule::policies(schedule);
    validate::canonical::schedule(schedule);
    let (schedule_id, identity) = (request.schedule_id.clone(), request.identity.clone());
    Ok(terms.schedule_command(schedule_id, identity, Body::UpdateSchedule(Box::new(UpdateSchedule { request: Some(request) }))))
}
