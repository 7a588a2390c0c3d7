//! Rates: how many per second of late, and at most.

use std::time::{Duration, Instant};

/// Time over which a rate is taken.
const WINDOW: Duration = Duration::from_secs(30);

/// Tasks per second that stand for no limit: what SDKs send where the worker sets none (Temporal: matching's default dispatch rate).
pub const UNLIMITED: f64 = 100_000.0;

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

/// Lets at most so many events per second through (PollActivityTaskQueueRequest.task_queue_metadata.max_tasks_per_second).
#[derive(Debug, Default)]
pub struct Limit {
    per_second: Option<f64>,
    next: Option<Instant>,
}

impl Limit {
    /// Sets the limit, or lifts it by one of [`UNLIMITED`] or more; `None` leaves it as it is.
    pub fn set(&mut self, per_second: Option<f64>) {
        if per_second.is_some() {
            self.per_second = per_second.filter(|per_second| *per_second < UNLIMITED);
        }
    }

    /// Whether a limit is in force.
    pub fn is_set(&self) -> bool {
        self.per_second.is_some()
    }

    /// How long until the next event may pass.
    pub fn wait(&self, now: Instant) -> Duration {
        self.next.map_or(Duration::ZERO, |next| next.saturating_duration_since(now))
    }

    /// When the next event may pass: now (and it counts as passed), or later.
    pub fn pass(&mut self, now: Instant) -> Result<(), Instant> {
        let Some(per_second) = self.per_second else { return Ok(()) };
        let at = self.next.filter(|next| *next > now);
        match at {
            Some(next) => Err(next),
            None => {
                // One event at a time; a rate of zero lets one pass an hour, as "practically none".
                let gap = if per_second > 0.0 { (1.0 / per_second).min(3600.0) } else { 3600.0 };
                self.next = Some(now + Duration::from_secs_f64(gap));
                Ok(())
            }
        }
    }
}
