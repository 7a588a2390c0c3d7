//! The workers that have sent heartbeats of late, by namespace and instance key.
//!
//! They are in memory only. Workers send a heartbeat every minute, so a process that has just become the owner soon knows them again.
//! Temporal: service/matching/workers/registry_impl.go.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_messages::temporal::{enums::v1::WorkerStatus, worker::v1::WorkerHeartbeat};
use parking_lot::Mutex;
use prost::Message;

/// A worker is forgotten so long after its last heartbeat (matching.workerRegistryEntryTTL).
const KEPT: Duration = Duration::from_secs(300);
/// Most workers (matching.workerRegistryMaxEntries). Above it the one goes whose heartbeat is the oldest.
const WORKERS_MAX: usize = 1_000_000;
/// Most bytes of heartbeats. A heartbeat of an SDK has less than a kilobyte, but a client may send what it likes.
const BYTES_MAX: usize = 256 << 20;
/// Names of Temporal's own task queues begin so. The workers on them are the system's.
const SYSTEM_QUEUES: &str = "temporal-sys-";

/// What is known of workers.
#[derive(Debug, Default)]
pub(crate) struct Workers(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// By the namespace's id and the worker's instance key.
    namespaces: HashMap<String, BTreeMap<String, Worker>>,
    /// Namespace and key of each worker by the number of its last heartbeat: the oldest first.
    order: BTreeMap<u64, (String, String)>,
    /// Number of the next heartbeat.
    next: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Worker {
    heartbeat: Arc<WorkerHeartbeat>,
    seen: Instant,
    number: u64,
    bytes: usize,
}

/// What is known of one worker.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    /// Its last heartbeat.
    Worker(Arc<WorkerHeartbeat>),
    /// The namespace has had workers, but this one is unknown.
    Unknown,
    /// The namespace has never had a worker.
    NoWorkers,
}

impl Workers {
    /// Notes heartbeats. A worker that says that it has shut down is forgotten.
    pub(crate) fn record(&self, namespace_id: &str, heartbeats: Vec<WorkerHeartbeat>, now: Instant) {
        let mut known = self.0.lock();
        known.namespaces.entry(namespace_id.to_owned()).or_default();
        for heartbeat in heartbeats {
            known.forget(namespace_id, &heartbeat.worker_instance_key);
            if heartbeat.status != WorkerStatus::Shutdown as i32 {
                known.insert(namespace_id, heartbeat, now);
            }
        }
        known.forget_old(now);
    }

    /// Last heartbeats of a namespace's workers in the order of their keys, of those whose key is above `after`.
    pub(crate) fn of(&self, namespace_id: &str, after: &str, with_system: bool, now: Instant) -> Vec<Arc<WorkerHeartbeat>> {
        let mut known = self.0.lock();
        known.forget_old(now);
        let Some(workers) = known.namespaces.get(namespace_id) else { return Vec::new() };
        // Nothing is above the empty key but the keys that are not empty. A worker may have the empty key.
        let from = if after.is_empty() { Bound::Unbounded } else { Bound::Excluded(after) };
        let workers = workers.range::<str, _>((from, Bound::Unbounded)).map(|(_, worker)| &worker.heartbeat);
        workers.filter(|heartbeat| with_system || !heartbeat.task_queue.starts_with(SYSTEM_QUEUES)).cloned().collect()
    }

    /// The worker with this key.
    pub(crate) fn find(&self, namespace_id: &str, worker_instance_key: &str, now: Instant) -> Found {
        let mut known = self.0.lock();
        known.forget_old(now);
        match known.namespaces.get(namespace_id) {
            None => Found::NoWorkers,
            Some(workers) => workers.get(worker_instance_key).map_or(Found::Unknown, |worker| Found::Worker(worker.heartbeat.clone())),
        }
    }
}

impl Known {
    fn insert(&mut self, namespace_id: &str, heartbeat: WorkerHeartbeat, now: Instant) {
        let (number, bytes, key) = (self.next, heartbeat.encoded_len(), heartbeat.worker_instance_key.clone());
        self.next += 1;
        self.bytes += bytes;
        self.order.insert(number, (namespace_id.to_owned(), key.clone()));
        let worker = Worker { heartbeat: Arc::new(heartbeat), seen: now, number, bytes };
        self.namespaces.entry(namespace_id.to_owned()).or_default().insert(key, worker);
    }

