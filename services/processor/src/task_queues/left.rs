//! Worker instances that have just said goodbye. A poll of theirs that is still on its way would take a task with it.

use std::time::{Duration, Instant};

use lru::LruCache;
use parking_lot::Mutex;

use crate::backend::Poll;

/// Polls of an instance get nothing for this long (Temporal: matching_engine.go, shutdownWorkersCacheTTL).
const REFUSED_FOR: Duration = Duration::from_secs(30);

/// So many instances are remembered, the latest ones (Temporal: shutdownWorkersCacheMaxSize).
const INSTANCES_MAX: usize = 10_000;

/// The latest goodbyes, by namespace and instance key.
#[derive(Debug)]
pub(super) struct Left(Mutex<LruCache<(String, String), Instant>>);

impl Default for Left {
    fn default() -> Self {
        // Not a bounded cache: that would allocate all of its places.
        Self(Mutex::new(LruCache::unbounded()))
    }
}

impl Left {
    /// Notes a goodbye.
    pub(super) fn note(&self, namespace: &str, worker_instance_key: &str, now: Instant) {
        let mut left = self.0.lock();
        left.put((namespace.to_owned(), worker_instance_key.to_owned()), now);
        while left.len() > INSTANCES_MAX || left.peek_lru().is_some_and(|(_, at)| is_over(*at, now)) {
            left.pop_lru();
        }
    }

    /// Whether the poll's worker has said goodbye.
    pub(super) fn has(&self, poll: &Poll, now: Instant) -> bool {
        if poll.worker_instance_key.is_empty() {
            return false;
        }
        let left = self.0.lock();
        if left.is_empty() {
            return false;
        }
        let key = (poll.namespace.clone(), poll.worker_instance_key.clone());
        left.peek(&key).is_some_and(|at| !is_over(*at, now))
    }
}

fn is_over(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) > REFUSED_FOR
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::taskqueue::v1::TaskQueue;

    use super::*;

    #[test]
    fn polls_are_refused_for_half_a_minute() {
        let (left, start) = (Left::default(), Instant::now());
        let poll = |key: &str| Poll {
            namespace: "n".to_owned(),
            task_queue: TaskQueue::default(),
            identity: String::new(),
            worker_version: None,
            worker_instance_key: key.to_owned(),
            max_tasks_per_second: None,
            deadline: start,
        };
        let later = |seconds| start + Duration::from_secs(seconds);
        assert!(!left.has(&poll("a"), start));
        left.note("n", "a", start);
        assert!(left.has(&poll("a"), later(30)) && !left.has(&poll("b"), start) && !left.has(&poll(""), start));
        assert!(!left.has(&poll("a"), later(31)));
        left.note("n", "b", later(31));
        assert_eq!(left.0.lock().len(), 1);
    }
}
