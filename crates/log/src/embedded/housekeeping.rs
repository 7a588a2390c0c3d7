//! The background thread: retention, compaction, giving disk space back.

use std::{
    sync::{Weak, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use klamm_supervise::{Part, Supervisor};

use super::{
    core::{Core, TopicState},
    partition::Partition,
};
use crate::{Cleanup, Error};

/// A partition is compacted when at least one in so many of its offsets hasn't been compacted yet (Kafka: min.cleanable.dirty.ratio).
const UNCOMPACTED_SHARE: i64 = 2;

/// Fewer records than this aren't worth a compaction.
const UNCOMPACTED_MIN: i64 = 1000;

/// Pause between two parts of the log that are verified in the background.
const PAUSE: Duration = Duration::from_millis(20);

/// A thread that runs until it is dropped.
pub(super) struct Housekeeper {
    stop: Option<mpsc::Sender<()>>,
    part: Part,
    thread: Option<JoinHandle<()>>,
}

impl Housekeeper {
    /// Starts a thread that does a round every `interval`. When `verify` is true, it first reads the whole log once.
    pub(super) fn start(core: Weak<Core>, interval: Duration, verify: bool, supervisor: &Supervisor) -> Result<Self, Error> {
        let (stop, stopped) = mpsc::channel();
        let part = supervisor.part("log-housekeeper");
        let thread = part.clone().thread(move |part| {
            if let Some(core) = core.upgrade().filter(|_| verify) {
                let goes_on = || {
                    part.round();
                    stopped.recv_timeout(PAUSE) == Err(mpsc::RecvTimeoutError::Timeout)
                };
                if let Err(error) = core.verify(goes_on) {
                    tracing::error!(%error, "a part of the log can't be read any more");
                }
            }
            while stopped.recv_timeout(interval) == Err(mpsc::RecvTimeoutError::Timeout) {
                part.round();
                let Some(core) = core.upgrade() else { return };
                if let Err(error) = core.keep_house() {
                    tracing::warn!(%error, "the log's housekeeping failed; it is tried again");
                }
            }
        });
        let thread = thread.map_err(|error| Error::Unavailable { reason: format!("no thread for housekeeping: {error}") })?;
        Ok(Self { stop: Some(stop), part, thread: Some(thread) })
    }
}

impl Drop for Housekeeper {
    fn drop(&mut self) {
        self.stop = None;
        self.part.close();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened.
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
        // Records younger than the lag (a day) can't be compacted yet, so a partition isn't looked at in every round.
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
