//! Time as a simulation has it: tokio's, which stands still until somebody moves it.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use klamm_log::Clock;
use tokio::time::Instant;

/// Virtual time at the beginning.
pub const START_MS: i64 = 1_700_000_000_000;

/// The clocks of one machine: they go together, but each wall clock may be set.
#[derive(Debug)]
pub struct VirtualClock {
    begin: Instant,
    off_by_ms: AtomicI64,
}

impl VirtualClock {
    /// Right, from now on.
    pub fn new() -> Self {
        Self { begin: Instant::now(), off_by_ms: AtomicI64::new(0) }
    }

    /// Sets the wall clock: it is off by so much.
    pub fn set_off_by(&self, ms: i64) {
        self.off_by_ms.store(ms, Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now_ms(&self) -> i64 {
        START_MS + i64::try_from(self.elapsed().as_millis()).expect("a short time") + self.off_by_ms.load(Ordering::SeqCst)
    }

    fn elapsed(&self) -> Duration {
        Instant::now() - self.begin
    }
}
