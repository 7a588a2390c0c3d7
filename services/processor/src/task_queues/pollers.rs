//! Who has polled a queue of late (Temporal: service/matching/poller_history.go).

use std::time::{Duration, Instant, SystemTime};

use klamm_messages::temporal::{deployment::v1::WorkerDeploymentOptions, taskqueue::v1::PollerInfo};
use lru::LruCache;

use super::limit::UNLIMITED;

/// Pollers are shown for this long after their last poll (Temporal: matching.PollerHistoryTTL).
pub const POLLER_HISTORY: Duration = Duration::from_secs(300);

/// For each queue, so many identities are remembered, the latest ones (Temporal: pollerHistoryInitMaxSize).
const POLLERS_MAX: usize = 1_000;

/// The latest pollers by their identity.
#[derive(Debug)]
pub struct Pollers(LruCache<String, Seen>);

#[derive(Debug)]
struct Seen {
    at: Instant,
    time: SystemTime,
    rate_per_second: Option<f64>,
    refused: Option<Refused>,
}

/// Why a poll was not taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// The reason, for people.
    pub reason: String,
    /// The deployment that the worker named.
    pub deployment: Option<WorkerDeploymentOptions>,
}

impl Default for Pollers {
    fn default() -> Self {
        // Not a bounded cache: that would allocate all of its places for every queue, and most queues have few pollers.
        Self(LruCache::unbounded())
    }
}

impl Pollers {
    /// Notes a poll.
    #[allow(clippy::disallowed_methods, reason = "people are shown when a poller was seen last; nothing is decided by it")]
    pub fn saw(&mut self, identity: &str, rate_per_second: Option<f64>, refused: Option<Refused>, now: Instant) {
        self.forget_old(now);
        self.0.put(identity.to_owned(), Seen { at: now, time: SystemTime::now(), rate_per_second, refused });
        if self.0.len() > POLLERS_MAX {
            self.0.pop_lru();
        }
    }

    /// Forgets those who have not polled for long.
    pub fn forget_old(&mut self, now: Instant) {
        while self.0.peek_lru().is_some_and(|(_, seen)| now.saturating_duration_since(seen.at) > POLLER_HISTORY) {
            self.0.pop_lru();
        }
    }

    /// Forgets a poller.
    pub fn forget(&mut self, identity: &str) {
        self.0.pop(identity);
    }

    /// Whether nobody is remembered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many have polled of late. Those that were refused do not count.
    pub fn count(&mut self, now: Instant) -> usize {
        self.forget_old(now);
        self.0.iter().filter(|(_, seen)| seen.refused.is_none()).count()
    }

    /// Those that have polled of late, by identity. The identity of a refused poller is replaced by a text that says so, since tools show
    /// it.
    pub fn list(&mut self, now: Instant) -> Vec<PollerInfo> {
        self.forget_old(now);
        let mut pollers: Vec<_> = self.0.iter().map(|(identity, seen)| seen.info(identity)).collect();
        pollers.sort_by(|a, b| a.identity.cmp(&b.identity));
        pollers
    }
}

impl Seen {
    fn info(&self, identity: &str) -> PollerInfo {
        PollerInfo {
            last_access_time: Some(self.time.into()),
            identity: match &self.refused {
                Some(refused) => format!("{identity} (refused: {})", refused.reason),
                None => identity.to_owned(),
            },
            rate_per_second: self.rate_per_second.unwrap_or(UNLIMITED),
            deployment_options: self.refused.as_ref().and_then(|refused| refused.deployment.clone()),
            ..PollerInfo::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_thousand_are_remembered() {
        let (mut pollers, now) = (Pollers::default(), Instant::now());
        for number in 0..30_000 {
            pollers.saw(&format!("worker {number:05}"), None, None, now);
        }
        let listed = pollers.list(now);
        assert_eq!((listed.len(), listed[0].identity.as_str()), (1_000, "worker 29000"));
    }

    #[test]
    fn who_has_not_polled_for_five_minutes_is_forgotten_by_the_next_poll() {
        let (mut pollers, start) = (Pollers::default(), Instant::now());
        pollers.saw("left", None, None, start);
        pollers.saw("stays", None, None, start);
        pollers.saw("stays", Some(5.0), None, start + Duration::from_secs(200));
        pollers.saw("comes", None, None, start + Duration::from_secs(301));
        assert_eq!(pollers.0.len(), 2);
        let listed = pollers.list(start + Duration::from_secs(301));
        let shown: Vec<_> = listed.iter().map(|poller| (poller.identity.as_str(), poller.rate_per_second)).collect();
        assert_eq!(shown, [("comes", UNLIMITED), ("stays", 5.0)]);
    }

    #[test]
    fn who_was_refused_says_so() {
        let (mut pollers, now) = (Pollers::default(), Instant::now());
        let deployment = WorkerDeploymentOptions { deployment_name: "shop".to_owned(), ..Default::default() };
        let refused = Refused { reason: "not built yet".to_owned(), deployment: Some(deployment.clone()) };
        pollers.saw("worker", None, Some(refused), now);
        let listed = pollers.list(now);
        assert_eq!((listed[0].identity.as_str(), &listed[0].deployment_options), ("worker (refused: not built yet)", &Some(deployment)));
    }
}
