//! Waiting for what is not there now.

use std::{future::Future, sync::Arc, time::Duration};

use klamm_supervise::{Health, Severity};

use crate::{Away, TriggerStatuses};

/// Pauses before something is tried again: the first, and the longest.
const PAUSE: Duration = Duration::from_millis(50);
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Waits, and tells for what.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) health: Health,
    pub(crate) statuses: Arc<TriggerStatuses>,
}

impl Waiting {
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
        tracing::warn!(reader = problem, reason = why, "records wait");
        // A trigger's status says it too.
        let named = problem.strip_prefix("triggers/").and_then(|rest| rest.rsplit_once('/'));
        if let Some((trigger, partition)) = named {
            self.statuses.problem(trigger, partition.parse().ok(), why);
        }
        self.health.report(problem.to_owned(), Severity::Warning, why.to_owned());
        tokio::time::sleep(pause).await;
    }
}
