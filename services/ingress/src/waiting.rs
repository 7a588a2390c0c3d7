//! Waiting for what is not there now.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_supervise::{Health, Severity};
use parking_lot::Mutex;

use crate::{Away, TriggerStatuses};

/// Pauses before something is tried again: the first, and the longest.
const PAUSE: Duration = Duration::from_millis(50);
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(2);
/// The log tells of a problem that lasts after so long again: each reader has many commands that wait for the same thing.
const TELL_AGAIN: Duration = Duration::from_secs(10);

/// Waits, and tells for what.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) health: Health,
    pub(crate) statuses: Arc<TriggerStatuses>,
    /// When the log last told of each problem.
    told: Arc<Mutex<BTreeMap<String, Instant>>>,
}

impl Waiting {
    pub(crate) fn new(health: Health, statuses: Arc<TriggerStatuses>) -> Self {
        Self { health, statuses, told: Arc::default() }
    }

    /// Tries until it is done. The process's health says what it waits for.
    pub(crate) async fn until<T, F: Future<Output = Result<T, Away>>>(&self, problem: &str, mut attempt: impl FnMut() -> F) -> T {
        let mut pause = PAUSE;
        loop {
            match attempt().await {
                Ok(done) => return done,
                Err(Away(why)) => self.pause(problem, &why, pause).await,
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    pub(crate) async fn pause(&self, problem: &str, why: &str, pause: Duration) {
        if self.is_to_be_told(problem, Instant::now()) {
            tracing::warn!(reader = problem, reason = why, "records wait");
        }
        // A trigger's status says it too.
        let named = problem.strip_prefix("triggers/").and_then(|rest| rest.rsplit_once('/'));
        if let Some((trigger, partition)) = named {
            self.statuses.problem(trigger, partition.parse().ok(), why);
        }
        self.health.report(problem.to_owned(), Severity::Warning, why.to_owned());
        tokio::time::sleep(pause).await;
    }

    fn is_to_be_told(&self, problem: &str, now: Instant) -> bool {
        let mut told = self.told.lock();
        let is_due = told.get(problem).is_none_or(|at| now.saturating_duration_since(*at) >= TELL_AGAIN);
        if is_due {
            told.insert(problem.to_owned(), now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_tells_of_each_problem_now_and_then() {
        let waiting = Waiting::new(Health::default(), Arc::default());
        let now = Instant::now();
        let told = |problem, seconds| waiting.is_to_be_told(problem, now + Duration::from_secs(seconds));
        assert_eq!(
            [told("a", 0), told("b", 0), told("a", 9), told("a", 10), told("b", 11), told("a", 19)],
            [true, true, false, true, true, false]
        );
    }
}
