//! Limits the memory that uncommitted changes take, over all partitions of the process.
//!
//! Everything that a command has changed stays in memory until its batch is committed: outputs, rows, the batch under way, sends. This
//! module counts how much each partition holds. When that is too much, or when the process has used nearly all memory that it may use, new
//! commands are refused until batches have been committed. Commands that are already on the log are not read either: they wait there.

mod limit;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use klamm_supervise::{Health, Severity};
use parking_lot::Mutex;

pub use limit::memory_limit;

/// Uncommitted changes may take at most one part in so many of the process's memory. The log's client holds the same bytes a second time
/// while a batch is written, and rows take more room in memory than they are counted for.
const SHARE: u64 = 8;
/// The process's resident memory is read at most once in this time.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// Source of the reasons that memory gives.
pub(crate) const SOURCE: &str = "memory";

/// How much of the memory is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pressure {
    /// Less than 85 %.
    Low,
    /// More than that: little may wait.
    High,
    /// More than 95 %: no new commands as long as anything waits.
    Severe,
}

/// How many bytes wait for their transaction, and how many may.
pub(crate) struct Memory {
    /// How many bytes may wait while there is plenty of memory.
    limit: usize,
    /// The limit in force now.
    limit_now: AtomicUsize,
    used: AtomicUsize,
    process_limit: Option<u64>,
    looked: Mutex<Instant>,
    /// A command was refused since the last look.
    refused: AtomicBool,
}

impl Memory {
    /// At most `configured` bytes may wait, and less when the process may use only little memory.
    pub(crate) fn new(configured: usize, process_limit: Option<u64>) -> Self {
        let share = process_limit.map_or(usize::MAX, |limit| usize::try_from(limit / SHARE).unwrap_or(usize::MAX));
        let limit = configured.min(share);
        Self {
            limit,
            limit_now: AtomicUsize::new(limit),
            used: AtomicUsize::new(0),
            process_limit,
            looked: Mutex::new(Instant::now()),
            refused: AtomicBool::new(false),
        }
    }

    /// Notes that a partition that held `before` bytes holds `now` bytes.
    fn count(&self, before: usize, now: usize) {
        if now >= before {
            self.used.fetch_add(now - before, Ordering::Relaxed);
        } else {
            self.used.fetch_sub(before - now, Ordering::Relaxed);
        }
    }

    /// Bytes that wait.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether too much waits.
    pub(crate) fn is_full(&self) -> bool {
        self.used() >= self.limit_now.load(Ordering::Relaxed)
    }

    /// Notes that a command was refused.
    pub(crate) fn refused(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    /// Reads how much memory the process takes, unless that was done just now.
    pub(crate) fn look(&self, health: &Health) {
        let mut looked = self.looked.lock();
        if looked.elapsed() < LOOK_INTERVAL {
            return;
        }
        *looked = Instant::now();
        metrics::gauge!("klamm_uncommitted_bytes").set(self.used() as f64);
        let resident = limit::resident_bytes();
        let pressure = pressure(resident, self.process_limit);
        self.limit_now.store(limit_under(pressure, self.limit), Ordering::Relaxed);
        let is_refusing = self.refused.swap(false, Ordering::Relaxed) && self.is_full();
        let text = match pressure {
            _ if is_refusing => Some(format!(
                "New commands are refused: changes of more than {} MiB wait to be written.",
                self.limit_now.load(Ordering::Relaxed) >> 20
            )),
            Pressure::Low => None,
            Pressure::High | Pressure::Severe => Some(format!(
                "The process takes {} MiB of the {} MiB of memory that it may use.",
                resident.unwrap_or_default() >> 20,
                self.process_limit.unwrap_or_default() >> 20
            )),
        };
        health.set(SOURCE, Severity::Warning, text);
    }
}

/// How many bytes one partition holds, as counted last.
pub(crate) struct Share {
    memory: Arc<Memory>,
    /// `None` once the partition has ended and does not count any more.
    bytes: Mutex<Option<usize>>,
}

impl Share {
    /// The share of a partition that holds nothing yet.
    pub(crate) fn new(memory: Arc<Memory>) -> Self {
        Self { memory, bytes: Mutex::new(Some(0)) }
    }

    /// Notes that the partition holds so many bytes now.
    pub(crate) fn count(&self, now: usize) {
        if let Some(bytes) = &mut *self.bytes.lock() {
            self.memory.count(std::mem::replace(bytes, now), now);
        }
    }

    /// Notes that the partition has ended and holds nothing any more. Later counts are ignored.
    pub(crate) fn release(&self) {
        if let Some(bytes) = self.bytes.lock().take() {
            self.memory.count(bytes, 0);
        }
    }
}

fn pressure(resident: Option<u64>, limit: Option<u64>) -> Pressure {
    let (Some(resident), Some(limit)) = (resident, limit) else { return Pressure::Low };
    let is_above = |percent: u64| resident > limit / 100 * percent;
    if is_above(95) {
        Pressure::Severe
    } else if is_above(85) {
        Pressure::High
    } else {
        Pressure::Low
    }
}

fn limit_under(pressure: Pressure, limit: usize) -> usize {
    match pressure {
        Pressure::Low => limit,
        Pressure::High => limit / 8,
        // What waits is still written, but nothing new is taken.
        Pressure::Severe => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_counted_over_all_partitions() {
        let memory = Memory::new(1_000, None);
        memory.count(0, 600);
        memory.count(0, 300);
        assert!(!memory.is_full());
        memory.count(300, 400);
        assert!(memory.is_full());
        memory.count(600, 0);
        assert_eq!((memory.used(), memory.is_full()), (400, false));
    }

    #[test]
    fn what_an_ended_partition_held_is_free_and_it_counts_no_more() {
        let memory = Arc::new(Memory::new(1_000, None));
        let shares = [Share::new(memory.clone()), Share::new(memory.clone())];
        shares[0].count(700);
        shares[1].count(400);
        assert!(memory.is_full());
        shares[0].release();
        assert_eq!((memory.used(), memory.is_full()), (400, false));
        // Somebody still worked on the partition when it ended: this count comes too late.
        shares[0].count(900);
        shares[0].release();
        assert_eq!(memory.used(), 400);
    }

    #[test]
    fn a_small_process_lets_less_wait() {
        assert_eq!(Memory::new(256 << 20, Some(512 << 20)).limit, 64 << 20);
        assert_eq!(Memory::new(256 << 20, Some(64 << 30)).limit, 256 << 20);
        assert_eq!(Memory::new(256 << 20, None).limit, 256 << 20);
    }

    #[test]
    fn near_the_end_of_memory_little_may_wait_and_then_nothing() {
        let under = |resident| limit_under(pressure(Some(resident), Some(1_000)), 800);
        assert_eq!([850, 860, 950, 960].map(under), [800, 100, 100, 1]);
        assert_eq!(pressure(None, Some(1)), Pressure::Low, "nobody can tell");
    }
}
