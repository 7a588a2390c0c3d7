//! Circuit breakers: a destination that keeps failing is left alone for a while.
//!
//! Each destination has one, for all partitions of the process. It is in memory, so a new process begins with all of them closed. While a
//! breaker is open, no attempt is made: rows wait, and their numbers of attempts stay as they are.
//!
//! Temporal: service/history/circuitbreakerpool, queues/executable.go (CircuitBreakerExecutable), with gobreaker's defaults. Temporal has one
//! for each namespace and destination; here a destination that is down is down for everybody.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// A breaker opens when more calls than this have failed one after the other.
const FAILURES_MAX: u32 = 5;
/// How long a breaker stays open before one call is let through (history.outboundQueue.circuitBreakerSettings).
const OPEN: Duration = Duration::from_secs(60);
/// A breaker is forgotten when nothing has failed for so long. This is longer than the longest wait between two attempts.
const KEPT: Duration = Duration::from_secs(2 * 3600);
/// From so many breakers on, old ones are looked for when there is another one.
const TIDY_FROM: usize = 256;

/// The breakers of a process.
#[derive(Debug, Default)]
pub struct Breakers(Mutex<BTreeMap<String, Breaker>>);

/// Of a destination of which the last call has failed. Other destinations have none.
#[derive(Debug)]
struct Breaker {
    /// Calls that have failed one after the other.
    failures: u32,
    last_failure: Instant,
    /// When it has opened; `None`: it is closed.
    opened: Option<Instant>,
    /// Which opening it is. A call that began before tells nothing of it.
    opening: u32,
    /// Whether the one call is under way by which an open breaker finds out whether the destination is back.
    is_trying: bool,
}

/// The leave to make a call. When it is dropped before the call's end was told, another call may try.
#[derive(Debug)]
pub(crate) struct Leave {
    breakers: Arc<Breakers>,
    destination: String,
    opening: u32,
}

impl Breakers {
    /// Gives leave for a call to the destination, unless its breaker is open.
    pub(crate) fn begin(self: &Arc<Self>, destination: &str, now: Instant) -> Option<Leave> {
        let mut breakers = self.lock();
        let breaker = breakers.get_mut(destination);
        let opening = breaker.as_ref().map_or(0, |breaker| breaker.opening);
        if let Some((breaker, opened)) = breaker.and_then(|breaker| breaker.opened.map(|opened| (breaker, opened))) {
            if breaker.is_trying || now.duration_since(opened) < OPEN {
                return None;
            }
            breaker.is_trying = true;
        }
        Some(Leave { breakers: self.clone(), destination: destination.to_owned(), opening })
    }

    /// Whether calls to the destination wait because it keeps failing. They do until a call has shown that it is back.
    pub fn is_open(&self, destination: &str) -> bool {
        self.lock().get(destination).is_some_and(|breaker| breaker.opened.is_some())
    }

    /// No code panics while it has the lock, so what a panic elsewhere has left is whole.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Breaker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leave {
    /// The call has ended. `is_up`: the destination has answered, though perhaps with a refusal for good.
    pub(crate) fn end(self, is_up: bool, now: Instant) {
        let mut breakers = self.breakers.lock();
        let destination = self.destination.as_str();
        if breakers.get(destination).is_some_and(|breaker| breaker.opening != self.opening) {
            return;
        }
        if is_up {
            if breakers.remove(destination).is_some_and(|breaker| breaker.opened.is_some()) {
                tracing::info!(destination, "callbacks go there again");
            }
            return;
        }
        if breakers.len() >= TIDY_FROM && !breakers.contains_key(destination) {
            breakers.retain(|_, breaker| breaker.is_trying || now.duration_since(breaker.last_failure) < KEPT);
        }
        let closed = || Breaker { failures: 0, last_failure: now, opened: None, opening: self.opening, is_trying: false };
        let breaker = breakers.entry(destination.to_owned()).or_insert_with(closed);
        breaker.failures = breaker.failures.saturating_add(1);
        breaker.last_failure = now;
        if breaker.failures > FAILURES_MAX {
            if breaker.opened.is_none() {
                tracing::warn!(destination, failures = breaker.failures, "callbacks that go there wait");
            }
            breaker.opened = Some(now);
            breaker.opening = breaker.opening.wrapping_add(1);
            breaker.is_trying = false;
        }
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        // An end that was told leaves either no breaker, or one that no call tries.
        if let Some(breaker) = self.breakers.lock().get_mut(&self.destination).filter(|breaker| breaker.opening == self.opening) {
            breaker.is_trying = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breakers of which that of "a" has opened at the given time.
    fn opened_at(now: Instant) -> Arc<Breakers> {
        let breakers = Arc::new(Breakers::default());
        for _ in 0..=FAILURES_MAX {
            assert!(!breakers.is_open("a"));
            let leave = breakers.begin("a", now).unwrap();
            leave.end(false, now);
        }
        assert!(breakers.is_open("a"));
        breakers
    }

    #[test]
    fn more_than_five_failures_in_a_row_open_it() {
        let now = Instant::now();
        let breakers = opened_at(now);
        assert!(breakers.begin("a", now + OPEN - Duration::from_millis(1)).is_none());
        assert!(breakers.begin("b", now).is_some() && !breakers.is_open("b"), "another destination");
    }

    #[test]
    fn a_success_begins_the_count_anew() {
        let now = Instant::now();
        let breakers = Arc::new(Breakers::default());
        for round in 0..4 * FAILURES_MAX {
            let leave = breakers.begin("a", now).unwrap();
            leave.end(round % FAILURES_MAX == 0, now);
        }
        assert!(!breakers.is_open("a"));
    }

    #[test]
    fn one_call_tries_whether_the_destination_is_back() {
        let now = Instant::now();
        let breakers = opened_at(now);
        let later = now + OPEN;
        let leave = breakers.begin("a", later).unwrap();
        assert!(breakers.begin("a", later).is_none());
        assert!(breakers.is_open("a"));
        leave.end(false, later);
        assert!(breakers.begin("a", later + OPEN / 2).is_none(), "it is open for another minute");
        drop(breakers.begin("a", later + OPEN).unwrap());
        let leave = breakers.begin("a", later + OPEN).unwrap();
        leave.end(true, later + OPEN);
        assert!(!breakers.is_open("a"));
        assert!(breakers.begin("a", later + OPEN).is_some());
    }

    #[test]
    fn a_call_that_began_before_it_opened_tells_nothing() {
        let now = Instant::now();
        let breakers = Arc::new(Breakers::default());
        let early = [breakers.begin("a", now).unwrap(), breakers.begin("a", now).unwrap()];
        for _ in 0..=FAILURES_MAX {
            let leave = breakers.begin("a", now).unwrap();
            leave.end(false, now);
        }
        for (leave, is_up) in early.into_iter().zip([true, false]) {
            leave.end(is_up, now + OPEN / 2);
            assert!(breakers.is_open("a"));
        }
        assert!(breakers.begin("a", now + OPEN).is_some(), "it does not stay open for longer");
    }

    #[test]
    fn breakers_of_destinations_that_nobody_calls_are_forgotten() {
        let now = Instant::now();
        let breakers = Arc::new(Breakers::default());
        let fail = |destination: &str, now| {
            let leave = breakers.begin(destination, now).unwrap();
            leave.end(false, now);
        };
        (0..TIDY_FROM).for_each(|number| fail(&number.to_string(), now));
        fail("0", now + KEPT);
        fail("other", now + KEPT);
        assert_eq!(breakers.lock().keys().collect::<Vec<_>>(), ["0", "other"]);
    }
}
