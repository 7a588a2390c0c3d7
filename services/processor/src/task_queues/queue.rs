//! One task queue.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_messages::temporal::{
    enums::v1::{RateLimitSource, TaskQueueKind},
    taskqueue::v1::TaskQueueConfig,
};
use klamm_workflow::answer::StartedReservation;
use tokio::sync::{Notify, oneshot};

use super::{
    backlog::Backlog,
    fairness::Fairness,
    id::{QueueId, TaskType},
    limit::{Limit, UNLIMITED},
    offer::{DEFAULT_PRIORITY, Offer, QueryTask, Task},
    pollers::{POLLER_HISTORY, Pollers, Refused},
    rates::Rates,
};
use crate::backend::{Poll, TaskQueueDescription, TaskQueueFigures};

/// When a task was started for a poll that has gone, the task is kept this long for another poll. That is as long as a workflow task may
/// take by default; after that, its own time-out is near or over.
const STARTED_KEPT: Duration = Duration::from_secs(10);

/// Queries and tasks that wait, and polls that wait. Queries are handed out first, then tasks as the [`Backlog`] orders them.
#[derive(Default)]
pub struct Queue {
    tasks: Backlog,
    queries: VecDeque<Box<QueryTask>>,
    /// Tasks that were started for polls that have gone meanwhile.
    started: VecDeque<(Box<StartedReservation>, Instant)>,
    /// Polls that wait here, oldest first. Tasks and polls wait at the same time only while the rate limit holds the tasks back.
    polls: VecDeque<Waiting>,
    /// Polls that ride in commands, by number.
    reserved: BTreeMap<u64, Waiting>,
    pollers: Pollers,
    next_poll: u64,
    last_poll: Option<Instant>,
    rates: Rates,
    limit: Limit,
    config: Option<Arc<TaskQueueConfig>>,
    /// Tasks per second as the last poll said.
    workers_rate: Option<f64>,
    /// For a sticky queue: the queue where its worker gets its other workflow tasks.
    normal: Option<QueueId>,
    /// When an idle poll was last ended so that its worker polls the normal queue.
    last_spared: Option<Instant>,
}

pub(super) struct Waiting {
    pub(super) number: u64,
    poll: Arc<Poll>,
    sender: oneshot::Sender<Offer>,
    since: Instant,
    /// Tells the poll to ask again how long the limit holds tasks back.
    nudge: Arc<Notify>,
    /// The poll ends empty as soon as it does not ride in a command any more.
    ended: bool,
}

/// A poll's side of its place in the queue.
pub(super) struct Place {
    pub(super) number: u64,
    pub(super) receiver: oneshot::Receiver<Offer>,
    pub(super) nudge: Arc<Notify>,
}

impl Waiting {
    fn is_of(&self, namespace: &str, worker_instance_key: &str) -> bool {
        self.poll.namespace == namespace && self.poll.worker_instance_key == worker_instance_key
    }

    fn is_here(&self) -> bool {
        !self.ended && !self.sender.is_closed()
    }
}

impl Queue {
    /// Adds a new offer. It goes to a waiting poll, or waits itself.
    pub fn add(&mut self, offer: Offer, now: Instant) {
        self.rates.added(offer.priority(), now);
        self.offer(offer, now);
    }

    /// Adds an offer that has been here before.
    pub fn offer(&mut self, offer: Offer, now: Instant) {
        match offer {
            Offer::Task(task) => self.tasks.insert(task),
            Offer::Query(query) => self.queries.push_back(query),
            Offer::Started(started) => self.started.push_back((started, now)),
        }
        self.dispatch(now);
    }

    /// Hands out waiting offers to waiting polls, the oldest poll first, as far as the limit allows.
    pub fn dispatch(&mut self, now: Instant) {
        while let Some(waiting) = self.next_poll() {
            let Some(offer) = self.take(now) else {
                // This poll looks again when the limit lets the next task pass.
                if !self.tasks.is_empty() {
                    waiting.nudge.notify_one();
                }
                self.polls.push_front(waiting);
                return;
            };
            if let Err(offer) = waiting.sender.send(offer) {
                // The poll has gone between the look and the send.
                self.put_back(offer, now);
            }
        }
    }

