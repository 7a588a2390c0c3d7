//! Checks of a command. The gateway has checked everything already. Here is checked again what would break the machine.

use std::sync::Arc;

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::ScheduleDefinition,
    temporal::schedule::v1::{Schedule, SchedulePatch, schedule_action::Action},
};
use prost_types::Timestamp;

use crate::{policies, spec::Spec};

/// First and last second that timestamps may hold (years 1 to 9999, as in protobuf).
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Puts what the client asked for into the definition, with a canonical spec and with defaults for policies. The state is kept elsewhere.
///
/// # Errors
/// InvalidArgument when the spec is invalid, or there is nothing to start.
pub(crate) fn define(definition: &mut Arc<ScheduleDefinition>, schedule: &Schedule) -> Result<(), Rejection> {
    let spec = Spec::compile(schedule.spec.as_ref().unwrap_or(&Default::default()))
        .map_err(|error| Rejection::invalid(format!("Invalid schedule spec: {error}")))?;
    let Some(Action::StartWorkflow(_)) = schedule.action.as_ref().and_then(|action| action.action.as_ref()) else {
        return Err(Rejection::invalid("Action is not set on Schedule."));
    };
    Arc::make_mut(definition).schedule = Some(Schedule {
        spec: Some(spec.canonical().clone()),
        action: schedule.action.clone(),
        policies: Some(policies::filled(schedule.policies)),
        state: None,
    });
    Ok(())
}

/// Checks that all times of a patch can be represented.
///
/// # Errors
/// InvalidArgument when one cannot.
pub(crate) fn patch(patch: &SchedulePatch) -> Result<(), Rejection> {
    let backfills = patch.backfill_request.iter().flat_map(|backfill| [&backfill.start_time, &backfill.end_time]);
    let trigger = patch.trigger_immediately.iter().map(|trigger| &trigger.scheduled_time);
    let is_time = |time: &Timestamp| SECONDS.contains(&time.seconds) && (0..1_000_000_000).contains(&time.nanos);
    if trigger.chain(backfills).flatten().all(is_time) { Ok(()) } else { Err(Rejection::invalid("A time of the patch is out of range.")) }
}
