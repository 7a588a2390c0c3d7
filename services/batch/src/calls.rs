//! Calls of the worker, made as a client makes them.

use std::time::Duration;

use klamm_messages::temporal::{enums::v1::TaskQueueKind, taskqueue::v1::TaskQueue};
use klamm_requests::batch::TASK_QUEUE;
use tonic::Request;

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