    /// The poll that has waited longest.
    fn next_poll(&mut self) -> Option<Waiting> {
        while let Some(waiting) = self.polls.pop_front() {
            if waiting.is_here() {
                return Some(waiting);
            }
        }
        None
    }

    /// Takes the next offer, if the limit lets it pass.
    fn take(&mut self, now: Instant) -> Option<Offer> {
        let offer = if let Some(query) = self.queries.pop_front() {
            Offer::Query(query)
        } else if let Some(started) = self.take_started(now) {
            Offer::Started(started)
        } else if self.limit.wait(now) == Some(Duration::ZERO) {
            let task = self.tasks.take(now)?;
            self.limit.pass(now);
            Offer::Task(task)
        } else {
            return None;
        };
        self.rates.dispatched(offer.priority(), now);
        Some(offer)
    }

    fn take_started(&mut self, now: Instant) -> Option<Box<StartedReservation>> {
        while let Some((started, since)) = self.started.pop_front() {
            if now.saturating_duration_since(since) <= STARTED_KEPT {
                return Some(started);
            }
        }
        None
    }

    /// Puts an offer back that no poll has got. It is handed out next.
    fn put_back(&mut self, offer: Offer, now: Instant) {
        match offer {
            Offer::Task(task) => {
                self.limit.give_back();
                self.tasks.give_back(&task);
                self.tasks.insert(task);
            }
            Offer::Query(query) => self.queries.push_front(query),
            Offer::Started(started) => self.started.push_front((started, now)),
        }
    }

    /// Removes a task that does not wait any more.
    pub fn remove(&mut self, key: &[u8]) {
        self.tasks.remove(key);
    }

    /// The task that was handed out last was obsolete. The limit lets another one pass in its place.
    pub fn recycle(&mut self, now: Instant) {
        self.limit.give_back();
        self.dispatch(now);
    }

    /// Takes the queue's configuration. Polls that wait look anew how long limits hold tasks back.
    pub fn configure(&mut self, config: Arc<TaskQueueConfig>, now: Instant) {
        self.tasks.set_fairness(Fairness::of(&config));
        self.config = Some(config);
        self.set_limit(now);
        self.dispatch(now);
    }

    /// Puts the limit in force that is configured, else the one that the last poll named (Temporal: ratelimit_manager.go,
    /// computeEffectiveRPSAndSourceLocked). True when it has changed.
    fn set_limit(&mut self, now: Instant) -> bool {
        self.limit.set(self.configured_rate().or(self.workers_rate), now)
    }

    fn configured_rate(&self) -> Option<f64> {
        let limit = self.config.as_ref()?.queue_rate_limit.as_ref()?.rate_limit?;
        Some(f64::from(limit.requests_per_second))
    }

    /// Tasks per second that may be handed out, and who says so.
    fn rate_limit(&self) -> (f64, RateLimitSource) {
        let (rate, source) = match (self.configured_rate(), self.workers_rate) {
            (Some(rate), _) => (rate, RateLimitSource::Api),
            (None, Some(rate)) => (rate, RateLimitSource::Worker),
            (None, None) => (UNLIMITED, RateLimitSource::System),
        };
        if rate < UNLIMITED { (rate, source) } else { (UNLIMITED, RateLimitSource::System) }
    }

    fn figures_by_priority(&mut self, now: Instant) -> BTreeMap<i32, TaskQueueFigures> {
        let mut all: BTreeMap<i32, TaskQueueFigures> = BTreeMap::new();
        for task in self.tasks.tasks() {
            let figures = all.entry(task.row.priority).or_default();
            figures.backlog_count += 1;
            figures.backlog_age = figures.backlog_age.max(now.saturating_duration_since(task.since));
        }
        for (priority, added, dispatched) in self.rates.per_second(now) {
            let figures = all.entry(priority).or_default();
            (figures.tasks_add_rate, figures.tasks_dispatch_rate) = (added, dispatched);
        }
        all
    }

    /// Removes a query. True when it still waited here.
    pub fn remove_query(&mut self, query_id: &str) -> bool {
        let before = self.queries.len();
        self.queries.retain(|query| query.id != query_id);
        self.queries.len() < before
    }

