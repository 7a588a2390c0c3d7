//! Task queues: tasks that wait, pollers that wait, and who meets whom.
//!
//! The queues are in memory only. Every task in them is also in a partition's task table; when the process starts, the queues are filled
//! from there. Handing a task to a poller decides nothing: the start command of the poll decides who gets the task. A poll that rides in
//! the command that schedules its task needs no start command ([`TaskQueues::reserve`]).
//!
//! [`QueueId`] names a queue. [`Routing`] decides on which queue tasks and polls meet. [`Home`] is what the owners of partitions see of
//! this.
//!
//! A task whose partition cannot start it is set aside ([`aside`]), so that the tasks behind it go on. When polls of a sticky queue keep
//! their worker from its normal queue, some of them are ended ([`TaskQueues::relieve`]).

mod aside;
mod backlog;
mod fairness;
mod home;
mod id;
mod left;
mod limit;
mod offer;
mod parked;
mod pollers;
mod queue;
mod rate;
mod rates;
mod refused;
mod relief;
mod reserved;
mod routing;
mod turns;

use std::{collections::HashMap, sync::Arc, time::Duration};

use klamm_messages::{
    klamm::v1::{TaskKind, TaskQueueState},
    temporal::{enums::v1::TaskQueueType, taskqueue::v1::TaskQueueConfig},
};
use klamm_workflow::tables::Tasks;
use parking_lot::Mutex;

use aside::Aside;
pub use home::{Home, Offered, Origin};
pub use id::{QueueId, TaskType, WorkerVersion};
use left::Left;
use offer::DEFAULT_PRIORITY;
pub use offer::{Offer, QueryTask, Task};
pub use parked::Parked;
use pollers::Refused;
use queue::Queue;
use refused::Refusals;
pub use reserved::Reserved;
pub use routing::{CachedFirst, Routing};

use crate::{
    backend::{Goodbye, Poll, RefusedPoll, TaskQueueDescription},
    clock::now,
};

/// When nobody has polled a sticky queue for this long, its worker counts as gone (Temporal: matching's stickyPollerUnavailableWindow).
const STICKY_POLLER_WINDOW: Duration = Duration::from_secs(10);

/// What a task queue shows in metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The queue.
    pub queue: QueueId,
    /// Tasks that wait.
    pub backlog_count: usize,
    /// Age of the oldest waiting task.
    pub backlog_age: Duration,
    /// Number of identities that polled of late.
    pub pollers: usize,
}

/// All task queues that have their home in this process.
pub struct TaskQueues {
    queues: Mutex<HashMap<QueueId, Arc<Mutex<Queue>>>>,
    /// Tasks that wait on another queue than those that their key names, by key: the queue, and the partition whose task it is.
    elsewhere: Mutex<HashMap<Vec<u8>, (QueueId, u32)>>,
    /// Tasks whose partition cannot start them for now.
    aside: Mutex<Aside>,
    refusals: Refusals,
    left: Left,
    /// What is configured, also for queues that are not here for now.
    configs: Mutex<HashMap<QueueId, Arc<TaskQueueConfig>>>,
    routing: Box<dyn Routing>,
}

impl Default for TaskQueues {
    fn default() -> Self {
        Self::new(CachedFirst)
    }
}

impl Home for TaskQueues {
    fn offer(&self, task: Offered) {
        let Offered { origin, key, row } = task;
        self.route(Task { origin, key, row, since: now() });
    }

    fn take_back(&self, key: &[u8]) {
        {
            let mut aside = self.aside.lock();
            if !aside.is_empty() {
                aside.remove(key);
            }
        }
        let elsewhere = { self.elsewhere.lock().remove(key) };
        let ids = elsewhere.map_or_else(|| named_by(key), |(id, _)| vec![id]);
        for queue in ids.iter().filter_map(|id| self.known(id)) {
            queue.lock().remove(key);
        }
    }

