//! What describe, lists and matching times show of a schedule.

use klamm_machine::{Rejection, Time};
use klamm_messages::{
    klamm::v1::{ScheduleDefinition, ScheduleProgress},
    temporal::{schedule::v1::ScheduleListInfo, workflowservice::v1::DescribeScheduleResponse},
};

/// DescribeSchedule's answer, as the schedule stands at `now`.
pub fn describe(schedule_id: &str, definition: &ScheduleDefinition, progress: &ScheduleProgress, now: Time) -> DescribeScheduleResponse {
    let _ = (schedule_id, definition, progress, now);
    DescribeScheduleResponse::default()
}

/// What lists show of the schedule, as it stands at `now`.
pub fn list_info(schedule_id: &str, definition: &ScheduleDefinition, progress: &ScheduleProgress, now: Time) -> ScheduleListInfo {
    let _ = (schedule_id, definition, progress, now);
    ScheduleListInfo::default()
}

/// Times after `start` and not after `end` at which the spec's actions are due, jitter included: at most 1,000.
///
/// # Errors
/// InvalidArgument where the spec cannot be used (any more).
pub fn matching_times(
    schedule_id: &str,
    definition: &ScheduleDefinition,
    start: &prost_types::Timestamp,
    end: &prost_types::Timestamp,
) -> Result<Vec<prost_types::Timestamp>, Rejection> {
    let _ = (schedule_id, definition, start, end);
    Err(Rejection::Unimplemented("ListScheduleMatchingTimes is not supported yet.".to_owned()))
}
