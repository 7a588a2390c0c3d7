//! One task queue.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use klamm_messages::temporal::taskqueue::v1::PollerInfo;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{
    offer::{Offer, QueryTask, Task},
    rate::{Limit, Rate},
};
use crate::backend::{Poll, TaskQueueDescription};

/// Pollers are shown for this long after their last poll (Temporal: matching.PollerHistoryTTL).
const POLLER_HISTORY: Duration = Duration::from_secs(300);

/// Tasks in dispatch order, queries before them, and the polls that wait.
#[derive(Default)]
pub struct Queue {
    tasks: BTreeMap<Vec<u8>, (Task, Option<Instant>)>,
    queries: VecDeque<Box<QueryTask>>,
    polls: VecDeque<Waiting>,
    pollers: HashMap<String, Seen>,
    next_poll: u64,
    last_poll: Option<Instant>,
    added: Rate,
    dispatched: Rate,
    limit: Limit,
}

struct Waiting {
    number: u64,
    namespace: String,
    worker_instance_key: String,
    sender: oneshot::Sender<Offer>,
}

struct Seen {
    at: Instant,
    time: SystemTime,
    rate_per_second: Option<f64>,
}

impl Queue {
    /// Something new to hand out: to a waiting poll, or it waits itself.
    pub fn add(&mut self, offer: Offer, now: Instant) {
        self.added.count(now);
        self.offer(offer, now);
    }

    fn offer(&mut self, offer: Offer, now: Instant) {
        match self.hand_out(offer, now) {
            None => {}
            Some(Offer::Task(task)) => {
                self.tasks.insert(task.key.clone(), (task, Some(now)));
            }
            Some(Offer::Query(query)) => self.queries.push_back(query),
        }
    }

    /// Gives the offer to the poll that has waited longest; gives it back when nobody waits or the limit is reached.
    fn hand_out(&mut self, mut offer: Offer, now: Instant) -> Option<Offer> {
        if self.polls.is_empty() || matches!(offer, Offer::Task(_)) && self.limit.pass(now).is_err() {
            return Some(offer);
        }
        while let Some(waiting) = self.polls.pop_front() {
            match waiting.sender.send(offer) {
                Ok(()) => {
                    self.dispatched.count(now);
                    return None;
                }
                Err(back) => offer = back,
            }
        }
        Some(offer)
    }

    /// Takes the next offer, if there is one and the limit lets it pass.
    fn take(&mut self, now: Instant) -> Option<Offer> {
        let offer = match self.queries.pop_front() {
            Some(query) => Offer::Query(query),
            None => {
                if self.tasks.is_empty() || self.limit.pass(now).is_err() {
                    return None;
                }
                Offer::Task(self.tasks.pop_first()?.1.0)
            }
        };
        self.dispatched.count(now);
        Some(offer)
    }

    /// A task is gone.
    pub fn remove(&mut self, key: &[u8]) {
        self.tasks.remove(key);
    }

    /// A query is given up.
    pub fn remove_query(&mut self, query_id: &str) {
        self.queries.retain(|query| query.id != query_id);
    }

    /// Ends the polls of a worker instance, empty.
    pub fn end_polls(&mut self, namespace: &str, worker_instance_key: &str) {
        self.polls.retain(|waiting| waiting.namespace != namespace || waiting.worker_instance_key != worker_instance_key);
    }

    /// Ends all polls and gives the tasks back.
    pub fn close(&mut self) -> Vec<Task> {
        self.polls.clear();
        self.last_poll = None;
        std::mem::take(&mut self.tasks).into_values().map(|(task, _)| task).collect()
    }

    /// Whether a poll waits or has been seen within `window`.
    pub fn has_poller(&self, now: Instant, window: Duration) -> bool {
        self.polls.iter().any(|waiting| !waiting.sender.is_closed())
            || self.last_poll.is_some_and(|last| now.saturating_duration_since(last) <= window)
    }

    /// Tasks that wait.
    pub fn backlog(&self) -> usize {
        self.tasks.len()
    }