    fn configure(&self, state: &TaskQueueState) {
        let task_type = match TaskQueueType::try_from(state.task_queue_type).unwrap_or_default() {
            TaskQueueType::Activity => TaskType::Activity,
            TaskQueueType::Nexus => TaskType::Nexus,
            TaskQueueType::Workflow | TaskQueueType::Unspecified => TaskType::Workflow,
        };
        let id = QueueId::normal(&state.namespace, &state.task_queue, task_type);
        let config = Arc::new(state.config.clone().unwrap_or_default());
        self.configs.lock().insert(id.clone(), config.clone());
        if let Some(queue) = self.known(&id) {
            queue.lock().configure(config, now());
        }
    }

    fn forget_configuration(&self, namespace: &str) {
        let forgotten: Vec<_> = self.configs.lock().extract_if(|id, _| id.namespace == namespace).map(|(id, _)| id).collect();
        for queue in forgotten.iter().filter_map(|id| self.known(id)) {
            queue.lock().configure(Arc::default(), now());
        }
    }

    fn forget(&self, partition: u32) {
        let queues: Vec<_> = { self.queues.lock().values().cloned().collect() };
        queues.iter().for_each(|queue| queue.lock().forget(partition));
        drop(self.aside.lock().take(partition));
        self.elsewhere.lock().retain(|_, (_, of)| *of != partition);
    }
}

impl TaskQueues {
    /// Without queues yet. Tasks and polls meet as `routing` decides.
    pub fn new(routing: impl Routing + 'static) -> Self {
        Self {
            queues: Mutex::default(),
            elsewhere: Mutex::default(),
            aside: Mutex::default(),
            refusals: Refusals::default(),
            left: Left::default(),
            configs: Mutex::default(),
            routing: Box::new(routing),
        }
    }

    /// Puts a task onto its queue.
    fn route(&self, task: Task) {
        let is_polled = |id: &QueueId| self.has_poller(id, STICKY_POLLER_WINDOW);
        let id = self.routing.queue_of_task(&task.row, &is_polled);
        {
            let mut elsewhere = self.elsewhere.lock();
            if is_named_by_key(&id, &task) {
                elsewhere.remove(&task.key);
            } else {
                elsewhere.insert(task.key.clone(), (id.clone(), task.origin.partition));
            }
        }
        self.queue(&id).lock().add(Offer::Task(task), now());
    }

    /// Routes the tasks of a queue again. To be called when the decisions of the routing may have changed.
    pub fn route_again(&self, id: &QueueId) {
        let Some(queue) = self.known(id) else { return };
        let tasks = { queue.lock().take_tasks() };
        tasks.into_iter().for_each(|task| self.route(task));
    }

    /// Sets a task aside: its partition cannot start it for now.
    pub fn set_aside(&self, task: Task) {
        self.aside.lock().put(task, now());
    }

    /// The partition has started a task, so its tasks that were set aside are offered again.
    pub fn works(&self, partition: u32) {
        let tasks = {
            let mut aside = self.aside.lock();
            if aside.is_empty() {
                return;
            }
            aside.take(partition)
        };
        tasks.into_iter().for_each(|task| self.route(task));
    }

    /// Offers tasks again that were set aside, of partitions that are able to start tasks and whose pause is over.
    pub fn offer_again(&self, able: impl Fn(u32) -> bool) {
        let tasks = { self.aside.lock().due(now(), able) };
        tasks.into_iter().for_each(|task| self.route(task));
    }

    /// The task that a poll of this queue was handed was obsolete, so it does not count for the queue's rate limit.
    pub fn recycle(&self, id: &QueueId) {
        if let Some(queue) = self.known(id) {
            queue.lock().recycle(now());
        }
    }

    /// The namespaces in which a task waits on a queue of this name.
    pub fn namespaces_waiting(&self, name: &str) -> Vec<String> {
        let queues: Vec<_> = {
            let queues = self.queues.lock();
            let named = queues.iter().filter(|(id, _)| id.name == name);
            named.map(|(id, queue)| (id.namespace.clone(), queue.clone())).collect()
        };
        let waiting = queues.into_iter().filter(|(_, queue)| queue.lock().backlog() > 0);
        let mut namespaces: Vec<_> = waiting.map(|(namespace, _)| namespace).collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        namespaces
    }

