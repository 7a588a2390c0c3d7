//! One task queue.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use klamm_messages::temporal::taskqueue::v1::PollerInfo;
use klamm_workflow::answer::StartedReservation;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{
    offer::{Offer, QueryTask, Task},
    rate::{Limit, Rate, UNLIMITED},
};
use crate::backend::{Poll, TaskQueueDescription};

/// Pollers are shown for this long after their last poll (Temporal: matching.PollerHistoryTTL).
const POLLER_HISTORY: Duration = Duration::from_secs(300);

/// Tasks in dispatch order, queries before them, and the polls that wait.
#[derive(Default)]
pub struct Queue {
    tasks: BTreeMap<Vec<u8>, (Task, Option<Instant>)>,
    queries: VecDeque<Box<QueryTask>>,
    /// Polls that wait here, oldest first.
    polls: VecDeque<Waiting>,
    /// Polls that ride in commands, by number.
    reserved: BTreeMap<u64, Waiting>,
    pollers: HashMap<String, Seen>,
    next_poll: u64,
    last_poll: Option<Instant>,
    added: Rate,
    dispatched: Rate,
    limit: Limit,
}

struct Waiting {
    number: u64,
    poll: Arc<Poll>,
    sender: oneshot::Sender<Offer>,
    /// It ends empty as soon as it rides no longer.
    ended: bool,
}

impl Waiting {
    fn is_of(&self, namespace: &str, worker_instance_key: &str) -> bool {
        self.poll.namespace == namespace && self.poll.worker_instance_key == worker_instance_key
    }
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
            // It was for one poll alone, and that has gone: the task's time-out lets another have it.
            Some(Offer::Started(_)) => {}
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
        self.polls.retain(|waiting| !waiting.is_of(namespace, worker_instance_key));
        self.reserved.values_mut().filter(|waiting| waiting.is_of(namespace, worker_instance_key)).for_each(|waiting| waiting.ended = true);
    }

    /// Ends all polls and gives the tasks back.
    pub fn close(&mut self) -> Vec<Task> {
        self.polls.clear();
        self.reserved.values_mut().for_each(|waiting| waiting.ended = true);
        self.last_poll = None;
        std::mem::take(&mut self.tasks).into_values().map(|(task, _)| task).collect()
    }

    /// Whether a poll waits or has been seen within `window`.
    pub fn has_poller(&self, now: Instant, window: Duration) -> bool {
        self.polls.iter().chain(self.reserved.values()).any(|waiting| !waiting.ended && !waiting.sender.is_closed())
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
                rate_per_second: seen.rate_per_second.unwrap_or(UNLIMITED),
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

    /// Takes out the poll that has waited longest, to ride in a command. `None` when nobody waits, something waits to be handed out, or a
    /// rate limit is in force.
    fn reserve(&mut self) -> Option<(u64, Arc<Poll>)> {
        if !self.tasks.is_empty() || !self.queries.is_empty() || self.limit.is_set() {
            return None;
        }
        while let Some(waiting) = self.polls.pop_front() {
            if !waiting.sender.is_closed() {
                let (number, poll) = (waiting.number, waiting.poll.clone());
                self.reserved.insert(number, waiting);
                return Some((number, poll));
            }
        }
        None
    }

    /// The command has started a task for the poll that rode in it.
    fn deliver(&mut self, number: u64, started: StartedReservation, now: Instant) {
        let Some(waiting) = self.reserved.remove(&number) else { return };
        self.added.count(now);
        self.dispatched.count(now);
        // A poll that has gone meanwhile loses the task to its time-out, as one that goes while its own start is on its way.
        let _ = waiting.sender.send(Offer::Started(Box::new(started)));
    }

    /// The command has started nothing for the poll that rode in it: it waits on, at its old place.
    fn release(&mut self, number: u64, now: Instant) {
        let Some(waiting) = self.reserved.remove(&number) else { return };
        if waiting.ended || waiting.sender.is_closed() {
            return;
        }
        match self.take(now) {
            None => {
                let at = self.polls.partition_point(|other| other.number < number);
                self.polls.insert(at, waiting);
            }
            Some(offer) => {
                if let Err(offer) = waiting.sender.send(offer) {
                    self.offer(offer, now);
                }
            }
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
pub(super) fn park(queue: Arc<Mutex<Queue>>, poll: Arc<Poll>) -> Parked {
    let now = Instant::now();
    let (sender, receiver) = oneshot::channel();
    let mut locked = queue.lock();
    locked.saw(&poll, now);
    let number = locked.next_poll;
    locked.next_poll += 1;
    match locked.take(now) {
        // The receiver is right here: the send cannot fail.
        Some(offer) => drop(sender.send(offer)),
        None => locked.polls.push_back(Waiting { number, poll, sender, ended: false }),
    }
    drop(locked);
    Parked { queue, number, receiver: Some(receiver) }
}

/// Takes a poll of the queue to ride in a command, where the queue may spare one.
pub(super) fn reserve(queue: &Arc<Mutex<Queue>>) -> Option<(Reserved, Arc<Poll>)> {
    let (number, poll) = { queue.lock().reserve() }?;
    Some((Reserved { queue: queue.clone(), number, poll_id: Uuid::new_v4().to_string() }, poll))
}

/// A poll that rides in a command; dropping it lets it wait on.
pub struct Reserved {
    queue: Arc<Mutex<Queue>>,
    number: u64,
    poll_id: String,
}

impl Reserved {
    /// Id of the poll in the command.
    pub fn poll_id(&self) -> &str {
        &self.poll_id
    }

    /// Hands over the task that the command has started for the poll.
    pub fn deliver(self, started: StartedReservation) {
        self.queue.lock().deliver(self.number, started, Instant::now());
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.queue.lock().release(self.number, Instant::now());
    }
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
