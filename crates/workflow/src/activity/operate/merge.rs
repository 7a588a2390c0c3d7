//! Options of a pending activity: those in force, the original ones, and what a request changes in them.
//!
//! Temporal: common/activityoptions/merge.go.

use klamm_machine::Rejection;
pub(super) use klamm_messages::temporal::activity::v1::ActivityOptions as Options;
use klamm_messages::temporal::{
    common::v1::RetryPolicy,
    history::v1::{ActivityTaskScheduledEventAttributes, history_event::Attributes},
    taskqueue::v1::TaskQueue,
};

use crate::{run::Run, tables::History};

/// The options in force.
pub(super) fn present(run: &Run<'_, '_>, scheduled_event_id: i64) -> Options {
    let state = run.state();
    let scheduled = state.activities.get(&scheduled_event_id).and_then(|activity| activity.scheduled.as_ref());
    scheduled.map(of_scheduled).unwrap_or_default()
}

/// The options that the workflow gave; `None` when their event is missing.
pub(super) fn original(run: &Run<'_, '_>, scheduled_event_id: i64) -> Option<Options> {
    let event = run.tx.get::<History>(&(run.key.clone(), scheduled_event_id))?;
    match &event.attributes {
        Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) => Some(of_scheduled(scheduled)),
        _ => None,
    }
}

fn of_scheduled(scheduled: &ActivityTaskScheduledEventAttributes) -> Options {
    Options {
        task_queue: scheduled.task_queue.as_ref().map(|queue| TaskQueue { name: queue.name.clone(), ..TaskQueue::default() }),
        schedule_to_close_timeout: scheduled.schedule_to_close_timeout,
        schedule_to_start_timeout: scheduled.schedule_to_start_timeout,
        start_to_close_timeout: scheduled.start_to_close_timeout,
        heartbeat_timeout: scheduled.heartbeat_timeout,
        retry_policy: scheduled.retry_policy.clone(),
        priority: scheduled.priority.clone(),
        ..Options::default()
    }
}

/// Sets the fields of `from` that a path names. Unknown paths are ignored, as Temporal does.
///
/// # Errors
/// InvalidArgument when `from` lacks what a path leads into.
pub(super) fn merge(into: &mut Options, from: &Options, paths: &[String]) -> Result<(), Rejection> {
    for path in paths {
        match path.as_str() {
            "taskQueue.name" => {
                let queue = from.task_queue.as_ref().ok_or_else(|| missing("TaskQueue"))?;
                into.task_queue.get_or_insert_default().name.clone_from(&queue.name);
            }
            "scheduleToCloseTimeout" => into.schedule_to_close_timeout = from.schedule_to_close_timeout,
            "scheduleToStartTimeout" => into.schedule_to_start_timeout = from.schedule_to_start_timeout,
            "startToCloseTimeout" => into.start_to_close_timeout = from.start_to_close_timeout,
            "heartbeatTimeout" => into.heartbeat_timeout = from.heartbeat_timeout,
            "priority" => into.priority.clone_from(&from.priority),
            "retryPolicy" => into.retry_policy = Some(policy(from)?.clone()),
            _ => {}
        }
    }
    // Paths into a part come after the part itself, whatever their order in the request.
    for path in paths {
        match path.as_str() {
            "priority.priorityKey" => into.priority.get_or_insert_default().priority_key = priority(from)?.priority_key,
            "priority.fairnessKey" => into.priority.get_or_insert_default().fairness_key.clone_from(&priority(from)?.fairness_key),
            "priority.fairnessWeight" => into.priority.get_or_insert_default().fairness_weight = priority(from)?.fairness_weight,
            "retryPolicy.initialInterval" => into.retry_policy.get_or_insert_default().initial_interval = policy(from)?.initial_interval,
            "retryPolicy.backoffCoefficient" => {
                into.retry_policy.get_or_insert_default().backoff_coefficient = policy(from)?.backoff_coefficient;
            }
            "retryPolicy.maximumInterval" => into.retry_policy.get_or_insert_default().maximum_interval = policy(from)?.maximum_interval,
            "retryPolicy.maximumAttempts" => into.retry_policy.get_or_insert_default().maximum_attempts = policy(from)?.maximum_attempts,
            _ => {}
        }
    }
    Ok(())
}

fn policy(from: &Options) -> Result<&RetryPolicy, Rejection> {
    from.retry_policy.as_ref().ok_or_else(|| missing("RetryPolicy"))
}

fn priority(from: &Options) -> Result<&klamm_messages::temporal::common::v1::Priority, Rejection> {
    from.priority.as_ref().ok_or_else(|| missing("Priority"))
}

fn missing(what: &str) -> Rejection {
    Rejection::invalid(format!("{what} is not provided"))
}