    /// Offers a query to the pollers of a queue.
    pub fn add_query(&self, id: &QueueId, query: QueryTask) {
        self.queue(id).lock().add(Offer::Query(Box::new(query)), now());
    }

    /// Takes a query back. True when no poll had taken it yet.
    pub fn remove_query(&self, id: &QueueId, query_id: &str) -> bool {
        self.known(id).is_some_and(|queue| queue.lock().remove_query(query_id))
    }

    /// The queue from which a poll takes tasks of this type.
    pub fn queue_of_poll(&self, poll: &Poll, task_type: TaskType) -> QueueId {
        self.routing.queue_of_poll(poll, task_type)
    }

    /// Parks a poll. It gets an offer that waits already, or the next one. Dropping the [`Parked`] gives an offer back that was not taken.
    /// A poll whose worker has just said goodbye gets nothing.
    pub fn park(&self, task_type: TaskType, poll: impl Into<Arc<Poll>>) -> Parked {
        let poll = poll.into();
        if self.left.has(&poll, now()) {
            return Parked::ended();
        }
        let queue = self.queue(&self.queue_of_poll(&poll, task_type));
        let parked = Parked::new(queue.clone(), poll.clone());
        // The goodbye may have ended the worker's polls just before this one was there.
        if self.left.has(&poll, now()) {
            queue.lock().end_polls(&poll.namespace, &poll.worker_instance_key);
        }
        parked
    }

    /// Takes a poll that waits on the queue, to ride in a command that may schedule a task there. Only while no task or query waits and no
    /// rate limit is in force. Dropping the [`Reserved`] lets the poll go on waiting.
    pub fn reserve(&self, id: &QueueId) -> Option<(Reserved, Arc<Poll>)> {
        Reserved::take(&self.known(id)?)
    }

    /// What waits on the queue of this name, and who polls it.
    pub fn describe(&self, namespace: &str, task_queue: &str, task_type: TaskType) -> TaskQueueDescription {
        let id = self.named(namespace, task_queue, task_type);
        let mut description = match self.known(&id) {
            Some(queue) => queue.lock().describe(now()),
            None => self.make(&id).describe(now()),
        };
        let aside = self.aside.lock().count(&id) as i64;
        if aside > 0 {
            description.by_priority.entry(DEFAULT_PRIORITY).or_default().backlog_count += aside;
        }
        description
    }

    /// What each queue shows in metrics. Sticky queues are left out, since each belongs to one worker.
    pub fn figures(&self) -> Vec<Figures> {
        let now = now();
        let queues: Vec<_> = { self.queues.lock().iter().map(|(id, queue)| (id.clone(), queue.clone())).collect() };
        let figures = |(queue, its): (QueueId, Arc<Mutex<Queue>>)| {
            let (waiting, backlog_age, pollers) = { its.lock().figures(now) };
            let backlog_count = waiting + self.aside.lock().count(&queue);
            Figures { queue, backlog_count, backlog_age, pollers }
        };
        queues.into_iter().filter(|(id, _)| !id.sticky).map(figures).collect()
    }

    /// Notes a refused poll: it is shown among the queue's pollers, and now and then a log line tells of it.
    pub fn refuse(&self, poll: RefusedPoll) {
        let now = now();
        self.refusals.tell(&poll, now);
        let RefusedPoll { namespace, task_queue, side, identity, reason, deployment } = poll;
        let id = self.named(&namespace, &task_queue, side.into());
        self.queue(&id).lock().refuse(&identity, Refused { reason, deployment }, now);
    }

    /// Number of tasks that wait on a queue.
    pub fn backlog_of(&self, id: &QueueId) -> i64 {
        self.known(id).map_or(0, |queue| queue.lock().backlog() as i64)
    }

    /// Whether somebody has polled the queue within `window`.
    pub fn has_poller(&self, id: &QueueId, window: Duration) -> bool {
        self.known(id).is_some_and(|queue| queue.lock().has_poller(now(), window))
    }

