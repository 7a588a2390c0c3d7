//! How many tasks of each priority a queue got and handed out per second of late.

use std::{collections::BTreeMap, time::Instant};

use super::rate::Rate;

/// Rates by priority.
#[derive(Default)]
pub(super) struct Rates(BTreeMap<i32, Pair>);

#[derive(Default)]
struct Pair {
    added: Rate,
    dispatched: Rate,
}

impl Rates {
    /// A task came to the queue.
    pub fn added(&mut self, priority: i32, now: Instant) {
        self.0.entry(priority).or_default().added.count(now);
    }

    /// A task was handed out.
    pub fn dispatched(&mut self, priority: i32, now: Instant) {
        self.0.entry(priority).or_default().dispatched.count(now);
    }

    /// Tasks added and tasks handed out per second, by priority.
    pub fn per_second(&mut self, now: Instant) -> impl Iterator<Item = (i32, f32, f32)> {
        self.0.iter_mut().map(move |(priority, pair)| (*priority, pair.added.per_second(now), pair.dispatched.per_second(now)))
    }
}
