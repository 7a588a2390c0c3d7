//! An estimate of the log's clock, made from the log's timestamps and the time that has gone by since.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use klamm_log::Clock;
use klamm_machine::Time;
use klamm_supervise::{Health, Severity};
use parking_lot::Mutex;

/// Source of the warning about clocks, in the process's health.
pub(crate) const SOURCE: &str = "clock";

/// Length of a window. The largest `ahead` that was seen in a window is the best estimate.
const WINDOW: Duration = Duration::from_secs(10);

/// While the log's timestamps are behind this clock, one part in sixteen of the time that goes by is left out until both agree again. The
/// embedded log's own clock does the same.
const SLOWER_BY: i64 = 16;

/// When clocks differ by more than this, somebody has set one of them, or nothing keeps them in step.
const WARN_BEYOND: Duration = Duration::from_secs(2);

/// The log's clock counts as behind only when so many acknowledgements of one window show it.
const SURE_AFTER: u32 = 3;

/// The clock that stamps commands (Kafka: log-append time), as the timestamps of acknowledged appends show it.
///
/// An acknowledgement takes time to come back, so an append's timestamp is older than the moment of its acknowledgement. So each
/// acknowledgement shows what the log's clock shows *at least*. The best estimate is the latest time that the acknowledgements of the last
/// seconds show. It is never ahead of the log's clock: a timer that is due by this clock is also due by the log's. Between acknowledgements
/// this clock goes on by elapsed time, not by this machine's wall clock.
///
/// When somebody sets a broker's clock back, this clock goes on. Its time is put into every command (`log_time`). An older append time does
/// not count against it: otherwise the time of a partition would stand still until the broker's clock has caught up.
pub struct LogClock {
    clock: Arc<dyn Clock>,
    /// The log's time minus the time elapsed here, in microseconds. `i64::MIN`: not known yet.
    ahead: AtomicI64,
    /// The newest time that [`LogClock::now`] has given, in microseconds. It never goes back.
    told: AtomicI64,
    window: Mutex<Window>,
    /// How far the log's newest timestamps were behind this clock, in microseconds.
    behind: AtomicI64,
    has_warned: AtomicBool,
}

struct Window {
    since: Duration,
    largest: i64,
    count: u32,
}