    /// Nothing waits and nobody has polled for long.
    pub fn is_idle(&self, now: Instant) -> bool {
        self.tasks.is_empty() && self.queries.is_empty() && !self.has_poller(now, POLLER_HISTORY)
    }

    /// What waits and who polls.
    pub fn describe(&mut self, now: Instant) -> TaskQueueDescription {
        self.pollers.retain(|_, seen| now.saturating_duration_since(seen.at) <= POLLER_HISTORY);
        let mut pollers: Vec<_> = self
            .pollers
            .iter()
            .map(|(identity, seen)| PollerInfo {
                last_access_time: Some(seen.time.into()),
                identity: identity.clone(),
                rate_per_second: seen.rate_per_second.unwrap_or(100_000.0),
                ..PollerInfo::default()
            })
            .collect();
        pollers.sort_by(|a, b| a.identity.cmp(&b.identity));
        let oldest = self.tasks.values().filter_map(|(_, since)| *since).min();
        TaskQueueDescription {
            pollers,
            backlog_count: self.tasks.len() as i64,
            backlog_age: oldest.map_or(Duration::ZERO, |since| now.saturating_duration_since(since)),
            tasks_add_rate: self.added.per_second(now),
            tasks_dispatch_rate: self.dispatched.per_second(now),
        }
    }

    fn saw(&mut self, poll: &Poll, now: Instant) {
        self.last_poll = Some(now);
        self.limit.set(poll.max_tasks_per_second);
        let seen = Seen { at: now, time: SystemTime::now(), rate_per_second: poll.max_tasks_per_second };
        self.pollers.insert(poll.identity.clone(), seen);
    }
}

/// Parks a poll on a queue.
pub(super) fn park(queue: Arc<Mutex<Queue>>, poll: &Poll) -> Parked {
    let now = Instant::now();
    let (sender, receiver) = oneshot::channel();
    let mut locked = queue.lock();
    locked.saw(poll, now);
    let number = locked.next_poll;
    locked.next_poll += 1;
    match locked.take(now) {
        // The receiver is right here: the send cannot fail.
        Some(offer) => drop(sender.send(offer)),
        None => {
            let Poll { namespace, worker_instance_key, .. } = poll.clone();
            locked.polls.push_back(Waiting { number, namespace, worker_instance_key, sender });
        }
    }
    drop(locked);
    Parked { queue, number, receiver: Some(receiver) }
}

/// A poll that waits for an offer.
pub struct Parked {
    queue: Arc<Mutex<Queue>>,
    number: u64,
    receiver: Option<oneshot::Receiver<Offer>>,
}

impl Parked {
    /// Waits for the offer; `None` when the poll was ended.
    pub async fn offer(&mut self) -> Option<Offer> {
        let receiver = self.receiver.as_mut()?;
        // A queue with a rate limit may hold a task that no event will hand out: look again now and then.
        loop {
            let wait = { self.queue.lock().limit_wait() };
            let offer = match wait {
                None => receiver.await,
                Some(wait) => match tokio::time::timeout(wait, &mut *receiver).await {
                    Ok(offer) => offer,
                    Err(_) => {
                        let mut queue = self.queue.lock();
                        if let Some(offer) = queue.take(Instant::now()) {
                            queue.polls.retain(|waiting| waiting.number != self.number);
                            drop(queue);
                            self.receiver = None;
                            return Some(offer);
                        }
                        continue;
                    }
                },
            };
            self.receiver = None;
            return offer.ok();
        }
    }
}

impl Queue {
    /// How long until the rate limit lets a waiting task pass; `None` when no limit is in force.
    fn limit_wait(&self) -> Option<Duration> {
        self.limit.is_set().then(|| self.limit.wait(Instant::now()).max(Duration::from_millis(1)))
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        let Some(mut receiver) = self.receiver.take() else { return };
        receiver.close();
        let mut queue = self.queue.lock();
        match receiver.try_recv() {
            Ok(offer) => queue.offer(offer, Instant::now()),
            Err(_) => queue.polls.retain(|waiting| waiting.number != self.number),
        }
    }
}
