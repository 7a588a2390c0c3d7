//! Tasks of one priority: their fairness keys take turns.
//!
//! Each fairness key has a *pass*, and the key with the lowest pass is next. A task that is handed out moves its key's pass on, by the less
//! the more weight it has. So equal weights take turns, weight 2 gets two tasks per turn, and a key that comes back after a pause begins at
//! the present. (Temporal: service/matching/fairness_util.go, counter. It draws a pass for each task as it is written, with the same
//! proportions.)

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use super::offer::Task;

/// How far a task of weight 1 moves its key's pass on (Temporal: strideFactor).
const STRIDE: f32 = 1_000.0;
/// Keys that are remembered although nothing of them waits, before those are dropped that need not be.
const IDLE_KEYS: usize = 1_000;

/// The tasks of one priority.
#[derive(Default)]
pub(super) struct Turns {
    /// Pass of the task that was handed out last.
    base: u64,
    lines: HashMap<Arc<str>, Line>,
    /// Fairness keys whose next task may be handed out. Of those with the same pass, the key with the older task comes first.
    ready: BTreeSet<(u64, Arc<[u8]>, Arc<str>)>,
    /// Fairness keys that wait for their limit, by the time when it lets the next task pass.
    held: BTreeSet<(Instant, Arc<str>)>,
}

/// The tasks of one fairness key, by their keys in the task table: by time.
#[derive(Default)]
struct Line {
    pass: u64,
    tasks: BTreeMap<Arc<[u8]>, Task>,
    held_until: Option<Instant>,
}

impl Turns {
    /// Adds a task, or replaces the one with its key.
    pub fn insert(&mut self, fairness_key: &Arc<str>, key: Arc<[u8]>, task: Task) {
        let base = self.base;
        self.forget_idle();
        self.change(fairness_key, |line| {
            if line.tasks.is_empty() {
                line.pass = line.pass.max(base);
            }
            line.tasks.insert(key, task)
        });
    }

    /// Removes the task with this key.
    pub fn remove(&mut self, fairness_key: &Arc<str>, key: &[u8]) {
        self.change(fairness_key, |line| line.tasks.remove(key));
    }

    /// The next task, of a key that does not wait for its limit.
    pub fn first(&mut self, now: Instant) -> Option<(Arc<str>, &Task)> {
        while let Some((until, fairness_key)) = self.held.first().cloned() {
            if until > now {
                break;
            }
            self.change(&fairness_key, |line| line.held_until = None);
        }
        let (_, key, fairness_key) = self.ready.first()?;
        let task = self.lines.get(fairness_key)?.tasks.get(key)?;
        Some((fairness_key.clone(), task))
    }

    /// Takes the first task of this fairness key, which has this weight.
    pub fn take(&mut self, fairness_key: &Arc<str>, weight: f32) -> Option<Task> {
        let step = ((STRIDE / weight) as u64).max(1);
        let (pass, task) = self.change(fairness_key, |line| {
            let pass = line.pass;
            line.pass = line.pass.saturating_add(step);
            (pass, line.tasks.pop_first())
        });
        self.base = self.base.max(pass);
        task.map(|(_, task)| task)
    }

    /// Passes over this fairness key until then.
    pub fn hold(&mut self, fairness_key: &Arc<str>, until: Instant) {
        self.change(fairness_key, |line| line.held_until = Some(until));
    }

    /// No fairness key is passed over any more.
    pub fn release(&mut self) {
        while let Some((_, fairness_key)) = self.held.first().cloned() {
            self.change(&fairness_key, |line| line.held_until = None);
        }
    }

    /// How long until a task may be handed out. `None` when nothing waits.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        self.held.first().map(|(until, _)| until.saturating_duration_since(now))
    }

    /// All tasks, in no order.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.lines.values().flat_map(|line| line.tasks.values())
    }

    /// Takes all tasks out, in no order.
    pub fn into_tasks(self) -> impl Iterator<Item = Task> {
        self.lines.into_values().flat_map(|line| line.tasks.into_values())
    }

    /// Changes a line, and puts its key where it then belongs.
    fn change<T>(&mut self, fairness_key: &Arc<str>, change: impl FnOnce(&mut Line) -> T) -> T {
        let line = self.lines.entry(fairness_key.clone()).or_default();
        let before = line.place();
        let changed = change(line);
        let after = line.place();
        if before != after {
            match before {
                Some(Place::Ready(pass, key)) => drop(self.ready.remove(&(pass, key, fairness_key.clone()))),
                Some(Place::Held(until)) => drop(self.held.remove(&(until, fairness_key.clone()))),
                None => {}
            }
            match after {
                Some(Place::Ready(pass, key)) => drop(self.ready.insert((pass, key, fairness_key.clone()))),
                Some(Place::Held(until)) => drop(self.held.insert((until, fairness_key.clone()))),
                None => {}
            }
        }
        changed
    }

    /// Drops keys that nothing waits of and that would begin at the present anyway. Otherwise keys that are used once would pile up.
    fn forget_idle(&mut self) {
        if self.lines.len() - self.ready.len() - self.held.len() > IDLE_KEYS {
            let base = self.base;
            self.lines.retain(|_, line| !line.tasks.is_empty() || line.pass > base);
        }
    }
}

/// Where a fairness key stands.
#[derive(PartialEq)]
enum Place {
    Ready(u64, Arc<[u8]>),
    Held(Instant),
}

impl Line {
    fn place(&self) -> Option<Place> {
        let (key, _) = self.tasks.first_key_value()?;
        Some(self.held_until.map_or_else(|| Place::Ready(self.pass, key.clone()), Place::Held))
    }
}
