//! Checks and completes the options of an activity that a workflow schedules.
//!
//! Rules and messages are Temporal's: chasm/lib/activity/validator.go, common/retrypolicy, common/tqid, common/priorities.

use klamm_messages::temporal::{
    command::v1::ScheduleActivityTaskCommandAttributes,
    common::v1::{Priority, RetryPolicy},
    enums::v1::{TaskQueueKind, TimeoutType},
    taskqueue::v1::TaskQueue,
};

use super::{
    failure::timeout_name,
    retry::{TIMEOUT_PREFIX, nanos},
};
use crate::commands::check::{duration_of, of_nanos};

/// Prefix of the names that Temporal gives to parts of a queue.
const RESERVED_QUEUE_PREFIX: &str = "/_sys/";
/// Prefix of the server's own queues.
const INTERNAL_QUEUE_PREFIX: &str = "temporal-sys-per-ns-";
/// Another queue of the server's own.
const INTERNAL_QUEUE: &str = "temporal-sys-worker-controller-per-ns-tq";
/// Longest fairness key, bytes.
const FAIRNESS_KEY_BYTES_MAX: usize = 64;

/// First interval of a retry policy that sets none (common/retrypolicy, DefaultDefaultRetrySettings): 1 s.
const INITIAL_INTERVAL_NANOS: i64 = 1_000_000_000;
/// Growth of the intervals where the policy sets none.
const BACKOFF_COEFFICIENT: f64 = 2.0;
/// Largest interval where the policy sets none, as a multiple of the first.
const MAXIMUM_INTERVAL_FACTOR: i64 = 100;

/// Fills in all options that the command leaves out, as ActivityTaskScheduled states them: retry policy, kind of queue, and time-outs,
/// which follow from each other and from the run's time-out (zero: none). `workflow_queue` is the workflow's own.
///
/// # Errors
/// What is wrong, in Temporal's words.
pub(crate) fn complete(
    attributes: &ScheduleActivityTaskCommandAttributes,
    run_timeout_nanos: i64,
    workflow_queue: &str,
    id_bytes_max: usize,
) -> Result<ScheduleActivityTaskCommandAttributes, String> {
    let mut attributes = attributes.clone();
    attributes.task_queue = Some(complete_queue(attributes.task_queue.take(), workflow_queue, id_bytes_max)?);
    let activity_type = attributes.activity_type.as_ref().map_or("", |activity_type| &activity_type.name);
    if attributes.activity_id.is_empty() {
        return Err("activityId is not set".to_owned());
    }
    if activity_type.is_empty() {
        return Err("activityType is not set".to_owned());
    }
    attributes.retry_policy = Some(complete_policy(attributes.retry_policy.take().unwrap_or_default())?);
    for (name, text) in [("activityId", attributes.activity_id.as_str()), ("activityType", activity_type)] {
        if text.len() > id_bytes_max {
            return Err(format!("{name} exceeds length limit. Length={} Limit={id_bytes_max}", text.len()));
        }
    }
    check_priority(attributes.priority.as_ref()).map_err(|wrong| format!("invalid priorities: {wrong}"))?;
    complete_timeouts(&mut attributes, run_timeout_nanos)?;
    Ok(attributes)
}

/// Checks the queue and fills in its defaults. Temporal: common/tqid/task_queue_validator.go, common/primitives/task_queues.go.
pub(crate) fn complete_queue(queue: Option<TaskQueue>, workflow_queue: &str, id_bytes_max: usize) -> Result<TaskQueue, String> {
    let mut queue = queue.ok_or("taskQueue is not set")?;
    if queue.kind() == TaskQueueKind::Unspecified {
        queue.set_kind(TaskQueueKind::Normal);
    }
    if queue.name.is_empty() {
        return Err("missing task queue name".to_owned());
    }
    if queue.name.len() > id_bytes_max {
        return Err("taskQueue length exceeds limit".to_owned());
    }
    if queue.name.starts_with(RESERVED_QUEUE_PREFIX) {
        return Err(format!("task queue name cannot start with reserved prefix {RESERVED_QUEUE_PREFIX}"));
    }
    let is_internal = |name: &str| name.starts_with(INTERNAL_QUEUE_PREFIX) || name == INTERNAL_QUEUE;
    if is_internal(&queue.name) && !is_internal(workflow_queue) {
        return Err(format!(
            "cannot use internal per-namespace task queue:{} (in parent component task queue: {workflow_queue})",
            queue.name
        ));
    }
    Ok(queue)
}

