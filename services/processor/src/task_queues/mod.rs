//! Task queues: tasks that wait, pollers that wait, and who meets whom.
//!
//! The queues live in memory only. Every task in them stands in a partition's task table; when the process starts, they are filled from
//! there. Handing a task to a poller changes nothing: the poller's start command decides who has it. A poll that rides in the command that
//! schedules its task needs no start command of its own ([`TaskQueues::reserve`]).

mod offer;
mod queue;
mod rate;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_machine::{Kind, key::KeyBytes};
use klamm_messages::klamm::v1::{TaskKind, TaskRow};
use parking_lot::Mutex;

pub use offer::{Offer, QueryTask, Task};
use queue::Queue;
pub use queue::{Parked, Reserved};

use crate::backend::{Poll, TaskQueueDescription, TaskQueueSide};

/// A sticky queue without a poll for this long has lost its worker (Temporal: matching's stickyPollerUnavailableWindow).
const STICKY_POLLER_WINDOW: Duration = Duration::from_secs(10);

/// Names a queue: the beginning of its tasks' keys (namespace, queue, kind).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QueueId(Vec<u8>);

impl QueueId {
    /// The queue of this name and side.
    pub fn new(namespace: &str, task_queue: &str, side: TaskQueueSide) -> Self {
        let kind = match side {
            TaskQueueSide::Workflow => TaskKind::Workflow,
            TaskQueueSide::Activity => TaskKind::Activity,
        };
        Self(KeyBytes::new(Kind::Task).str(namespace).str(task_queue).u8(kind as u8).finish())
    }
}

/// All task queues of the process.
#[derive(Default)]
pub struct TaskQueues {
    queues: Mutex<HashMap<QueueId, Arc<Mutex<Queue>>>>,
    /// Tasks of sticky queues that went to the normal queue because their worker is gone.
    moved: Mutex<HashMap<Vec<u8>, QueueId>>,
}

impl TaskQueues {
    /// A task has appeared in a partition's table.
    pub fn add(&self, key: Vec<u8>, row: Arc<TaskRow>) {
        let side = if row.kind == TaskKind::Activity as i32 { TaskQueueSide::Activity } else { TaskQueueSide::Workflow };
        let mut id = QueueId::new(&row.namespace, &row.task_queue, side);
        if row.sticky && !self.is_sticky_worker_here(&id) {
            id = QueueId::new(&row.namespace, &row.normal_task_queue, side);
            self.moved.lock().insert(key.clone(), id.clone());
        }
        self.queue(&id).lock().add(Offer::Task(Task { key, row }), Instant::now());
    }

    /// A task has gone from its partition's table: started, obsolete or closed.
    pub fn remove(&self, key: &[u8]) {
        let moved = { self.moved.lock().remove(key) };
        let Some(id) = moved.or_else(|| queue_of(key)) else { return };
        let queue = { self.queues.lock().get(&id).cloned() };
        if let Some(queue) = queue {
            queue.lock().remove(key);
        }
    }

    /// Offers a query to the pollers of a workflow task queue.
    pub fn add_query(&self, namespace: &str, task_queue: &str, query: QueryTask) {
        let id = QueueId::new(namespace, task_queue, TaskQueueSide::Workflow);
        self.queue(&id).lock().add(Offer::Query(Box::new(query)), Instant::now());
    }

    /// Takes a query back.
    pub fn remove_query(&self, namespace: &str, task_queue: &str, query_id: &str) {
        let id = QueueId::new(namespace, task_queue, TaskQueueSide::Workflow);
        self.queue(&id).lock().remove_query(query_id);
    }

    /// Parks a poll: it gets the next offer, or one that waits already. Dropping it gives back what it was handed and nobody took.
    pub fn park(&self, side: TaskQueueSide, poll: impl Into<Arc<Poll>>) -> Parked {
        let poll = poll.into();
        let id = QueueId::new(&poll.namespace, &poll.task_queue.name, side);
        let queue = self.queue(&id);
        queue::park(queue, poll)
    }

