//! Which queue a task waits on, and which queue a poll takes from.

use klamm_messages::klamm::v1::TaskRow;

use super::id::{QueueId, TaskType};
use crate::backend::Poll;

/// Decides on which queues tasks and polls meet. The decision may change while tasks wait; then the tasks are
/// [routed again](super::TaskQueues::route_again).
pub trait Routing: Send + Sync {
    /// The queue that a task waits on. `is_polled` says whether a worker has polled a queue of late.
    fn queue_of_task(&self, row: &TaskRow, is_polled: &dyn Fn(&QueueId) -> bool) -> QueueId;

    /// The queue from which a poll takes tasks of this type.
    fn queue_of_poll(&self, poll: &Poll, task_type: TaskType) -> QueueId;
}

/// A workflow task goes to the worker that has the workflow in its cache, as long as that worker polls. Otherwise it goes to any worker of
/// its queue. Versions of workers make no difference.
#[derive(Debug, Clone, Copy, Default)]
pub struct CachedFirst;

impl Routing for CachedFirst {
    fn queue_of_task(&self, row: &TaskRow, is_polled: &dyn Fn(&QueueId) -> bool) -> QueueId {
        let own = QueueId::of_task(row);
        if own.sticky && !is_polled(&own) { QueueId::normal_of_task(row) } else { own }
    }

    fn queue_of_poll(&self, poll: &Poll, task_type: TaskType) -> QueueId {
        QueueId::of(&poll.namespace, &poll.task_queue, task_type)
    }
}