/// Fills in the retry policy and checks it: an activity's or a workflow's.
///
/// # Errors
/// What is wrong, in Temporal's words.
pub(crate) fn complete_policy(mut policy: RetryPolicy) -> Result<RetryPolicy, String> {
    let initial = match policy.initial_interval.as_ref().map_or(0, nanos) {
        0 => INITIAL_INTERVAL_NANOS,
        initial => initial,
    };
    if policy.initial_interval.as_ref().map_or(0, nanos) == 0 {
        policy.initial_interval = Some(of_nanos(initial));
    }
    if policy.maximum_interval.as_ref().map_or(0, nanos) == 0 {
        policy.maximum_interval = Some(of_nanos(initial.saturating_mul(MAXIMUM_INTERVAL_FACTOR)));
    }
    if policy.backoff_coefficient == 0.0 {
        policy.backoff_coefficient = BACKOFF_COEFFICIENT;
    }
    check_policy(policy)
}

/// Checks the retry policy, and caps its intervals.
///
/// # Errors
/// What is wrong, in Temporal's words.
pub(crate) fn check_policy(mut policy: RetryPolicy) -> Result<RetryPolicy, String> {
    if policy.maximum_attempts == 1 {
        // A policy without retries needs no more checks.
        return Ok(policy);
    }
    let checked = |name: &str, duration: &mut Option<prost_types::Duration>| match duration_of(duration.as_ref()) {
        Ok(capped) => {
            *duration = capped;
            Ok(capped.as_ref().map_or(0, nanos))
        }
        Err(error) => Err(format!("invalid {name} set on retry policy: {error}")),
    };
    let initial = checked("InitialInterval", &mut policy.initial_interval)?;
    if policy.backoff_coefficient < 1.0 {
        return Err("BackoffCoefficient cannot be less than 1 on retry policy.".to_owned());
    }
    let maximum = checked("MaximumInterval", &mut policy.maximum_interval)?;
    if maximum > 0 && maximum < initial {
        return Err("MaximumInterval cannot be less than InitialInterval on retry policy.".to_owned());
    }
    if policy.maximum_attempts < 0 {
        return Err("MaximumAttempts cannot be negative on retry policy.".to_owned());
    }
    let timeouts = [TimeoutType::StartToClose, TimeoutType::ScheduleToStart, TimeoutType::ScheduleToClose, TimeoutType::Heartbeat];
    for named in policy.non_retryable_error_types.iter().filter_map(|named| named.strip_prefix(TIMEOUT_PREFIX)) {
        let is_timeout = timeouts.iter().any(|timeout| named == timeout_name(*timeout) || named == timeout.as_str_name());
        if !is_timeout {
            return Err(format!("Invalid timeout type value: {named}."));
        }
    }
    Ok(policy)
}

/// Checks the priority. Temporal: common/priorities/priority_util.go.
pub(crate) fn check_priority(priority: Option<&Priority>) -> Result<(), &'static str> {
    let Some(priority) = priority else { return Ok(()) };
    if priority.priority_key < 0 {
        Err("priority key can't be negative")
    } else if priority.fairness_key.len() > FAIRNESS_KEY_BYTES_MAX {
        Err("fairness key length exceeds limit")
    } else if priority.fairness_weight < 0.0 {
        Err("must be greater than zero")
    } else {
        Ok(())
    }
}

