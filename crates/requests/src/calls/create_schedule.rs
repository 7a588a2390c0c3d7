//! CreateSchedule: a new schedule.
//!
//! The checks are in Temporal's order, and the check of the spec is in the middle. Compiling a large spec takes time, so a front does that
//! where nobody has to wait for it. A front calls [`check_ids`] first, then [`crate::validate::schedule::spec`], then [`command`].

use klamm_messages::{
    klamm::v1::{Command, CreateSchedule, command::Body},
    temporal::workflowservice::v1::CreateScheduleRequest,
};
use prost_types::Timestamp;

use crate::{
    fault::{Fault, Result},
    limits::Limits,
    terms::Terms,
    validate,
};

/// The checks that come before that of the spec.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn check_ids(request: &CreateScheduleRequest, limits: &Limits) -> Result<()> {
    validate::schedule::schedule_id(&request.schedule_id, limits)?;
    if request.request_id.is_empty() {
        return Err(Fault::invalid("RequestId is not set on request."));
    }
    validate::ids::at_most(&request.request_id, limits, "RequestId length exceeds limit.")
}

/// The command. The spec has been checked already. `now` is the time of a trigger that names none.
///
/// # Errors
/// What Temporal's CreateSchedule says of the first fault. After that, faults for which the schedule's starts would be refused.
pub fn command(mut request: CreateScheduleRequest, now: Timestamp, terms: &Terms<'_>) -> Result<Command> {
    let (limits, namespace) = (terms.limits, terms.namespace);
    let schedule = request.schedule.get_or_insert_default();
    validate::schedule::action(schedule, namespace, limits)?;
    validate::search_attributes::check_and_type(request.search_attributes.as_mut(), namespace, limits)?;
    validate::sizes::memo(request.memo.as_ref(), limits)?;
    validate::schedule::size(schedule, request.memo.as_ref(), limits)?;
    if let Some(patch) = &mut request.initial_patch {
        validate::schedule::patch(patch, now, limits)?;
        validate::canonical::schedule_patch(patch);
    }
    validate::ids::identity(&request.identity, limits)?;
    validate::schedule::action_can_start(schedule, limits)?;

    validate::schedule::policies(schedule);
    validate::canonical::schedule(schedule);
    let (schedule_id, identity) = (request.schedule_id.clone(), request.identity.clone());
    let body = Body::CreateSchedule(Box::new(CreateSchedule { request: Some(request), namespace_id: namespace.id.clone() }));
    Ok(terms.schedule_command(schedule_id, identity, body))
}