    /// Takes a poll that waits on the queue, to ride in a command that may schedule a task there: only while no task or query waits and no rate
    /// limit is in force. Dropping it lets the poll wait on.
    pub fn reserve(&self, namespace: &str, task_queue: &str, side: TaskQueueSide) -> Option<(Reserved, Arc<Poll>)> {
        let queue = { self.queues.lock().get(&QueueId::new(namespace, task_queue, side)).cloned() };
        queue::reserve(&queue?)
    }

    /// What waits and who polls.
    pub fn describe(&self, namespace: &str, task_queue: &str, side: TaskQueueSide) -> TaskQueueDescription {
        let queue = { self.queues.lock().get(&QueueId::new(namespace, task_queue, side)).cloned() };
        queue.map(|queue| queue.lock().describe(Instant::now())).unwrap_or_default()
    }

    /// Number of tasks that wait on a queue.
    pub fn backlog_of(&self, namespace: &str, task_queue: &str, side: TaskQueueSide) -> i64 {
        let queue = { self.queues.lock().get(&QueueId::new(namespace, task_queue, side)).cloned() };
        queue.map_or(0, |queue| queue.lock().backlog() as i64)
    }

    /// Whether somebody has polled the queue within `window`.
    pub fn has_poller(&self, namespace: &str, task_queue: &str, side: TaskQueueSide, window: Duration) -> bool {
        let queue = { self.queues.lock().get(&QueueId::new(namespace, task_queue, side)).cloned() };
        queue.is_some_and(|queue| queue.lock().has_poller(Instant::now(), window))
    }

    /// The sticky queue's worker is gone: its tasks go to their normal queues, its parked polls end empty.
    pub fn forget_sticky(&self, namespace: &str, sticky_task_queue: &str) {
        let id = QueueId::new(namespace, sticky_task_queue, TaskQueueSide::Workflow);
        let Some(queue) = ({ self.queues.lock().remove(&id) }) else { return };
        let tasks = queue.lock().close();
        for task in tasks {
            self.add(task.key, task.row);
        }
    }

    /// Ends the parked polls of a worker instance.
    pub fn end_polls(&self, namespace: &str, worker_instance_key: &str) {
        if worker_instance_key.is_empty() {
            return;
        }
        let queues: Vec<_> = { self.queues.lock().values().cloned().collect() };
        for queue in queues {
            queue.lock().end_polls(namespace, worker_instance_key);
        }
    }

    /// Drops queues that hold nothing and that nobody has polled for long, so that sticky queues of workers gone don't pile up.
    pub fn sweep(&self) {
        let now = Instant::now();
        self.queues.lock().retain(|_, queue| Arc::strong_count(queue) > 1 || !queue.lock().is_idle(now));
    }

    /// Tasks that wait, over all queues.
    pub fn backlog(&self) -> usize {
        let queues: Vec<_> = { self.queues.lock().values().cloned().collect() };
        queues.iter().map(|queue| queue.lock().backlog()).sum()
    }

    fn is_sticky_worker_here(&self, id: &QueueId) -> bool {
        let queue = { self.queues.lock().get(id).cloned() };
        queue.is_some_and(|queue| queue.lock().has_poller(Instant::now(), STICKY_POLLER_WINDOW))
    }

    fn queue(&self, id: &QueueId) -> Arc<Mutex<Queue>> {
        let mut queues = self.queues.lock();
        if let Some(queue) = queues.get(id) {
            return queue.clone();
        }
        queues.entry(id.clone()).or_default().clone()
    }
}

/// The queue that a task key belongs to: kind, two strings with their lengths, side.
fn queue_of(key: &[u8]) -> Option<QueueId> {
    let mut end = 1;
    for _ in 0..2 {
        let length = key.get(end..end + 2)?;
        end += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
    }
    key.get(..=end).map(|id| QueueId(id.to_vec()))
}

#[cfg(test)]
mod tests;
