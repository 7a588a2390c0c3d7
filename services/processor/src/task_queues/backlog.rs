//! Tasks that wait on one queue, in the order in which they are handed out: urgent priorities first, and within a priority by the turns of
//! fairness keys ([`Turns`]). A fairness key whose own limit is used up is passed over.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{fairness::Fairness, limit::Limit, offer::Task, turns::Turns};

/// A key that its limit lets nothing pass of is looked at again after this time. (It is looked at earlier when the limit is changed.)
const NEVER: Duration = Duration::from_secs(3_600);
/// Limits of fairness keys that are remembered, before those are dropped that have used nothing of late.
const LIMITS: usize = 10_000;

/// The tasks that wait.
#[derive(Default)]
pub(super) struct Backlog {
    /// By priority, the most urgent first.
    levels: BTreeMap<i32, Turns>,
    /// Priority and fairness key of each task, by its key in the task table.
    places: HashMap<Arc<[u8]>, (i32, Arc<str>)>,
    fairness: Fairness,
    /// How much each fairness key has used of its limit.
    limits: HashMap<Arc<str>, Limit>,
}

impl Backlog {
    /// Adds a task, or replaces the one with its key.
    pub fn insert(&mut self, task: Task) {
        let key: Arc<[u8]> = task.key.as_slice().into();
        let place = (task.row.priority, Arc::from(task.row.fairness_key.as_str()));
        if self.places.get(&key).is_some_and(|known| *known != place) {
            self.remove(&key);
        }
        self.levels.entry(place.0).or_default().insert(&place.1, key.clone(), task);
        self.places.insert(key, place);
    }

    /// Removes the task with this key.
    pub fn remove(&mut self, key: &[u8]) {
        let Some((priority, fairness_key)) = self.places.remove(key) else { return };
        if let Some(turns) = self.levels.get_mut(&priority) {
            turns.remove(&fairness_key, key);
        }
    }

    /// Takes the next task whose fairness key does not wait for its limit.
    pub fn take(&mut self, now: Instant) -> Option<Task> {
        let Self { levels, fairness, limits, places } = self;
        for turns in levels.values_mut() {
            while let Some((fairness_key, task)) = turns.first(now) {
                if let Some(wait) = wait_for_limit(limits, fairness, &fairness_key, task, now) {
                    turns.hold(&fairness_key, now + wait);
                    continue;
                }
                let weight = fairness.weight(&task.row);
                let task = turns.take(&fairness_key, weight)?;
                places.remove(task.key.as_slice());
                return Some(task);
            }
        }
        None
    }

    /// How long until a task may be handed out, as far as the limits of fairness keys go. `None` when nothing waits.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        self.levels.values().filter_map(|turns| turns.wait(now)).min()
    }

    /// The task that was taken does not count for the limit of its fairness key.
    pub fn give_back(&mut self, task: &Task) {
        if let Some(limit) = self.limits.get_mut(task.row.fairness_key.as_str()) {
            limit.give_back();
        }
    }

    /// Sets weights, and the limit of each fairness key.
    pub fn set_fairness(&mut self, fairness: Fairness) {
        if !fairness.is_limited() {
            self.limits.clear();
        }
        self.fairness = fairness;
        self.levels.values_mut().for_each(Turns::release);
    }

    /// Whether each fairness key has a limit.
    pub fn is_limited(&self) -> bool {
        self.fairness.is_limited()
    }

    /// Takes all tasks out.
    pub fn take_all(&mut self) -> Vec<Task> {
        self.places.clear();
        std::mem::take(&mut self.levels).into_values().flat_map(Turns::into_tasks).collect()
    }

    /// Removes the tasks of which this does not hold.
    pub fn retain(&mut self, keep: impl Fn(&Task) -> bool) {
        let gone: Vec<_> = self.tasks().filter(|task| !keep(task)).map(|task| task.key.clone()).collect();
        gone.iter().for_each(|key| self.remove(key));
    }

    /// All tasks, in no order.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.levels.values().flat_map(Turns::tasks)
    }

    /// Number of tasks.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether no task waits.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

/// Counts the task for the limit of its fairness key. If the limit is used up, gives how long it lets no task pass.
fn wait_for_limit(
    limits: &mut HashMap<Arc<str>, Limit>,
    fairness: &Fairness,
    fairness_key: &Arc<str>,
    task: &Task,
    now: Instant,
) -> Option<Duration> {
    let rate = fairness.rate(&task.row)?;
    if limits.len() > LIMITS {
        limits.retain(|_, limit| limit.is_used(now));
    }
    let limit = limits.entry(fairness_key.clone()).or_default();
    limit.set(Some(rate), now);
    if limit.pass(now) { None } else { Some(limit.wait(now).unwrap_or(NEVER).max(Duration::from_millis(1))) }
}
