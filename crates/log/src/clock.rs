//! Time of day. It is passed in, so that tests can set it.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use parking_lot::Mutex;

/// The source of log-append times, and of the ages that retention goes by.
pub trait Clock: std::fmt::Debug + Send + Sync + 'static {
    /// The wall clock: milliseconds since the Unix epoch. Somebody may set it forwards or backwards.
    fn now_ms(&self) -> i64;

    /// Time that has gone by since some moment of this process. Setting the wall clock does not change it.
    fn elapsed(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// The moment from which on this process counts elapsed time.
static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is where the machine's clock is handed in")]
    fn now_ms(&self) -> i64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }

    fn elapsed(&self) -> Duration {
        BEGIN.elapsed()
    }
}

/// A clock that stands still until a test moves it: virtual time.
#[derive(Debug, Default)]
pub struct ManualClock {
    now_ms: AtomicI64,
    elapsed_ms: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `now_ms`.
    pub fn new(now_ms: i64) -> Self {
        Self { now_ms: AtomicI64::new(now_ms), elapsed_ms: AtomicI64::new(0) }
    }

    /// Sets the wall clock, forwards or backwards. No time goes by.
    pub fn set(&self, now_ms: i64) {
        self.now_ms.store(now_ms, Ordering::SeqCst);
    }

    /// Lets time go by.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.now_ms.fetch_add(by, Ordering::SeqCst);
        self.elapsed_ms.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.elapsed_ms.load(Ordering::SeqCst)).unwrap_or(0))
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now_ms(&self) -> i64 {
        (**self).now_ms()
    }

    fn elapsed(&self) -> Duration {
        (**self).elapsed()
    }
}

/// While the wall clock is behind, one part in sixteen of the time that goes by is left out, until the wall clock has caught up. To catch
/// up one hour takes sixteen hours. Time is left out and never added, so no timer fires early because of it.
const SLOWER_BY: i64 = 16;

/// The time that is put on records. It is the wall clock's time, but it never goes back and never stands still.
///
/// When somebody sets the wall clock back, this time goes on from where it was, a little slower than real time. When somebody sets the wall
/// clock forward, this time follows at once.
pub(crate) struct SteadyClock {
    clock: Arc<dyn Clock>,
    shown: Mutex<Shown>,
}

/// In nanoseconds: rounding to milliseconds would lose time between reads that follow each other closely.
#[derive(Default)]
struct Shown {
    time: i64,
    at: i64,
}

impl SteadyClock {
    /// A steady clock that reads `clock`.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let shown = Shown { time: i64::MIN, at: nanos(clock.elapsed()) };
        Self { clock, shown: Mutex::new(shown) }
    }

    /// A steady clock that reads the same clock and has shown no time yet.
    pub(crate) fn anew(&self) -> Self {
        Self::new(self.clock.clone())
    }

    /// Milliseconds since the Unix epoch.
    pub(crate) fn now_ms(&self) -> i64 {
        let mut shown = self.shown.lock();
        let wall = self.clock.now_ms().saturating_mul(1_000_000);
        let at = nanos(self.clock.elapsed());
        let gone_by = at.saturating_sub(shown.at).max(0);
        let steady = shown.time.saturating_add(gone_by - gone_by / SLOWER_BY);
        *shown = Shown { time: wall.max(steady), at };
        shown.time.div_euclid(1_000_000)
    }

    /// A record carries the time `time_ms`. Time goes on from there, even if the wall clock was set back while no process ran.
    pub(crate) fn goes_on_from(&self, time_ms: i64) {
        let mut shown = self.shown.lock();
        let time = time_ms.saturating_mul(1_000_000);
        if time > shown.time {
            *shown = Shown { time, at: nanos(self.clock.elapsed()) };
        }
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN_MS: i64 = 1_700_000_000_000;
    const HOUR_MS: i64 = 3_600_000;

    fn clocks() -> (Arc<ManualClock>, SteadyClock) {
        let clock = Arc::new(ManualClock::new(BEGIN_MS));
        (clock.clone(), SteadyClock::new(clock))
    }

    #[test]
    fn time_goes_with_the_wall_clock_and_follows_it_forth() {
        let (clock, steady) = clocks();
        assert_eq!(steady.now_ms(), BEGIN_MS);
        clock.advance(Duration::from_millis(17));
        assert_eq!(steady.now_ms(), BEGIN_MS + 17);
        clock.set(BEGIN_MS + HOUR_MS);
        assert_eq!(steady.now_ms(), BEGIN_MS + HOUR_MS);
    }

    #[test]
    fn when_the_wall_clock_is_set_back_time_goes_on_a_little_slower_until_both_meet() {
        let (clock, steady) = clocks();
        steady.now_ms();
        clock.set(BEGIN_MS - HOUR_MS);
        assert_eq!(steady.now_ms(), BEGIN_MS);
        for _ in 0..1_000 {
            clock.advance(Duration::from_millis(16));
            steady.now_ms();
        }
        assert_eq!(steady.now_ms(), BEGIN_MS + 15_000);
        clock.advance(Duration::from_secs(16 * 3600 - 16));
        assert_eq!(steady.now_ms(), clock.now_ms());
        clock.advance(Duration::from_millis(16));
        assert_eq!(steady.now_ms(), clock.now_ms());
    }

    #[test]
    fn time_goes_on_from_the_newest_record() {
        let (clock, steady) = clocks();
        steady.goes_on_from(BEGIN_MS + HOUR_MS);
        steady.goes_on_from(BEGIN_MS + 1);
        assert_eq!(steady.now_ms(), BEGIN_MS + HOUR_MS);
        clock.advance(Duration::from_millis(1_600));
        assert_eq!(steady.now_ms(), BEGIN_MS + HOUR_MS + 1_500);
    }
}