/// Fills in the four time-outs. One that is not set follows from schedule-to-close, or else from the run's time-out. None is longer than
/// these.
fn complete_timeouts(attributes: &mut ScheduleActivityTaskCommandAttributes, run_timeout: i64) -> Result<(), String> {
    let given = |name: &str, duration: &Option<prost_types::Duration>| {
        duration_of(duration.as_ref()).map(|capped| capped.as_ref().map_or(0, nanos)).map_err(|error| format!("invalid {name}: {error}"))
    };
    let mut schedule_to_close = given("ScheduleToCloseTimeout", &attributes.schedule_to_close_timeout)?;
    let mut schedule_to_start = given("ScheduleToStartTimeout", &attributes.schedule_to_start_timeout)?;
    let mut start_to_close = given("StartToCloseTimeout", &attributes.start_to_close_timeout)?;
    let mut heartbeat = given("HeartbeatTimeout", &attributes.heartbeat_timeout)?;

    if schedule_to_close > 0 {
        schedule_to_start = if schedule_to_start > 0 { schedule_to_start.min(schedule_to_close) } else { schedule_to_close };
        start_to_close = if start_to_close > 0 { start_to_close.min(schedule_to_close) } else { schedule_to_close };
    } else if start_to_close > 0 {
        schedule_to_close = run_timeout;
        if schedule_to_start == 0 {
            schedule_to_start = run_timeout;
        }
    } else {
        return Err(format!(
            "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. ActivityId={} ActivityType={}",
            attributes.activity_id,
            attributes.activity_type.as_ref().map_or("", |activity_type| &activity_type.name)
        ));
    }
    if run_timeout > 0 {
        for timeout in [&mut schedule_to_close, &mut schedule_to_start, &mut start_to_close, &mut heartbeat] {
            *timeout = (*timeout).min(run_timeout);
        }
    }
    attributes.schedule_to_close_timeout = Some(of_nanos(schedule_to_close));
    attributes.schedule_to_start_timeout = Some(of_nanos(schedule_to_start));
    attributes.start_to_close_timeout = Some(of_nanos(start_to_close));
    attributes.heartbeat_timeout = Some(of_nanos(heartbeat.min(start_to_close)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::common::v1::ActivityType;

    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn seconds(seconds: i64) -> Option<prost_types::Duration> {
        (seconds != 0).then_some(prost_types::Duration { seconds, nanos: 0 })
    }

    fn attributes(timeouts: [i64; 4]) -> ScheduleActivityTaskCommandAttributes {
        let [to_close, to_start, start_to_close, heartbeat] = timeouts.map(seconds);
        ScheduleActivityTaskCommandAttributes {
            activity_id: "a".to_owned(),
            activity_type: Some(ActivityType { name: "A".to_owned() }),
            task_queue: Some(TaskQueue { name: "queue".to_owned(), ..TaskQueue::default() }),
            schedule_to_close_timeout: to_close,
            schedule_to_start_timeout: to_start,
            start_to_close_timeout: start_to_close,
            heartbeat_timeout: heartbeat,
            ..ScheduleActivityTaskCommandAttributes::default()
        }
    }

    fn timeouts(given: [i64; 4], run_timeout_seconds: i64) -> [i64; 4] {
        let completed = complete(&attributes(given), run_timeout_seconds * SECOND, "workflows", 1000).unwrap();
        [
            completed.schedule_to_close_timeout,
            completed.schedule_to_start_timeout,
            completed.start_to_close_timeout,
            completed.heartbeat_timeout,
        ]
        .map(|timeout| timeout.unwrap().seconds)
    }

    fn wrong(change: impl FnOnce(&mut ScheduleActivityTaskCommandAttributes)) -> String {
        let mut attributes = attributes([0, 0, 10, 0]);
        change(&mut attributes);
        complete(&attributes, 0, "workflows", 1000).unwrap_err()
    }

    #[test]
    fn left_out_timeouts_follow_from_schedule_to_close() {
        assert_eq!(timeouts([60, 0, 0, 0], 0), [60, 60, 60, 0]);
        assert_eq!(timeouts([60, 10, 20, 5], 0), [60, 10, 20, 5]);
        assert_eq!(timeouts([60, 100, 100, 0], 0), [60, 60, 60, 0]);
    }

    #[test]
    fn with_start_to_close_alone_the_others_follow_from_the_run_timeout() {
        assert_eq!(timeouts([0, 0, 10, 0], 0), [0, 0, 10, 0]);
        assert_eq!(timeouts([0, 0, 10, 0], 300), [300, 300, 10, 0]);
        assert_eq!(timeouts([0, 7, 10, 0], 300), [300, 7, 10, 0]);
    }

    #[test]
    fn nothing_lasts_longer_than_the_run_and_no_heartbeat_longer_than_an_attempt() {
        assert_eq!(timeouts([600, 600, 600, 600], 300), [300, 300, 300, 300]);
        assert_eq!(timeouts([0, 0, 10, 60], 0), [0, 0, 10, 10]);
    }

    #[test]
    fn a_policy_left_out_gets_the_servers_defaults() {
        let policy = complete(&attributes([0, 0, 10, 0]), 0, "", 1000).unwrap().retry_policy.unwrap();
        assert_eq!((policy.initial_interval, policy.maximum_interval), (seconds(1), seconds(100)));
        assert_eq!((policy.backoff_coefficient, policy.maximum_attempts), (2.0, 0));
    }

    #[test]
    fn the_maximum_interval_is_a_hundred_initial_ones_unless_told() {
        let mut given = attributes([0, 0, 10, 0]);
        given.retry_policy = Some(RetryPolicy { initial_interval: seconds(3), ..RetryPolicy::default() });
        let policy = complete(&given, 0, "", 1000).unwrap().retry_policy.unwrap();
        assert_eq!(policy.maximum_interval, seconds(300));
    }

    #[test]
    fn wrong_options_are_told_in_temporals_words() {
        assert_eq!(wrong(|a| a.activity_id.clear()), "activityId is not set");
        assert_eq!(wrong(|a| a.activity_type = None), "activityType is not set");
        assert_eq!(wrong(|a| a.task_queue = None), "taskQueue is not set");
        assert_eq!(wrong(|a| a.task_queue = Some(TaskQueue::default())), "missing task queue name");
        assert_eq!(wrong(|a| a.activity_id = "x".repeat(1001)), "activityId exceeds length limit. Length=1001 Limit=1000");
        assert_eq!(
            wrong(|a| a.start_to_close_timeout = None),
            "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. ActivityId=a ActivityType=A"
        );
        assert_eq!(wrong(|a| a.heartbeat_timeout = seconds(-1)), "invalid HeartbeatTimeout: negative duration");
        let mixed = Some(prost_types::Duration { seconds: 1, nanos: -1 });
        assert_eq!(
            wrong(|a| a.schedule_to_close_timeout = mixed),
            "invalid ScheduleToCloseTimeout: duration has seconds and nanos with different signs"
        );
        let queue = |name: &str| Some(TaskQueue { name: name.to_owned(), ..TaskQueue::default() });
        assert_eq!(wrong(|a| a.task_queue = queue("/_sys/q/1")), "task queue name cannot start with reserved prefix /_sys/");
        let policy = |change: fn(&mut RetryPolicy)| {
            let mut policy = RetryPolicy::default();
            change(&mut policy);
            Some(policy)
        };
        for (change, message) in [
            (policy(|p| p.backoff_coefficient = 0.5), "BackoffCoefficient cannot be less than 1 on retry policy."),
            (policy(|p| p.maximum_attempts = -1), "MaximumAttempts cannot be negative on retry policy."),
            (
                policy(|p| (p.initial_interval, p.maximum_interval) = (seconds(10), seconds(5))),
                "MaximumInterval cannot be less than InitialInterval on retry policy.",
            ),
            (policy(|p| p.initial_interval = seconds(-1)), "invalid InitialInterval set on retry policy: negative duration"),
            (policy(|p| p.non_retryable_error_types = vec!["TemporalTimeout:Never".to_owned()]), "Invalid timeout type value: Never."),
        ] {
            assert_eq!(wrong(|a| a.retry_policy = change), message);
        }
        let priority = Priority { priority_key: -1, ..Priority::default() };
        assert_eq!(wrong(|a| a.priority = Some(priority)), "invalid priorities: priority key can't be negative");
    }

    #[test]
    fn a_policy_without_retries_is_not_looked_at() {
        let mut given = attributes([0, 0, 10, 0]);
        given.retry_policy = Some(RetryPolicy { maximum_attempts: 1, backoff_coefficient: 0.1, ..RetryPolicy::default() });
        assert!(complete(&given, 0, "", 1000).is_ok());
    }

    #[test]
    fn the_longest_timeout_is_a_hundred_years() {
        let century = 100 * 365 * 24 * 3600;
        assert_eq!(timeouts([i64::MAX, 0, 0, 0], 0), [century, century, century, 0]);
    }
}
