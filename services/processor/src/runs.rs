//! Small questions about the state of a run.

use klamm_messages::{
    klamm::v1::{RunState, WorkflowTaskPhase},
    temporal::{enums::v1::WorkflowExecutionStatus, taskqueue::v1::TaskQueue},
};

/// True when the run has ended.
pub(crate) fn is_closed(state: &RunState) -> bool {
    !matches!(state.status(), WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused)
}

/// True when the run has an event with the id `event_id` or higher, or will never have one because it is closed.
pub(crate) fn has_come_to(state: &RunState, event_id: i64) -> bool {
    state.next_event_id > event_id || is_closed(state)
}

/// True when a workflow task is scheduled or started.
pub(crate) fn has_pending_task(state: &RunState) -> bool {
    let phase = state.workflow_task.as_ref().map_or(WorkflowTaskPhase::None, |task| task.phase());
    matches!(phase, WorkflowTaskPhase::Scheduled | WorkflowTaskPhase::Started)
}

/// The queue that the run was started on; its workflow tasks go there when no sticky worker has them.
pub(crate) fn normal_queue(state: &RunState) -> Option<&TaskQueue> {
    state.started.as_ref()?.task_queue.as_ref()
}

/// Name of the queue of the one worker that has the run in its cache.
pub(crate) fn sticky_queue(state: &RunState) -> Option<&str> {
    state.sticky.as_ref().map(|sticky| sticky.task_queue.as_str()).filter(|name| !name.is_empty())
}