    fn forget(&mut self, namespace_id: &str, key: &str) {
        if let Some(worker) = self.namespaces.get_mut(namespace_id).and_then(|workers| workers.remove(key)) {
            self.order.remove(&worker.number);
            self.bytes -= worker.bytes;
        }
    }

    /// Forgets those who have been silent for long, and the oldest ones when there are too many.
    fn forget_old(&mut self, now: Instant) {
        while let Some((_, (namespace_id, key))) = self.order.first_key_value() {
            let worker = self.namespaces.get(namespace_id).and_then(|workers| workers.get(key));
            let is_old = worker.is_none_or(|worker| now.saturating_duration_since(worker.seen) > KEPT);
            if !is_old && self.order.len() <= WORKERS_MAX && self.bytes <= BYTES_MAX {
                return;
            }
            let Some((_, (namespace_id, key))) = self.order.pop_first() else { return };
            self.forget(&namespace_id, &key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heartbeat(key: &str, sdk_name: &str) -> WorkerHeartbeat {
        WorkerHeartbeat {
            worker_instance_key: key.to_owned(),
            task_queue: "orders".to_owned(),
            sdk_name: sdk_name.to_owned(),
            ..WorkerHeartbeat::default()
        }
    }

    fn keys(workers: &Workers, after: &str, now: Instant) -> Vec<String> {
        workers.of("n", after, false, now).iter().map(|heartbeat| heartbeat.worker_instance_key.clone()).collect()
    }

    #[test]
    fn the_last_heartbeat_of_each_worker_is_kept_for_five_minutes() {
        let (workers, start) = (Workers::default(), Instant::now());
        let later = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(workers.find("n", "a", start), Found::NoWorkers);
        workers.record("n", vec![heartbeat("b", "one"), heartbeat("a", "one"), heartbeat("", "one")], start);
        workers.record("n", vec![heartbeat("b", "two")], later(200));
        workers.record("other", vec![heartbeat("c", "one")], later(200));
        assert_eq!(keys(&workers, "", later(300)), ["", "a", "b"]);
        assert_eq!(keys(&workers, "a", later(300)), ["b"]);
        assert_eq!(keys(&workers, "", later(301)), ["b"]);
        let Found::Worker(found) = workers.find("n", "b", later(500)) else { panic!("b is known") };
        assert_eq!(found.sdk_name, "two");
        assert_eq!(workers.find("n", "b", later(501)), Found::Unknown);
        let known = workers.0.lock();
        assert_eq!((known.order.len(), known.bytes), (0, 0));
    }

    #[test]
    fn who_has_shut_down_is_forgotten_at_once() {
        let (workers, now) = (Workers::default(), Instant::now());
        workers.record("n", vec![heartbeat("a", ""), heartbeat("b", "")], now);
        workers.record("n", vec![WorkerHeartbeat { status: WorkerStatus::Shutdown as i32, ..heartbeat("a", "") }], now);
        assert_eq!(keys(&workers, "", now), ["b"]);
        assert_eq!(workers.0.lock().order.len(), 1);
    }

    #[test]
    fn workers_of_the_system_are_shown_on_demand() {
        let (workers, now) = (Workers::default(), Instant::now());
        workers.record("n", vec![WorkerHeartbeat { task_queue: "temporal-sys-per-ns-tq".to_owned(), ..heartbeat("a", "") }], now);
        assert!(keys(&workers, "", now).is_empty());
        assert_eq!(workers.of("n", "", true, now).len(), 1);
    }

    #[test]
    fn the_oldest_go_when_there_is_too_much() {
        let (workers, now) = (Workers::default(), Instant::now());
        let large = "x".repeat(BYTES_MAX / 3);
        for key in ["d", "c", "b", "a"] {
            workers.record("n", vec![heartbeat(key, &large)], now);
        }
        assert_eq!(keys(&workers, "", now), ["a", "b"]);
    }
}
