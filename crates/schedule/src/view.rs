//! What describe, lists and matching times show of a schedule (Temporal: handleDescribeQuery, getListInfo, handleListMatchingTimesQuery).

use klamm_machine::{Rejection, Time};
use klamm_messages::{
    klamm::v1::{ScheduleDefinition, ScheduleProgress},
    temporal::{
        common::v1::WorkflowExecution,
        schedule::v1::{Schedule, ScheduleInfo, ScheduleListInfo, schedule_action::Action},
        workflowservice::v1::DescribeScheduleResponse,
    },
};
use prost_types::Timestamp;

use crate::{
    limits::{FUTURE_TIMES_LISTED_MAX, FUTURE_TIMES_MAX, MATCHING_TIMES_MAX, RECENT_ACTIONS_LISTED_MAX, SPEC_ENTRIES_LISTED_MAX},
    spec::Due,
    times::Times,
};

/// DescribeSchedule's answer, of the schedule as it stands at `now`.
pub fn describe(schedule_id: &str, definition: &ScheduleDefinition, progress: &ScheduleProgress, now: Time) -> DescribeScheduleResponse {
    let running = progress.running.iter();
    let times = Times::of(schedule_id, definition).ok();
    DescribeScheduleResponse {
        schedule: Some(Schedule {
            state: Some(progress.state.clone().unwrap_or_default()),
            ..definition.schedule.clone().unwrap_or_default()
        }),
        info: Some(ScheduleInfo {
            action_count: progress.action_count,
            missed_catchup_window: progress.missed_catchup_window,
            overlap_skipped: progress.overlap_skipped,
            buffer_dropped: progress.buffer_dropped,
            buffer_size: i64::try_from(progress.buffer.len()).unwrap_or(i64::MAX),
            running_workflows: running
                .map(|running| WorkflowExecution { workflow_id: running.workflow_id.clone(), run_id: running.run_id.clone() })
                .collect(),
            recent_actions: progress.recent_actions.clone(),
            future_action_times: future_times(progress, times.as_ref(), now, FUTURE_TIMES_MAX),
            create_time: definition.create_time,
            update_time: definition.update_time,
            invalid_schedule_error: definition.invalid_spec.clone(),
            ..ScheduleInfo::default()
        }),
        memo: definition.memo.clone(),
        search_attributes: definition.search_attributes.clone().filter(|attributes| !attributes.indexed_fields.is_empty()),
        conflict_token: token(progress),
    }
}

/// What lists show of the schedule, whose times these are, as it stands at `now`. What is large is left out or cut.
pub(crate) fn list_info(
    definition: &ScheduleDefinition,
    progress: &ScheduleProgress,
    times: Option<&Times>,
    now: Time,
) -> ScheduleListInfo {
    let schedule = definition.schedule.as_ref();
    let mut spec = schedule.and_then(|schedule| schedule.spec.clone()).unwrap_or_default();
    spec.timezone_data.clear();
    spec.structured_calendar.truncate(SPEC_ENTRIES_LISTED_MAX);
    spec.interval.truncate(SPEC_ENTRIES_LISTED_MAX);
    spec.exclude_structured_calendar.truncate(SPEC_ENTRIES_LISTED_MAX);
    let workflow_type = match schedule.and_then(|schedule| schedule.action.as_ref()?.action.as_ref()) {
        Some(Action::StartWorkflow(info)) => info.workflow_type.clone(),
        None => None,
    };
    let state = progress.state.clone().unwrap_or_default();
    let older = progress.recent_actions.len().saturating_sub(RECENT_ACTIONS_LISTED_MAX);
    ScheduleListInfo {
        spec: Some(spec),
        workflow_type,
        notes: state.notes,
        paused: state.paused,
        recent_actions: progress.recent_actions[older..].to_vec(),
        future_action_times: future_times(progress, times, now, FUTURE_TIMES_LISTED_MAX),
        ..ScheduleListInfo::default()
    }
}

/// Times after `start` and not after `end` at which the spec's actions are due, jitter included: at most 1,000. Pause and limit do not count.
///
/// # Errors
/// InvalidArgument where the spec cannot be used any more.
pub fn matching_times(
    schedule_id: &str,
    definition: &ScheduleDefinition,
    start: &Timestamp,
    end: &Timestamp,
) -> Result<Vec<Timestamp>, Rejection> {
    let times = Times::of(schedule_id, definition).map_err(|error| Rejection::invalid(format!("invalid schedule: {error}")))?;
    let due = times.matching(start.into(), end.into(), MATCHING_TIMES_MAX);
    Ok(due.into_iter().map(|due| due.actual.into()).collect())
}

/// Nominal times from `start` to `end`, both included, that the spec names from now on as it is, each with the time at which its action is
/// due: at most `limit`, in order. Pause and limit do not count.
///
/// # Errors
/// InvalidArgument where the spec cannot be used any more.
pub fn nominal_times(
    schedule_id: &str,
    definition: &ScheduleDefinition,
    start: Time,
    end: Time,
    limit: usize,
) -> Result<Vec<Due>, Rejection> {
    let times = Times::of(schedule_id, definition).map_err(|error| Rejection::invalid(format!("invalid schedule: {error}")))?;
    // Nominal times are whole seconds, and a search begins after its own.
    let before = Time::from_millis(start.millis().saturating_sub(1));
    let first = times.next(before).filter(|due| due.nominal >= start).or_else(|| times.next(start));
    Ok(std::iter::successors(first, |due| times.next(due.nominal)).take_while(|due| due.nominal <= end).take(limit).collect())
}

/// The conflict token that stands for the schedule as it is.
pub fn token(progress: &ScheduleProgress) -> Vec<u8> {
    progress.conflict_token.to_be_bytes().to_vec()
}

/// The next times at which actions are due, no more than may be taken. While the schedule is paused, those from now on; else those that are
/// not decided yet.
fn future_times(progress: &ScheduleProgress, times: Option<&Times>, now: Time, limit: usize) -> Vec<Timestamp> {
    let Some(times) = times else { return Vec::new() };
    let state = progress.state.clone().unwrap_or_default();
    let limit = if state.limited_actions { limit.min(usize::try_from(state.remaining_actions).unwrap_or(0)) } else { limit };
    let (taken, valid_from) = (Time::or_epoch(progress.last_processed_time), Time::or_epoch(progress.valid_from));
    let floor = if state.paused { valid_from.max(now) } else { valid_from };
    let first = times.first(taken, floor);
    std::iter::successors(first, |due| times.next(due.actual)).take(limit).map(|due| due.actual.into()).collect()
}