impl LogClock {
    /// A clock that knows nothing of the log yet and shows the wall clock's time.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let window = Mutex::new(Window { since: clock.elapsed(), largest: i64::MIN, count: 0 });
        let [ahead, told] = [i64::MIN, i64::MIN].map(AtomicI64::new);
        Self { clock, ahead, told, window, behind: AtomicI64::new(0), has_warned: AtomicBool::new(false) }
    }

    /// The log is known to have reached this time. The clock goes on from there.
    pub fn goes_on_from(&self, time: Time) {
        self.ahead.fetch_max(time.millis().saturating_mul(1000).saturating_sub(self.elapsed()), Ordering::Relaxed);
    }

    /// A record was acknowledged just now with this timestamp, milliseconds since the epoch.
    pub fn acknowledged(&self, timestamp_ms: i64) {
        let ahead = timestamp_ms.saturating_mul(1000).saturating_sub(self.elapsed());
        let known = self.ahead.fetch_max(ahead, Ordering::Relaxed).max(ahead);
        // The estimate is renewed once per window. A thread that finds another one at work here leaves the window to it.
        let Some(mut window) = self.window.try_lock() else { return };
        window.largest = window.largest.max(ahead);
        window.count += 1;
        let behind = known.saturating_sub(window.largest);
        // A single acknowledgement may just have taken long to come back.
        if window.count >= SURE_AFTER || behind <= micros(WARN_BEYOND) {
            self.behind.store(behind, Ordering::Relaxed);
        }
        let now = self.clock.elapsed();
        let past = now.saturating_sub(window.since);
        if past >= WINDOW {
            // Goes down to the best estimate of the window, but only as fast as the slowed clock allows.
            let slowest = known.saturating_sub(micros(past) / SLOWER_BY);
            if window.largest < known {
                self.ahead.store(window.largest.max(slowest), Ordering::Relaxed);
            }
            *window = Window { since: now, largest: i64::MIN, count: 0 };
        }
    }

    /// The log's time, or a little earlier. It never goes back.
    pub fn now(&self) -> Time {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let time = if ahead == i64::MIN { self.clock.now_ms().saturating_mul(1000) } else { ahead.saturating_add(self.elapsed()) };
        let told = self.told.fetch_max(time, Ordering::Relaxed).max(time);
        Time::from_millis(told.div_euclid(1000))
    }

    /// What is wrong with the clocks, in words: the log's timestamps are behind, or this machine's wall clock differs from the log's time.
    /// Meanwhile timers and schedules go on by elapsed time.
    pub fn warning(&self) -> Option<String> {
        let behind = Duration::from_micros(u64::try_from(self.behind.load(Ordering::Relaxed)).unwrap_or(0));
        if behind > WARN_BEYOND {
            return Some(format!("the log's clock is {} s behind where it was: it was set back", behind.as_secs()));
        }
        if self.ahead.load(Ordering::Relaxed) == i64::MIN {
            return None;
        }
        let ahead_ms = self.now().millis().saturating_sub(self.clock.now_ms());
        if Duration::from_millis(ahead_ms.unsigned_abs()) <= WARN_BEYOND {
            return None;
        }
        let (seconds, side) = (ahead_ms.unsigned_abs() / 1000, if ahead_ms > 0 { "behind" } else { "ahead of" });
        Some(format!(
            "the clock of this machine is {seconds} s {side} the log's time: somebody set it, or nothing keeps the clocks in step"
        ))
    }

    /// Reports the state of the clocks to the process's health. Writes a log line when they begin to differ and when they agree again.
    pub fn look(&self, health: &Health) {
        let warning = self.warning();
        if self.has_warned.swap(warning.is_some(), Ordering::Relaxed) != warning.is_some() {
            match &warning {
                Some(warning) => tracing::warn!(warning, "clocks differ; timers and schedules go on by elapsed time"),
                None => tracing::info!("clocks agree again"),
            }
        }
        health.set(SOURCE, Severity::Warning, warning);
    }

    fn elapsed(&self) -> i64 {
        micros(self.clock.elapsed())
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use klamm_log::ManualClock;

    use super::*;

    const BEGIN_MS: i64 = 1_700_000_000_000;
    const HOUR_MS: i64 = 3_600_000;

    fn clocks() -> (Arc<ManualClock>, LogClock) {
        let clock = Arc::new(ManualClock::new(BEGIN_MS));
        (clock.clone(), LogClock::new(clock))
    }

    fn pass(clock: &ManualClock, ms: u64) {
        clock.advance(Duration::from_millis(ms));
    }

    #[test]
    fn the_clock_follows_a_log_that_is_ahead_and_never_passes_it() {
        let (clock, log) = clocks();
        for delay in [40, 5, 90] {
            log.acknowledged(BEGIN_MS + 3_000 - delay);
            assert!(log.now().millis() <= BEGIN_MS + 3_000);
        }
        assert_eq!(log.now().millis(), BEGIN_MS + 2_995, "the best of them counts");
        pass(&clock, 1_000);
        assert_eq!(log.now().millis(), BEGIN_MS + 3_995);
    }

    #[test]
    fn it_goes_on_when_the_logs_clock_is_set_back_and_meets_it_in_the_end() {
        let (clock, log) = clocks();
        log.acknowledged(BEGIN_MS);
        let mut last = log.now();
        let mut warnings = 0;
        for second in 1..=17 * 3600 {
            pass(&clock, 1_000);
            // The broker's clock and this machine's clock were both set back by an hour.
            let stamp = BEGIN_MS - HOUR_MS + second * 1_000;
            clock.set(stamp);
            log.acknowledged(stamp);
            let now = log.now();
            let gone_by = now.since(last).as_millis();
            assert!(gone_by <= 1_000, "{gone_by} in second {second}");
            assert!(now >= last);
            last = now;
            warnings += usize::from(log.warning().is_some());
            if second == 60 {
                assert!(now.millis() >= BEGIN_MS + 55_000);
                assert_eq!(log.warning().as_deref(), Some("the log's clock is 3597 s behind where it was: it was set back"));
            }
        }
        assert_eq!(last.millis(), BEGIN_MS - HOUR_MS + 17 * HOUR_MS);
        assert!((15 * 3600..=16 * 3600 + 60).contains(&warnings), "{warnings}");
        assert_eq!(log.warning(), None);
    }

    #[test]
    fn this_machines_wall_clock_does_not_move_it_and_is_told_of() {
        let (clock, log) = clocks();
        log.acknowledged(BEGIN_MS);
        clock.set(BEGIN_MS - HOUR_MS);
        pass(&clock, 1_000);
        assert_eq!(log.now().millis(), BEGIN_MS + 1_000);
        let warning = log.warning().unwrap();
        assert!(warning.starts_with("the clock of this machine is 3600 s behind the log's time"), "{warning}");
        clock.set(BEGIN_MS + HOUR_MS);
        assert!(log.warning().unwrap().contains("ahead of the log's time"));
        clock.set(BEGIN_MS + 1_000);
        assert_eq!(log.warning(), None);
    }

    #[test]
    fn an_acknowledgement_that_took_long_is_no_clock_that_was_set_back() {
        let (clock, log) = clocks();
        log.acknowledged(BEGIN_MS);
        for _ in 0..5 {
            pass(&clock, 20_000);
            log.acknowledged(clock.now_ms() - 8_000);
            assert_eq!(log.warning(), None);
            log.acknowledged(clock.now_ms());
        }
    }

    #[test]
    fn a_new_owner_goes_on_from_where_the_log_had_come() {
        let (clock, log) = clocks();
        log.goes_on_from(Time::from_millis(BEGIN_MS + HOUR_MS));
        pass(&clock, 500);
        log.acknowledged(BEGIN_MS + 500);
        assert_eq!(log.now().millis(), BEGIN_MS + HOUR_MS + 500);
    }
}
