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
    limits::{
        FUTURE_TIMES_LISTED_MAX, FUTURE_TIMES_MAX, MATCHING_TIMES_MAX, RECENT_ACTIONS_LISTED_MAX, SPEC_ENTRIES_LISTED_MAX, STEPS_LISTED_MAX,
    },
    spec::{Due, Found, OutOfSteps, Steps},
    times::{Times, is_given_up},
};

/// The error of a spec whose times are not found with the steps that may be spent on it (Temporal: ErrScheduleSpecLimitHit).
pub const TOO_MANY_EXCLUSIONS: &str = "the schedule calendar specification has too many exclusions. Please modify the specification.";

/// DescribeSchedule's answer about the schedule as it is at `now`.
///
/// Fewer future times are shown when the steps do not suffice for all.
pub fn describe(
    schedule_id: &str,
    definition: &ScheduleDefinition,
    progress: &ScheduleProgress,
    now: Time,
    steps: &mut Steps,
) -> DescribeScheduleResponse {
    let running = progress.running.iter();
    let times = Times::of(schedule_id, definition).ok();
    let too_many_exclusions = if is_given_up(progress.search.as_ref()) { TOO_MANY_EXCLUSIONS } else { "" };
    let invalid: &str = if definition.invalid_spec.is_empty() { too_many_exclusions } else { &definition.invalid_spec };
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
            future_action_times: future_times(progress, times.as_ref(), now, FUTURE_TIMES_MAX, steps),
            create_time: definition.create_time,
            update_time: definition.update_time,
            invalid_schedule_error: invalid.to_owned(),
            ..ScheduleInfo::default()
        }),
        memo: definition.memo.clone(),
        search_attributes: definition.search_attributes.clone().filter(|attributes| !attributes.indexed_fields.is_empty()),
        conflict_token: token(progress).into(),
    }
}

/// What lists show of the schedule with these `times`, as it is at `now`. Large fields are left out or cut.
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
        future_action_times: future_times(progress, times, now, FUTURE_TIMES_LISTED_MAX, &mut Steps::new(STEPS_LISTED_MAX)),
        ..ScheduleListInfo::default()
    }
}

/// The times after `start` and not after `end` at which the spec's actions are due, jitter included: at most 1,000. Pause and limit are
/// ignored.
///
/// # Errors
/// InvalidArgument where the spec cannot be used any more. `Ok(Err(_))`: the steps do not suffice.
pub fn matching_times(
    schedule_id: &str,
    definition: &ScheduleDefinition,
    start: &Timestamp,
    end: &Timestamp,
    steps: &mut Steps,
) -> Result<Result<Vec<Timestamp>, OutOfSteps>, Rejection> {
    let times = Times::of(schedule_id, definition).map_err(|error| Rejection::invalid(format!("invalid schedule: {error}")))?;
    let due = times.matching(start.into(), end.into(), MATCHING_TIMES_MAX, steps);
    Ok(due.map(|due| due.into_iter().map(|due| due.actual.into()).collect()))
}

/// The nominal times from `start` to `end`, both included, that the present spec names, each with the time at which its action is due: at
/// most `limit`, in order. Pause and limit are ignored.
///
/// # Errors
/// InvalidArgument where the spec cannot be used any more, or where the steps do not suffice.
pub fn nominal_times(
    schedule_id: &str,
    definition: &ScheduleDefinition,
    start: Time,
    end: Time,
    limit: usize,
    steps: &mut Steps,
) -> Result<Vec<Due>, Rejection> {
    let times = Times::of(schedule_id, definition).map_err(|error| Rejection::invalid(format!("invalid schedule: {error}")))?;
    // Nominal times are whole seconds, and a search excludes the time at which it begins.
    let mut after = Time::from_millis((start.millis().saturating_add(999)).div_euclid(1000).saturating_sub(1).saturating_mul(1000));
    let mut found = Vec::new();
    while found.len() < limit {
        match times.until(after, end, steps) {
            Found::At(due) => {
                after = due.nominal;
                found.push(due);
            }
            Found::Never => break,
            Found::NotUpTo(_) => return Err(Rejection::invalid(TOO_MANY_EXCLUSIONS)),
        }
    }
    Ok(found)
}

/// The conflict token of the schedule's present state.
pub fn token(progress: &ScheduleProgress) -> Vec<u8> {
    progress.conflict_token.to_be_bytes().to_vec()
}

/// The next times at which actions are due: as many as may still be taken, as far as the steps last. A paused schedule shows the times from
/// now on; any other shows those that are not decided yet.
fn future_times(progress: &ScheduleProgress, times: Option<&Times>, now: Time, limit: usize, steps: &mut Steps) -> Vec<Timestamp> {
    let Some(times) = times else { return Vec::new() };
    let state = progress.state.clone().unwrap_or_default();
    let limit = if state.limited_actions { limit.min(usize::try_from(state.remaining_actions).unwrap_or(0)) } else { limit };
    let valid_from = Time::or_epoch(progress.valid_from);
    let floor = if state.paused { valid_from.max(now) } else { valid_from };
    let mut last = None;
    let mut next = || {
        let found = match last {
            None => times.undecided(progress, floor, steps),
            Some(last) => times.next(last, steps),
        };
        let Found::At(due) = found else { return None };
        last = Some(due.actual);
        last.map(Into::into)
    };
    std::iter::from_fn(&mut next).take(limit).collect()
}
