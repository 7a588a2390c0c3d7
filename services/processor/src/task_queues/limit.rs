//! At most so many tasks per second (PollActivityTaskQueueRequest.task_queue_metadata.max_tasks_per_second).
//!
//! Temporal: service/matching/ratelimit_manager.go, matcher_data.go (simpleLimiter). The limit holds for the whole queue. The last poll
//! says how high it is; a poll that names no limit lifts it.

use std::time::{Duration, Instant};

/// A limit of so many tasks per second counts as no limit. SDKs send it when the worker sets none (Temporal: matching's default dispatch
/// rate).
pub const UNLIMITED: f64 = 100_000.0;

/// After a quiet time, as many tasks may pass at once as are due in this time (Temporal: defaultBurstDuration).
const BURST: Duration = Duration::from_secs(1);

/// A rate as low as this lets nothing pass.
const NOTHING: f64 = 1e-9;

/// How much time lies between two tasks when there are always more.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum Gap {
    /// No limit.
    #[default]
    None,
    /// This much time.
    Every(Duration),
    /// Nothing passes.
    Endless,
}

/// A limit, and how much of it is used.
#[derive(Debug, Default)]
pub struct Limit {
    gap: Gap,
    /// When the next task would be due if all tasks that have passed had kept the gap. A task may pass up to [`BURST`] earlier.
    due: Option<Instant>,
}

impl Limit {
    /// Sets the limit. `None`, and [`UNLIMITED`] or more, lift it. True when the limit has changed.
    ///
    /// A higher limit is in force at once: the next task waits for at most one of the new gaps, however long the old gap was. (In Temporal
    /// it may also wait for the burst time.)
    pub fn set(&mut self, per_second: Option<f64>, now: Instant) -> bool {
        let gap = match per_second {
            Some(rate) if rate >= UNLIMITED => Gap::None,
            Some(rate) if rate > NOTHING => Gap::Every(Duration::from_secs_f64(1.0 / rate)),
            Some(_) => Gap::Endless,
            None => Gap::None,
        };
        let changed = gap != self.gap;
        self.gap = gap;
        if let (true, Gap::Every(gap)) = (changed, gap) {
            self.due = self.due.map(|due| due.min(now + gap + BURST));
        }
        changed
    }

    /// Whether a limit is in force.
    pub fn is_set(&self) -> bool {
        self.gap != Gap::None
    }

    /// Whether tasks have passed of late, so that fewer may pass now than after a quiet time.
    pub fn is_used(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due > now)
    }

    /// How long until the next task may pass. `None`: no task may pass until the limit is raised.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        match self.gap {
            Gap::None => Some(Duration::ZERO),
            Gap::Every(_) => Some(self.due.map_or(Duration::ZERO, |due| due.saturating_duration_since(now).saturating_sub(BURST))),
            Gap::Endless => None,
        }
    }

    /// Lets a task pass, and counts it. False when no task may pass now.
    pub fn pass(&mut self, now: Instant) -> bool {
        if self.wait(now) != Some(Duration::ZERO) {
            return false;
        }
        if let Gap::Every(gap) = self.gap {
            self.due = Some(self.due.map_or(now, |due| due.max(now)) + gap);
        }
        true
    }

    /// The last task that passed did not count as one: another may pass in its place.
    pub fn give_back(&mut self) {
        if let Gap::Every(gap) = self.gap {
            self.due = self.due.and_then(|due| due.checked_sub(gap));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many tasks pass at once.
    fn passing(limit: &mut Limit, now: Instant) -> usize {
        (0..1_000_000).take_while(|_| limit.pass(now)).count()
    }

    #[test]
    fn a_second_of_tasks_passes_at_once_and_then_one_by_one() {
        let (mut limit, now) = (Limit::default(), Instant::now());
        limit.set(Some(20.0), now);
        // Temporal's limiter lets one task more pass at the beginning.
        assert_eq!(passing(&mut limit, now), 21);
        assert_eq!(limit.wait(now), Some(Duration::from_millis(50)));
        assert_eq!(passing(&mut limit, now + Duration::from_millis(49)), 0);
        assert_eq!(passing(&mut limit, now + Duration::from_millis(150)), 3);
        assert_eq!(passing(&mut limit, now + Duration::from_secs(100)), 21, "what was not used is not saved up");
    }

    #[test]
    fn a_limit_that_rises_is_in_force_at_once() {
        let (mut limit, now) = (Limit::default(), Instant::now());
        limit.set(Some(0.01), now);
        assert_eq!(passing(&mut limit, now), 1);
        assert_eq!(limit.wait(now), Some(Duration::from_secs(99)));
        assert!(limit.set(Some(100.0), now));
        assert_eq!(limit.wait(now), Some(Duration::from_millis(10)));
        assert!(limit.set(None, now));
        assert!(!limit.is_set() && passing(&mut limit, now) > 1_000);
    }

    #[test]
    fn pollers_that_take_turns_with_two_limits_get_no_more_than_the_higher_one() {
        let (mut limit, start) = (Limit::default(), Instant::now());
        limit.set(Some(10.0), start);
        let mut passed = passing(&mut limit, start);
        for step in 1..=1_000 {
            let now = start + Duration::from_millis(step * 10);
            limit.set(Some(if step % 2 == 0 { 10.0 } else { 0.01 }), now);
            passed += passing(&mut limit, now);
        }
        assert!(passed <= 11 + 100, "{passed} in ten seconds");
    }

    #[test]
    fn a_rate_of_nothing_stops_the_queue_until_it_rises() {
        for nothing in [0.0, -1.0, f64::NAN, 1e-12] {
            let (mut limit, now) = (Limit::default(), Instant::now());
            limit.set(Some(nothing), now);
            assert_eq!((limit.wait(now), limit.pass(now)), (None, false), "{nothing}");
            limit.set(Some(5.0), now);
            assert!(limit.pass(now));
        }
    }

    #[test]
    fn what_was_given_back_may_pass_again() {
        let (mut limit, now) = (Limit::default(), Instant::now());
        limit.set(Some(0.01), now);
        assert!(limit.pass(now) && !limit.pass(now));
        limit.give_back();
        assert!(limit.pass(now) && !limit.pass(now));
    }

    #[test]
    fn the_rate_that_stands_for_no_limit_is_none() {
        let (mut limit, now) = (Limit::default(), Instant::now());
        assert!(!limit.set(Some(UNLIMITED), now) && !limit.set(Some(f64::INFINITY), now));
        assert!(!limit.is_set());
    }
}
