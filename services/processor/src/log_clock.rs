//! The log's clock, guessed from this process's own.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use klamm_machine::Time;
use parking_lot::Mutex;

/// How long the best guess of a window counts.
const WINDOW: Duration = Duration::from_secs(10);

/// The clock that stamps commands (Kafka: log-append time), as the timestamps of acknowledged appends show it.
///
/// An append's timestamp is older than the moment its acknowledgement came, by the way back. So each acknowledgement shows how far the
/// log's clock is ahead *at least*; the largest of the last seconds is the best guess, and it is never ahead of the log's clock: a timer
/// that is due by this clock is due by the log's.
#[derive(Debug)]
pub struct LogClock {
    /// Best guess of how far the log's clock is ahead, milliseconds; `i64::MIN`: nothing shown yet.
    ahead: AtomicI64,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    since: Instant,
    largest: i64,
}

impl Default for LogClock {
    /// Nothing shown yet: this machine's clock.
    fn default() -> Self {
        Self { ahead: AtomicI64::new(i64::MIN), window: Mutex::new(Window { since: Instant::now(), largest: i64::MIN }) }
    }
}

impl LogClock {
    /// A record was acknowledged just now with this timestamp, milliseconds since the epoch.
    pub fn acknowledged(&self, timestamp_ms: i64) {
        let ahead = timestamp_ms - local_ms();
        let known = self.ahead.fetch_max(ahead, Ordering::Relaxed).max(ahead);
        // The guess is renewed once per window; those who meet a renewal under way have nothing to add.
        let Some(mut window) = self.window.try_lock() else { return };
        window.largest = window.largest.max(ahead);
        if window.since.elapsed() >= WINDOW {
            if window.largest != known {
                self.ahead.store(window.largest, Ordering::Relaxed);
            }
            *window = Window { since: Instant::now(), largest: i64::MIN };
        }
    }

    /// The log's time, or a little before.
    pub fn now(&self) -> Time {
        let ahead = self.ahead.load(Ordering::Relaxed);
        Time::from_millis(local_ms() + if ahead == i64::MIN { 0 } else { ahead })
    }
}

fn local_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_follows_a_log_that_is_ahead_and_never_passes_it() {
        let clock = LogClock::default();
        for delay in [40, 5, 90] {
            clock.acknowledged(local_ms() + 3_000 - delay);
            assert!(clock.now().millis() <= local_ms() + 3_000);
        }
        assert!(clock.now().millis() >= local_ms() + 2_900, "the best of them counts");
    }
}
