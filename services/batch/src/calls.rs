//! Calls of the worker, made as a client makes them.

use std::time::Duration;

use klamm_api::workflowservice::v1::StartBatchOperationRequest;
use klamm_messages::temporal::{common::v1::WorkflowExecution, enums::v1::TaskQueueKind, taskqueue::v1::TaskQueue};
use klamm_requests::batch::TASK_QUEUE;
use tonic::Request;
use uuid::Uuid;

/// Identity of the worker.
pub(crate) const IDENTITY: &str = "batch-operations@klamm";
/// How long a call may take that does not wait for anything.
const CALL: Duration = Duration::from_secs(30);

/// A call as a client makes it.
pub(crate) fn call<T>(message: T) -> Request<T> {
    within(message, CALL)
}

/// A call that may take so long.
pub(crate) fn within<T>(message: T, timeout: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(timeout);
    request
}

/// The queue on which these tasks wait.
pub(crate) fn queue() -> TaskQueue {
    TaskQueue { name: TASK_QUEUE.to_owned(), kind: TaskQueueKind::Normal as i32, ..TaskQueue::default() }
}

/// The same id whenever a page is gone through again, so that the call takes effect once
/// (Temporal: service/worker/batcher/activities.go deterministicRequestID).
pub(crate) fn request_id(request: &StartBatchOperationRequest, what: &str, execution: &WorkflowExecution, more: &str) -> String {
    let mut key = format!("{}:{what}:{}:{}", request.job_id, execution.workflow_id, execution.run_id);
    if !more.is_empty() {
        key.push(':');
        key.push_str(more);
    }
    Uuid::new_v5(&Uuid::nil(), key.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_same_id_each_time() {
        let request = StartBatchOperationRequest { job_id: "job".to_owned(), ..StartBatchOperationRequest::default() };
        let execution = |run_id: &str| WorkflowExecution { workflow_id: "w".to_owned(), run_id: run_id.to_owned() };
        let id = |run_id: &str, signal: &str| request_id(&request, "signal", &execution(run_id), signal);
        assert_eq!(id("r", "s"), id("r", "s"));
        assert_ne!(id("r", "s"), id("r", "t"));
        assert_ne!(id("r", "s"), id("q", "s"));
    }
}
