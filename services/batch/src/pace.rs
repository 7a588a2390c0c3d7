//! Lets through so many per second.

use std::time::Duration;

use tokio::{
    sync::Mutex,
    time::{Interval, MissedTickBehavior, interval},
};

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
    /// At most `per_second`, and at least one.
    pub(crate) fn new(per_second: u32) -> Self {
        let mut ticks = interval(Duration::from_secs(1) / per_second.max(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(Mutex::new(ticks))
    }

    /// Waits for the caller's turn.
    pub(crate) async fn turn(&self) {
        self.0.lock().await.tick().await;
    }
}
