//! UpdateActivityOptions: other time-outs, another queue, another retry policy or priority for pending activities.

use std::time::Duration;

use klamm_machine::{Decision, Outcome, Rejection, Time, Tx};
use klamm_messages::{
    klamm::v1::{ActivityPhase, ActivityState, Command, UpdateActivityOptions, history_record::Record},
    temporal::{command::v1::ScheduleActivityTaskCommandAttributes, common::v1::RetryPolicy},
};

use super::{
    merge::{self, Options},
    redispatch,
    select::{open_run, selected, state_of},
};
use crate::{
    Answer, Workflow,
    activity::{options, retry},
    commands::check::id_bytes_max,
    decide::locate,
    run::{Run, normal_task_queue},
};

/// Decides the command. The answer has the options that are now in force, of the last one where several activities were meant.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &UpdateActivityOptions) -> Decision<Answer> {
    let mut run = open_run(tx, command, body.execution.as_ref())?;
    let told = body.options.as_ref();
    if told.is_none() && !body.restore_original {
        return Err(Rejection::invalid("ActivityOptions are not provided"));
    }
    let settings = locate::settings(command);
    let ids = selected(&run, body.activities.as_ref())?;
    let mut answer = Options::default();
    for id in ids {
        let updated = match (told, &body.paths) {
            _ if body.restore_original => merge::original(&run, id).unwrap_or_else(|| merge::present(&run, id)),
            (Some(told), Some(mask)) => changed(&run, id, told, &mask.paths, id_bytes_max(&settings))?,
            _ => return Err(Rejection::invalid("UpdateMask is not provided")),
        };
        put_into_force(&mut run, id, updated.clone());
        answer = updated;
    }
    Ok(Outcome::Answer(Answer::ActivityOptions(Box::new(answer))))
}

/// The activity's options with what the request changes, checked and completed as those of a command of the workflow are.
fn changed(
    run: &Run<'_, '_>,
    scheduled_event_id: i64,
    told: &Options,
    paths: &[String],
    id_bytes_max: usize,
) -> Result<Options, Rejection> {
    let mut options = merge::present(run, scheduled_event_id);
    let types = options.retry_policy.as_ref().map(|policy| policy.non_retryable_error_types.clone()).unwrap_or_default();
    merge::merge(&mut options, told, paths)?;
    let mut policy = RetryPolicy { non_retryable_error_types: types, ..options.retry_policy.take().unwrap_or_default() };
    if paths.iter().any(|path| path == "retryPolicy") {
        policy = options::complete_policy(policy).map_err(Rejection::invalid)?;
    } else if paths.iter().any(|path| path.starts_with("retryPolicy.")) {
        policy = options::check_policy(policy).map_err(Rejection::invalid)?;
    }
    let state = run.state();
    let scheduled = state.activities.get(&scheduled_event_id).and_then(|activity| activity.scheduled.clone()).unwrap_or_default();
    let attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: scheduled.activity_id,
        activity_type: scheduled.activity_type,
        task_queue: options.task_queue.take(),
        schedule_to_close_timeout: options.schedule_to_close_timeout,
        schedule_to_start_timeout: options.schedule_to_start_timeout,
        start_to_close_timeout: options.start_to_close_timeout,
        heartbeat_timeout: options.heartbeat_timeout,
        priority: options.priority.clone(),
        ..ScheduleActivityTaskCommandAttributes::default()
    };
    // The run's time-out does not cap what an operator sets (Temporal: adjustActivityOptions).
    let completed = options::complete(&attributes, 0, &normal_task_queue(&state).name, id_bytes_max).map_err(Rejection::invalid)?;
    Ok(Options {
        task_queue: completed.task_queue,
        schedule_to_close_timeout: completed.schedule_to_close_timeout,
        schedule_to_start_timeout: completed.schedule_to_start_timeout,
        start_to_close_timeout: completed.start_to_close_timeout,
        heartbeat_timeout: completed.heartbeat_timeout,
        retry_policy: Some(policy),
        ..options
    })
}

/// Puts the options into force. A waiting activity goes onto its queue anew, at the time that the new policy gives.
fn put_into_force(run: &mut Run<'_, '_>, scheduled_event_id: i64, options: Options) {
    let mut next = state_of(run, scheduled_event_id);
    if next.phase() != ActivityPhase::Started {
        next.stamp += 1;
        let due = attempt_time(&next, options.retry_policy.as_ref());
        next = redispatch::at(&next, due, run.now());
    }
    next.options = Some(options);
    run.record(Record::Activity(Box::new(next)));
}

/// When the waiting attempt is due: as it was for a first attempt. Later ones come one interval after the end of the attempt before. The
/// interval counts this attempt too (Temporal: activity.go, GetNextScheduledTime).
fn attempt_time(activity: &ActivityState, policy: Option<&RetryPolicy>) -> Time {
    let scheduled = Time::or_epoch(activity.attempt_scheduled_time);
    if activity.attempt <= 1 {
        return scheduled;
    }
    match policy.and_then(|policy| retry::interval(policy, activity.attempt, None)) {
        Some(interval) if interval > Duration::ZERO => Time::or_epoch(activity.last_attempt_complete_time).after(interval),
        _ => scheduled,
    }
}
