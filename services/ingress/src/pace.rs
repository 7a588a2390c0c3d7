//! How fast triggers go.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_triggers::Rate;
use parking_lot::Mutex;

/// So much of a rate goes at a time, so that the rest comes evenly.
const STEP: Duration = Duration::from_millis(200);

/// The pace of each trigger whose rate is bounded, in this process. Clones share everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paces(Arc<Mutex<BTreeMap<String, Instant>>>);

/// This process's share of a trigger's rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pace {
    /// From one effect to the next.
    each: Duration,
}

impl Pace {
    /// `share` is the part of the rate that this process may use, up to 1.
    pub(crate) fn new(rate: Rate, share: f64) -> Self {
        // A day is as good as never, and is no trouble to add up.
        let seconds = rate.seconds_each() / share.clamp(1e-6, 1.0);
        Self { each: Duration::from_secs_f64(seconds.min(86_400.0)) }
    }

    /// How many effects go at a time.
    pub(crate) fn step(self) -> usize {
        usize::try_from(STEP.as_nanos() / self.each.as_nanos().max(1)).unwrap_or(usize::MAX).max(1)
    }
}

impl Paces {
    /// When so many effects of the trigger may be had. They are then counted as had.
    pub(crate) fn next(&self, trigger: &str, pace: Pace, count: usize, now: Instant) -> Instant {
        let mut free = self.0.lock();
        // What was not used is lost: nothing is made up for in a burst.
        let at = free.get(trigger).copied().filter(|free| *free > now).unwrap_or(now);
        free.insert(trigger.to_owned(), at + pace.each * u32::try_from(count).unwrap_or(u32::MAX));
        at
    }

    /// Forgets triggers that there are no more.
    pub(crate) fn keep(&self, is_known: impl Fn(&str) -> bool) {
        self.0.lock().retain(|trigger, _| is_known(trigger));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_come_evenly_and_nothing_is_made_up_for() {
        let paces = Paces::default();
        let pace = Pace::new(Rate { count: 100, per: Duration::from_secs(1) }, 0.5);
        assert_eq!((pace.each, pace.step()), (Duration::from_millis(20), 10));
        let begin = Instant::now();
        let after = |now: u64, count| paces.next("a", pace, count, begin + Duration::from_millis(now)) - begin;
        assert_eq!(after(0, 10).as_millis(), 0);
        assert_eq!(after(5, 10).as_millis(), 200);
        assert_eq!(after(5, 1).as_millis(), 400);
        assert_eq!(after(9000, 10).as_millis(), 9000);
        assert_eq!(after(9000, 1).as_millis(), 9200);
        assert_eq!(paces.next("b", pace, 1, begin), begin, "each trigger has its own");
    }

    #[test]
    fn extremes_are_bounded() {
        let slow = Pace::new(Rate { count: 1, per: Duration::from_secs(3600) }, 0.0);
        assert_eq!((slow.each, slow.step()), (Duration::from_secs(86_400), 1));
        let quick = Pace::new(Rate { count: u32::MAX, per: Duration::from_secs(1) }, 7.0);
        assert!(quick.step() > 1_000_000);
        let paces = Paces::default();
        paces.next("a", slow, usize::MAX, Instant::now());
    }
}