    /// A worker says goodbye. Its sticky queue goes, its polls end empty, and the queue that it polled does not show it any more.
    pub fn forget_worker(&self, goodbye: &Goodbye) {
        let Goodbye { namespace, sticky_task_queue, worker_instance_key, identity, task_queue, sides } = goodbye;
        if !sticky_task_queue.is_empty() {
            self.forget_sticky(namespace, sticky_task_queue);
        }
        if worker_instance_key.is_empty() || task_queue.is_empty() {
            return;
        }
        self.left.note(namespace, worker_instance_key, now());
        self.end_polls(namespace, worker_instance_key);
        for side in sides {
            if let Some(queue) = self.known(&QueueId::normal(namespace, task_queue, (*side).into())) {
                queue.lock().forget_poller(identity);
            }
        }
    }

    /// The worker of the sticky queue is gone. The queue's tasks go to their normal queues, and its parked polls end empty.
    fn forget_sticky(&self, namespace: &str, sticky_task_queue: &str) {
        let id = QueueId::sticky(namespace, sticky_task_queue);
        let Some(queue) = ({ self.queues.lock().remove(&id) }) else { return };
        let tasks = queue.lock().close();
        tasks.into_iter().for_each(|task| self.route(task));
    }

    /// Ends the parked polls of a worker instance.
    fn end_polls(&self, namespace: &str, worker_instance_key: &str) {
        let queues: Vec<_> = { self.queues.lock().values().cloned().collect() };
        for queue in queues {
            queue.lock().end_polls(namespace, worker_instance_key);
        }
    }

    /// Drops queues that hold nothing and that nobody has polled for long. Otherwise sticky queues of workers that are gone would pile up.
    pub fn sweep(&self) {
        let now = now();
        self.queues.lock().retain(|_, queue| Arc::strong_count(queue) > 1 || !queue.lock().is_idle(now));
    }

    /// Number of tasks that wait, over all queues.
    pub fn backlog(&self) -> usize {
        let queues: Vec<_> = { self.queues.lock().values().cloned().collect() };
        queues.iter().map(|queue| queue.lock().backlog()).sum()
    }

    /// Finds a queue when only its name is known: the normal queue, or the sticky one if there is only that.
    fn named(&self, namespace: &str, task_queue: &str, task_type: TaskType) -> QueueId {
        let normal = QueueId::normal(namespace, task_queue, task_type);
        let sticky = QueueId { sticky: true, ..normal.clone() };
        if self.known(&normal).is_none() && self.known(&sticky).is_some() { sticky } else { normal }
    }

    /// The queue, if there is one.
    fn known(&self, id: &QueueId) -> Option<Arc<Mutex<Queue>>> {
        self.queues.lock().get(&*id.polled()).cloned()
    }

    fn queue(&self, id: &QueueId) -> Arc<Mutex<Queue>> {
        let (id, mut queues) = (id.polled(), self.queues.lock());
        if let Some(queue) = queues.get(&*id) {
            return queue.clone();
        }
        let queue = self.make(&id);
        queues.entry(id.into_owned()).or_insert_with(|| Arc::new(Mutex::new(queue))).clone()
    }

    /// A queue on which nothing has happened yet.
    fn make(&self, id: &QueueId) -> Queue {
        let mut queue = Queue::default();
        if let Some(config) = self.configs.lock().get(id) {
            queue.configure(config.clone(), now());
        }
        queue
    }
}

/// The queues that a task's key names: a normal one, and for a workflow task the sticky one of this name, since keys do not tell them apart.
fn named_by(key: &[u8]) -> Vec<QueueId> {
    match Tasks::queue_of(key) {
        Some((namespace, task_queue, TaskKind::Activity)) => vec![QueueId::normal(namespace, task_queue, TaskType::Activity)],
        Some((namespace, task_queue, _)) => {
            vec![QueueId::normal(&namespace, &task_queue, TaskType::Workflow), QueueId::sticky(namespace, task_queue)]
        }
        None => Vec::new(),
    }
}

/// Whether the queue is one of those that the task's key names.
fn is_named_by_key(id: &QueueId, task: &Task) -> bool {
    id.version.is_none() && id.name == task.row.task_queue
}

#[cfg(test)]
mod tests;
