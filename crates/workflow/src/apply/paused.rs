//! The run is held back by an operator, or goes on. Its tasks leave their queues, and come back.
//!
//! Temporal counts the stamps of tasks instead, so that queued ones are obsolete. Here a task that leaves its queue is taken back, and a start
//! that was under way is refused while the run is paused.

use klamm_messages::{
    klamm::v1::{RunState, WorkflowPause},
    temporal::{
        enums::v1::WorkflowExecutionStatus,
        history::v1::{HistoryEvent, WorkflowExecutionPausedEventAttributes},
    },
};

use super::{TaskRows, waiting};

/// WorkflowExecutionPaused, appended or waiting in the buffer.
pub(super) fn apply_paused(run: &mut RunState, event: &HistoryEvent, paused: &WorkflowExecutionPausedEventAttributes, rows: &mut TaskRows) {
    let pause = WorkflowPause {
        time: event.event_time,
        identity: paused.identity.clone(),
        reason: paused.reason.clone(),
        request_id: paused.request_id.clone(),
    };
    waiting::change(run, rows, |run| {
        run.pause = Some(pause);
        run.status = WorkflowExecutionStatus::Paused as i32;
    });
}

/// WorkflowExecutionUnpaused, appended or waiting in the buffer.
pub(super) fn apply_unpaused(run: &mut RunState, rows: &mut TaskRows) {
    waiting::change(run, rows, |run| {
        run.pause = None;
        run.status = WorkflowExecutionStatus::Running as i32;
    });
}
