//! The events of a workflow task, made from its state.

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{WorkflowTaskPhase, WorkflowTaskState},
    temporal::{
        enums::v1::EventType,
        history::v1::{HistoryEvent, WorkflowTaskScheduledEventAttributes, WorkflowTaskStartedEventAttributes, history_event::Attributes},
    },
};

use super::event::new_event;

/// The Scheduled and Started of a started transient task, as they will be in the history; empty for other tasks.
pub(crate) fn transient_events(task: &WorkflowTaskState) -> Vec<HistoryEvent> {
    if task.recorded || task.phase() != WorkflowTaskPhase::Started {
        return Vec::new();
    }
    let mut scheduled = new_event(EventType::WorkflowTaskScheduled, scheduled_attributes(task), Time::or_epoch(task.scheduled_time));
    scheduled.event_id = task.scheduled_event_id;
    let mut started = new_event(EventType::WorkflowTaskStarted, started_attributes(task), Time::or_epoch(task.started_time));
    started.event_id = task.started_event_id;
    vec![scheduled, started]
}

/// Attributes of WorkflowTaskScheduled for a task, made from its state.
pub(crate) fn scheduled_attributes(task: &WorkflowTaskState) -> Attributes {
    Attributes::WorkflowTaskScheduledEventAttributes(WorkflowTaskScheduledEventAttributes {
        task_queue: task.task_queue.clone(),
        start_to_close_timeout: task.start_to_close_timeout,
        attempt: task.attempt,
    })
}

/// Attributes of WorkflowTaskStarted for a task, made from its state.
pub(crate) fn started_attributes(task: &WorkflowTaskState) -> Attributes {
    Attributes::WorkflowTaskStartedEventAttributes(WorkflowTaskStartedEventAttributes {
        scheduled_event_id: task.scheduled_event_id,
        identity: task.identity.clone(),
        request_id: task.request_id.clone(),
        suggest_continue_as_new: task.suggest_continue_as_new,
        suggest_continue_as_new_reasons: task.suggest_continue_as_new_reasons.clone(),
        history_size_bytes: task.history_size_bytes,
        worker_version: task.worker_version.clone(),
        ..WorkflowTaskStartedEventAttributes::default()
    })
}