    /// Ends the polls of a worker instance. They get nothing.
    pub fn end_polls(&mut self, namespace: &str, worker_instance_key: &str) {
        self.polls.retain(|waiting| !waiting.is_of(namespace, worker_instance_key));
        self.reserved.values_mut().filter(|waiting| waiting.is_of(namespace, worker_instance_key)).for_each(|waiting| waiting.ended = true);
    }

    /// Ends all polls, and takes all tasks out.
    pub fn close(&mut self) -> Vec<Task> {
        self.polls.clear();
        self.reserved.values_mut().for_each(|waiting| waiting.ended = true);
        self.last_poll = None;
        self.take_tasks()
    }

    /// Takes all tasks out, so that they can be routed again.
    pub fn take_tasks(&mut self) -> Vec<Task> {
        self.tasks.take_all()
    }

    /// The partition is not owned here any more: its tasks go.
    pub fn forget(&mut self, partition: u32) {
        self.tasks.retain(|task| task.origin.partition != partition);
    }

    /// Whether a poll waits or has been seen within `window`.
    pub fn has_poller(&self, now: Instant, window: Duration) -> bool {
        self.polls.iter().chain(self.reserved.values()).any(Waiting::is_here) || self.has_polled(now, window)
    }

    fn has_polled(&self, now: Instant, window: Duration) -> bool {
        self.last_poll.is_some_and(|last| now.saturating_duration_since(last) <= window)
    }

    /// Whether a task has waited for `patience`, and no poll has come to the queue in that time.
    pub fn starves(&self, now: Instant, patience: Duration) -> bool {
        let waits = |since: Instant| now.saturating_duration_since(since) >= patience;
        !self.has_poller(now, patience) && self.tasks.tasks().any(|task| waits(task.since))
    }

    /// For a sticky queue: the queue where its worker gets its other workflow tasks.
    pub fn normal(&self) -> Option<&QueueId> {
        self.normal.as_ref()
    }

    /// Ends the poll that has waited longest, with nothing, so that its worker polls anew and may choose another queue. Only if it has
    /// waited for `patience`, the queue holds nothing, and no poll was ended within `patience`. True when a poll was ended.
    pub fn spare_poll(&mut self, now: Instant, patience: Duration) -> bool {
        let idle = self.tasks.is_empty() && self.queries.is_empty() && self.started.is_empty();
        if !idle || self.last_spared.is_some_and(|last| now.saturating_duration_since(last) < patience) {
            return false;
        }
        let Some(waiting) = self.next_poll() else { return false };
        if now.saturating_duration_since(waiting.since) < patience {
            self.polls.push_front(waiting);
            return false;
        }
        self.last_spared = Some(now);
        true
    }

    /// Number of tasks that wait.
    pub fn backlog(&self) -> usize {
        self.tasks.len()
    }

    /// Whether nothing waits and nobody has polled for long.
    pub fn is_idle(&mut self, now: Instant) -> bool {
        self.pollers.forget_old(now);
        self.started.retain(|(_, since)| now.saturating_duration_since(*since) <= STARTED_KEPT);
        let nothing_waits = self.tasks.is_empty() && self.queries.is_empty() && self.started.is_empty();
        nothing_waits && self.pollers.is_empty() && !self.has_poller(now, POLLER_HISTORY)
    }

    /// What waits and who polls.
    pub fn describe(&mut self, now: Instant) -> TaskQueueDescription {
        TaskQueueDescription {
            pollers: self.pollers.list(now),
            by_priority: self.figures_by_priority(now),
            config: self.config.as_deref().cloned(),
            rate_limit: self.rate_limit(),
        }
    }

    /// Adds a poll. If an offer waits already, the poll gets it at once.
    pub(super) fn enter(&mut self, poll: Arc<Poll>, now: Instant) -> Place {
        self.saw(&poll, now);
        let number = self.next_poll;
        self.next_poll += 1;
        let (sender, receiver) = oneshot::channel();
        let nudge = Arc::new(Notify::new());
        self.polls.push_back(Waiting { number, poll, sender, since: now, nudge: nudge.clone(), ended: false });
        self.dispatch(now);
        Place { number, receiver, nudge }
    }

