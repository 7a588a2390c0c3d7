//! How many events there were per second of late.

use std::time::{Duration, Instant};

/// Time over which a rate is measured.
const WINDOW: Duration = Duration::from_secs(30);

/// Counts events over two half windows.
#[derive(Debug, Default)]
pub struct Rate {
    since: Option<Instant>,
    before: u32,
    now: u32,
}

impl Rate {
    /// One more event.
    pub fn count(&mut self, now: Instant) {
        self.roll(now);
        self.now += 1;
    }

    /// Events per second over the last half to whole window.
    pub fn per_second(&mut self, now: Instant) -> f32 {
        self.roll(now);
        (self.before + self.now) as f32 / WINDOW.as_secs_f32()
    }

    fn roll(&mut self, now: Instant) {
        let half = WINDOW / 2;
        let since = *self.since.get_or_insert(now);
        let age = now.saturating_duration_since(since);
        if age >= half {
            self.before = if age < WINDOW { self.now } else { 0 };
            self.now = 0;
            self.since = Some(now);
        }
    }
}
