//! ScheduleActivityTask: ActivityTaskScheduled, and a task on the activity's queue.
//!
//! Temporal: workflow_task_completed_handler.go, handleCommandScheduleActivity. An activity that the worker wants to run eagerly is started
//! after all commands have been carried out.

use klamm_messages::temporal::{
    command::v1::ScheduleActivityTaskCommandAttributes,
    enums::v1::{EventType, WorkflowTaskFailedCause},
    history::v1::{ActivityTaskScheduledEventAttributes, history_event::Attributes},
};

use super::{
    CommandContext, CommandFailure,
    check::{add_event, encoded_len, id_bytes_max, invalid_action},
};
use crate::{
    activity::{nanos, options},
    decide::limits::{blob_fits, limit},
    run::Run,
};

/// Schedules the activity.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    attributes: &ScheduleActivityTaskCommandAttributes,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    const BAD: WorkflowTaskFailedCause = WorkflowTaskFailedCause::BadScheduleActivityAttributes;
    let state = run.state();
    let started = state.started.as_ref();
    let run_timeout = started.and_then(|started| started.workflow_run_timeout.as_ref()).map_or(0, nanos);
    let workflow_queue = started.and_then(|started| started.task_queue.as_ref()).map_or("", |queue| &queue.name);
    let attributes = options::complete(attributes, run_timeout, workflow_queue, id_bytes_max(cx.settings))
        .map_err(|message| CommandFailure::new(BAD, message))?;
    let queue = attributes.task_queue.as_ref().map_or("", |queue| &queue.name);
    if attributes.use_workflow_build_id && queue != workflow_queue {
        return Err(CommandFailure::new(BAD, "Activity with UseCompatibleVersion cannot run on different task queue."));
    }
    if !blob_fits(encoded_len(attributes.input.as_ref()), cx.settings) {
        return Err(CommandFailure::terminate(BAD, "ScheduleActivityTaskCommandAttributes.Input exceeds size limit."));
    }
    let pending_max = limit(cx.settings, |limits| limits.pending_activities);
    if state.activities.len() >= pending_max {
        return Err(CommandFailure::new(
            WorkflowTaskFailedCause::PendingActivitiesLimitExceeded,
            format!("the number of pending activities, {}, has reached the per-workflow limit of {pending_max}", state.activities.len()),
        ));
    }
    if state.activity_ids.contains_key(&attributes.activity_id) {
        return Err(CommandFailure::new(
            WorkflowTaskFailedCause::ScheduleActivityDuplicateId,
            invalid_action("add-activitytask-scheduled-event", format_args!("ActivityID: {}", attributes.activity_id)),
        ));
    }
    drop(state);
    let scheduled = ActivityTaskScheduledEventAttributes {
        activity_id: attributes.activity_id,
        activity_type: attributes.activity_type,
        task_queue: attributes.task_queue,
        header: attributes.header,
        input: attributes.input,
        schedule_to_close_timeout: attributes.schedule_to_close_timeout,
        schedule_to_start_timeout: attributes.schedule_to_start_timeout,
        start_to_close_timeout: attributes.start_to_close_timeout,
        heartbeat_timeout: attributes.heartbeat_timeout,
        workflow_task_completed_event_id: cx.completed_event_id,
        retry_policy: attributes.retry_policy,
        use_workflow_build_id: attributes.use_workflow_build_id,
        priority: attributes.priority,
    };
    add_event(run, cx, EventType::ActivityTaskScheduled, Attributes::ActivityTaskScheduledEventAttributes(scheduled));
    Ok(())
}