    /// Removes a poll. An offer that it was handed and has not taken goes to others.
    pub(super) fn leave(&mut self, number: u64, untaken: Option<Offer>, now: Instant) {
        match untaken {
            Some(offer) => self.put_back(offer, now),
            None => self.polls.retain(|waiting| waiting.number != number),
        }
        // This poll may have been the one that waits for the limit; another one has to do that now.
        self.dispatch(now);
    }

    /// How long this poll has to wait until the limit lets a task pass. `None` when it has not to wait for the limit: another poll does so,
    /// or no task waits, or no task will ever pass.
    pub(super) fn limit_wait(&self, number: u64, now: Instant) -> Option<Duration> {
        let is_first = self.polls.front().is_some_and(|waiting| waiting.number == number);
        let by_keys = if is_first { self.tasks.wait(now) } else { None };
        let wait = by_keys.and_then(|by_keys| self.limit.wait(now).map(|wait| wait.max(by_keys)));
        // A task that may pass now is being handed out by another thread. Waiting for no time at all would be a busy loop.
        wait.map(|wait| wait.max(Duration::from_millis(1)))
    }

    fn backlog_age(&self, now: Instant) -> Duration {
        let oldest = self.tasks.tasks().map(|task| task.since).min();
        oldest.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// Number of tasks that wait, age of the oldest, and number of pollers.
    pub fn figures(&mut self, now: Instant) -> (usize, Duration, usize) {
        (self.tasks.len(), self.backlog_age(now), self.pollers.count(now))
    }

    /// Takes out the poll that has waited longest, to ride in a command. `None` when no poll waits, an offer waits, or a rate limit is in
    /// force.
    pub(super) fn reserve(&mut self) -> Option<(u64, Arc<Poll>)> {
        if !self.tasks.is_empty() || !self.queries.is_empty() || self.limit.is_set() || self.tasks.is_limited() {
            return None;
        }
        let waiting = self.next_poll()?;
        let (number, poll) = (waiting.number, waiting.poll.clone());
        self.reserved.insert(number, waiting);
        Some((number, poll))
    }

    /// The command has started a task for the poll that rode in it. If the poll has gone meanwhile, another poll gets the started task.
    /// Otherwise nobody could work on the task before its time-out.
    pub(super) fn deliver(&mut self, number: u64, started: StartedReservation, now: Instant) {
        let started = Offer::Started(Box::new(started));
        self.rates.added(started.priority(), now);
        let Some(waiting) = self.reserved.remove(&number) else { return self.offer(started, now) };
        match waiting.sender.send(started) {
            Ok(()) => self.rates.dispatched(DEFAULT_PRIORITY, now),
            Err(started) => self.offer(started, now),
        }
    }

    /// The command has started nothing for the poll that rode in it. The poll goes on waiting, at its old place.
    pub(super) fn release(&mut self, number: u64, now: Instant) {
        let Some(waiting) = self.reserved.remove(&number) else { return };
        if !waiting.is_here() {
            return;
        }
        let at = self.polls.partition_point(|other| other.number < number);
        self.polls.insert(at, waiting);
        self.dispatch(now);
    }

    /// Notes a refused poll.
    pub fn refuse(&mut self, identity: &str, refused: Refused, now: Instant) {
        self.pollers.saw(identity, None, Some(refused), now);
    }

    /// Shows the poller no longer.
    pub fn forget_poller(&mut self, identity: &str) {
        self.pollers.forget(identity);
    }

    fn saw(&mut self, poll: &Poll, now: Instant) {
        self.last_poll = Some(now);
        self.pollers.saw(&poll.identity, poll.max_tasks_per_second, None, now);
        self.workers_rate = poll.max_tasks_per_second;
        if self.set_limit(now) {
            self.dispatch(now);
        }
        if poll.task_queue.kind == TaskQueueKind::Sticky as i32 && self.normal.is_none() && !poll.task_queue.normal_name.is_empty() {
            self.normal = Some(QueueId::normal(&poll.namespace, &poll.task_queue.normal_name, TaskType::Workflow));
        }
    }
}
