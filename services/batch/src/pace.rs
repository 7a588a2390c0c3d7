//! Lets through so many per second.

use std::time::Duration;

use tokio::{
    sync::Mutex,
    time::{Interval, MissedTickBehavior, interval},
};

/// Longest time between two operations, however few are asked for: a client that wants less does not start the operation.
const TURN_MAX: Duration = Duration::from_secs(3600);

/// How fast operations go.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Executions of one namespace per second (worker.batcherRPS).
    pub per_second: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { per_second: 50 }
    }
}

/// Lets callers through one after the other, with the same time between them. What was not used up is lost.
#[derive(Debug)]
pub(crate) struct Pace(Mutex<Interval>);

impl Pace {
    /// As many per second as the settings say, and at least one; fewer where `asked` is fewer. Nothing asked, or what is no number of
    /// operations: as the settings say.
    pub(crate) fn new(settings: Settings, asked: f32) -> Self {
        let most = Duration::from_secs(1) / settings.per_second.max(1);
        let wished = if asked > 0.0 { Duration::try_from_secs_f32(1.0 / asked).unwrap_or(TURN_MAX) } else { Duration::ZERO };
        let mut ticks = interval(wished.clamp(most, TURN_MAX));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(Mutex::new(ticks))
    }

    /// Waits for the caller's turn.
    pub(crate) async fn turn(&self) {
        self.0.lock().await.tick().await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    async fn time_of_three(asked: f32) -> Duration {
        let pace = Pace::new(Settings { per_second: 50 }, asked);
        let began = Instant::now();
        for _ in 0..3 {
            pace.turn().await;
        }
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_may_go_slower_than_the_server_and_not_faster() {
        for (asked, millis) in [(0.0, 40), (-1.0, 40), (f32::NAN, 40), (1000.0, 40), (f32::INFINITY, 40), (10.0, 200), (0.5, 4000)] {
            // The clock counts whole milliseconds.
            assert!(time_of_three(asked).await.as_millis().abs_diff(millis) <= 3, "{asked}");
        }
        assert_eq!(time_of_three(f32::MIN_POSITIVE).await, 2 * TURN_MAX);
    }
}
