//! Reads histories page by page, and makes the events at their end that are not stored.

use std::sync::Arc;

use klamm_backend::Backend;
use klamm_messages::{
    klamm::v1::{RunState, WorkflowTaskPhase, WorkflowTaskState},
    temporal::{
        enums::v1::TimeoutType,
        enums::v1::{EventType, WorkflowExecutionStatus},
        failure::v1::{Failure, TimeoutFailureInfo, failure::FailureInfo},
        history::v1::{
            HistoryEvent, WorkflowExecutionContinuedAsNewEventAttributes, WorkflowTaskScheduledEventAttributes,
            WorkflowTaskStartedEventAttributes, history_event::Attributes,
        },
    },
};
use klamm_requests::{Limits, Result};
use klamm_workflow::tables::RunKey;
use prost::Message;

/// Events of a page and where the next one begins.
#[derive(Debug, Default)]
pub struct Page {
    /// The events, in order.
    pub events: Vec<HistoryEvent>,
    /// First event that is not on this page; `end` of the read when there is none.
    pub next: i64,
}

/// Events `first..end`, as many as a page holds: at most `count`, and no further event once they exceed the size of a page.
pub async fn read<B: Backend>(
    backend: &B,
    run: &RunKey,
    first: i64,
    end: i64,
    count: usize,
    limits: &Limits,
) -> std::result::Result<Page, klamm_backend::Error> {
    if first >= end {
        return Ok(Page { events: Vec::new(), next: end });
    }
    let stored = backend.history(run, first, end, count).await?;
    let mut page = Page { events: Vec::with_capacity(stored.len()), next: first };
    let (mut size, found) = (0, stored.len());
    for event in stored {
        size += event.encoded_len();
        if size > limits.history_page_bytes && !page.events.is_empty() {
            return Ok(page);
        }
        page.next = event.event_id + 1;
        page.events.push(Arc::unwrap_or_clone(event));
    }
    if found < count {
        page.next = end;
    }
    Ok(page)
}

/// Events `..=last`, newest first, as many as a page holds. Also gives the id of the newest event that is not on the page (0: none).
pub async fn read_reverse<B: Backend>(
    backend: &B,
    run: &RunKey,
    last: i64,
    count: usize,
    limits: &Limits,
) -> Result<(Vec<HistoryEvent>, i64)> {
    let first = last.saturating_sub(count as i64 - 1).max(1);
    let mut events = Vec::new();
    let (mut size, mut next) = (0, first - 1);
    for event in backend.history(run, first, last.saturating_add(1), count).await?.into_iter().rev() {
        size += event.encoded_len();
        if size > limits.history_page_bytes && !events.is_empty() {
            next = event.event_id;
            break;
        }
        events.push(Arc::unwrap_or_clone(event));
    }
    Ok((events, next))
}

/// The Scheduled event (and Started event) of a pending workflow task when the stored history does not hold them, as for attempts above 1.
/// They follow the event `next_event_id - 1`. Empty when the run's history does not end there.
pub fn transient_events(state: &RunState, next_event_id: i64) -> Vec<HistoryEvent> {
    let Some(task) = &state.workflow_task else {
        return Vec::new();
    };
    let phase = task.phase();
    let pending = matches!(phase, WorkflowTaskPhase::Scheduled | WorkflowTaskPhase::Started);
    if !matches!(state.status(), WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused)
        || !pending
        || task.recorded
        || task.scheduled_event_id != next_event_id
        || state.next_event_id != next_event_id
    {
        return Vec::new();
    }
    let mut events = vec![scheduled(task)];
    if phase == WorkflowTaskPhase::Started {
        events.push(started(task));
    }
    events
}

fn scheduled(task: &WorkflowTaskState) -> HistoryEvent {
    HistoryEvent {
        event_id: task.scheduled_event_id,
        event_time: task.scheduled_time,
        event_type: EventType::WorkflowTaskScheduled as i32,
        attributes: Some(Attributes::WorkflowTaskScheduledEventAttributes(WorkflowTaskScheduledEventAttributes {
            task_queue: task.task_queue.clone(),
            start_to_close_timeout: task.start_to_close_timeout,
            attempt: task.attempt,
        })),
        ..HistoryEvent::default()
    }
}

#[allow(deprecated, reason = "worker_version is shown as it is stored")]
fn started(task: &WorkflowTaskState) -> HistoryEvent {
    HistoryEvent {
        event_id: task.started_event_id,
        event_time: task.started_time,
        event_type: EventType::WorkflowTaskStarted as i32,
        attributes: Some(Attributes::WorkflowTaskStartedEventAttributes(WorkflowTaskStartedEventAttributes {
            scheduled_event_id: task.scheduled_event_id,
            // Histories show a transient task without its worker, as Temporal's histories do.
            identity: String::new(),
            request_id: task.request_id.clone(),
            suggest_continue_as_new: task.suggest_continue_as_new,
            history_size_bytes: task.history_size_bytes,
            worker_version: task.worker_version.clone(),
            ..WorkflowTaskStartedEventAttributes::default()
        })),
        ..HistoryEvent::default()
    }
}

/// For clients that don't follow `new_execution_run_id`: a ContinuedAsNew event in place of a close event that names a next run
/// (Temporal: get_history_util.go makeFakeContinuedAsNewEvent).
#[allow(deprecated, reason = "the field of ContinuedAsNew that such clients read")]
pub fn as_continued_as_new(event: &HistoryEvent) -> Option<HistoryEvent> {
    let (new_execution_run_id, last_completion_result, failure) = match event.attributes.as_ref()? {
        Attributes::WorkflowExecutionCompletedEventAttributes(completed) => {
            (&completed.new_execution_run_id, completed.result.clone(), None)
        }
        Attributes::WorkflowExecutionFailedEventAttributes(failed) => (&failed.new_execution_run_id, None, failed.failure.clone()),
        Attributes::WorkflowExecutionTimedOutEventAttributes(timed_out) => (&timed_out.new_execution_run_id, None, Some(timeout_failure())),
        _ => return None,
    };
    if new_execution_run_id.is_empty() {
        return None;
    }
    Some(HistoryEvent {
        event_id: event.event_id,
        event_time: event.event_time,
        event_type: EventType::WorkflowExecutionContinuedAsNew as i32,
        version: event.version,
        task_id: event.task_id,
        attributes: Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(Box::new(
            WorkflowExecutionContinuedAsNewEventAttributes {
                new_execution_run_id: new_execution_run_id.clone(),
                last_completion_result,
                failure,
                ..WorkflowExecutionContinuedAsNewEventAttributes::default()
            },
        ))),
        ..HistoryEvent::default()
    })
}

fn timeout_failure() -> Failure {
    Failure {
        message: "workflow timeout".to_owned(),
        source: "Server".to_owned(),
        failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
            timeout_type: TimeoutType::StartToClose as i32,
            ..TimeoutFailureInfo::default()
        })),
        ..Failure::default()
    }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
