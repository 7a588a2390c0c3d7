//! Where the workflow task of a run stands.

use klamm_messages::{
    klamm::v1::{RunState, WorkflowTaskPhase, WorkflowTaskState, WorkflowTaskToken},
    temporal::enums::v1::WorkflowTaskFailedCause,
};

/// Whether a workflow task is in a worker's hands.
pub(crate) fn is_started(state: &RunState) -> bool {
    state.workflow_task.as_ref().is_some_and(|task| task.phase() == WorkflowTaskPhase::Started)
}

/// Whether a workflow task is scheduled or started.
pub(crate) fn is_pending(state: &RunState) -> bool {
    state.workflow_task.as_ref().is_some_and(|task| matches!(task.phase(), WorkflowTaskPhase::Scheduled | WorkflowTaskPhase::Started))
}

/// Whether the token is that of the started workflow task.
pub(crate) fn is_named_by(state: &RunState, token: &WorkflowTaskToken) -> bool {
    state.workflow_task.as_ref().is_some_and(|task| {
        task.phase() == WorkflowTaskPhase::Started
            && token.scheduled_event_id == task.scheduled_event_id
            && (token.started_event_id == 0 || token.started_event_id == task.started_event_id)
            && token.attempt == task.attempt
            && token.stamp == task.stamp
    })
}

/// Whether the next workflow task goes to a sticky queue.
pub(crate) fn is_sticky(state: &RunState) -> bool {
    state.sticky.as_ref().is_some_and(|sticky| !sticky.task_queue.is_empty())
}

/// Whether the workflow tried to close and could not because of events that waited, and its next task is running.
pub(crate) fn is_closing(state: &RunState) -> bool {
    state.workflow_task.as_ref().is_some_and(|task| {
        task.phase() == WorkflowTaskPhase::Started && task.last_failure_cause == WorkflowTaskFailedCause::UnhandledCommand as i32
    })
}

/// The pending task, if it is speculative.
pub(crate) fn speculative_task(state: &RunState) -> Option<&WorkflowTaskState> {
    state.workflow_task.as_ref().filter(|task| task.speculative && is_pending(state))
}
