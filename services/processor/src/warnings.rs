//! Tells people of runs that come near their limits.

use std::time::{Duration, Instant};

use klamm_machine::Warning;
use parking_lot::Mutex;

use crate::clock::now;

/// Lines of the log have this time between them. The metric counts every warning.
const EVERY: Duration = Duration::from_secs(1);

/// When the last line was written.
#[derive(Debug, Default)]
pub(crate) struct Warnings(Mutex<Option<Instant>>);

impl Warnings {
    /// Counts the warnings that a command has caused, and writes a line about them unless there was one a moment ago.
    pub(crate) fn tell(&self, warnings: &[Warning], key: &str) {
        for Warning { limit, value, warn_from } in warnings {
            metrics::counter!("klamm_limit_warnings_total", "limit" => *limit).increment(1);
            if self.is_time() {
                tracing::warn!(limit, value, warn_from, workflow = key, "a workflow comes near a limit");
            }
        }
    }

    fn is_time(&self) -> bool {
        let (mut last, now) = (self.0.lock(), now());
        let is_time = last.is_none_or(|last| now.saturating_duration_since(last) >= EVERY);
        if is_time {
            *last = Some(now);
        }
        is_time
    }
}
