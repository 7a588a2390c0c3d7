//! The background thread: retention, compaction, giving disk space back.

use std::{
    sync::{Weak, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use super::{
    core::{Core, TopicState},
    partition::Partition,
};
use crate::{Cleanup, Error};

/// A partition is compacted when this share of its offsets, at least, wasn't yet (Kafka: min.cleanable.dirty.ratio).
const UNCOMPACTED_SHARE: i64 = 2;

/// Fewer records than this aren't worth a compaction.
const UNCOMPACTED_MIN: i64 = 1000;

/// A thread that runs until it is dropped.
pub(super) struct Housekeeper {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Housekeeper {
    /// Keeps house every `interval`.
    pub(super) fn start(core: Weak<Core>, interval: Duration) -> Result<Self, Error> {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new().name("log-housekeeper".to_owned()).spawn(move || {
            while stopped.recv_timeout(interval) == Err(mpsc::RecvTimeoutError::Timeout) {
                let Some(core) = core.upgrade() else { return };
                if let Err(error) = core.keep_house() {
                    tracing::warn!(%error, "the log's housekeeping failed; it is tried again");
                }
            }
        });
        let thread = thread.map_err(|error| Error::Unavailable { reason: format!("no thread for housekeeping: {error}") })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Housekeeper {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // Its panic was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Core {
    /// One round over all partitions.
    pub(super) fn keep_house(&self) -> Result<(), Error> {
        let topics: Vec<_> = self.topics.read().values().cloned().collect();
        for topic in topics {
            for partition in &topic.partitions {
                self.expire(&topic, partition)?;
                self.reclaim(partition)?;
                if self.is_compaction_due(&topic, partition) {
                    self.compact(&topic.topic.spec.name, partition.place.partition)?;
                }
            }
        }
        Ok(())
    }

    fn is_compaction_due(&self, topic: &TopicState, partition: &Partition) -> bool {
        if !matches!(topic.topic.spec.cleanup, Cleanup::Compact { .. }) {
            return false;
        }
        let mut cleaner = partition.cleaner.lock();
        let end = partition.view.lock().end;
        let uncompacted = end - cleaner.bounds.compacted_to;
        let due = uncompacted >= UNCOMPACTED_MIN && uncompacted >= end / UNCOMPACTED_SHARE;
        // Young records stay uncompacted for a day: they aren't looked at in every round.
        let now_ms = self.clock.now_ms();
        let (lag_ms, _) = topic.topic.compaction_ms().unwrap_or_default();
        let pause_ms = lag_ms / 8;
        if now_ms.saturating_sub(cleaner.looked_ms) < pause_ms {
            return false;
        }
        let tombstones_age = now_ms.saturating_sub(cleaner.looked_ms) >= lag_ms && end > 0;
        if due || tombstones_age {
            cleaner.looked_ms = now_ms;
        }
        due || tombstones_age
    }
}
