//! The background thread. It notices records of other processes on partitions that somebody reads, ends waits that take too long, and
//! tidies up.

use std::{
    sync::{Arc, Weak},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use klamm_supervise::Part;
use rdkafka::topic_partition_list::Offset as Place;

use super::{core::Core, errors::Doing, partition::Partition, signal::Signal};
use crate::{Error, wakers::wake};

/// How often the thread looks for something to watch while there is nothing.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// How long the thread waits for a broker that is away. It has other things to do.
const LOOK_TIME_MAX: Duration = Duration::from_secs(1);

/// The thread. It stops when this is dropped.
pub(super) struct Watcher {
    signal: Arc<Signal>,
    part: Part,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Starts the thread.
    pub(super) fn start(core: &Arc<Core>) -> Result<Self, Error> {
        let signal = core.signal.clone();
        let (weak, waiting) = (Arc::downgrade(core), signal.clone());
        let part = core.part("log-watcher");
        let thread = part
            .clone()
            .thread(move |part| run(part, &weak, &waiting))
            .map_err(|error| Error::Unavailable { reason: format!("no thread for the log: {error}") })?;
        Ok(Self { signal, part, thread: Some(thread) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.signal.stop();
        self.part.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the log's watcher panicked");
        }
    }
}

fn run(part: &Part, core: &Weak<Core>, signal: &Signal) {
    let mut wait = IDLE_INTERVAL;
    let mut looked = Instant::now();
    let mut swept = Instant::now();
    while signal.wait(wait) {
        part.round();
        let Some(core) = core.upgrade() else { return };
        core.listen();
        core.mend_producer();
        let is_appending = core.end_waits();
        // Partitions that are known to hold more are asked about at once, the others once per interval.
        let interval = core.settings().watch_interval;
        let is_turn = looked.elapsed() >= interval;
        let watched = core.watched(is_turn);
        if is_turn {
            looked = Instant::now();
        }
        core.look(&watched);
        if swept.elapsed() >= IDLE_INTERVAL {
            core.sweep();
            swept = Instant::now();
        }
        // `idle` is set before this thread looks for work. A reader that comes in between either sees `idle` and wakes this thread, or
        // this thread sees the reader when it looks.
        signal.set_idle(true);
        let is_busy = is_appending || core.is_followed();
        signal.set_idle(!is_busy);
        wait = if is_busy { interval.saturating_sub(looked.elapsed()).max(Duration::from_millis(1)) } else { IDLE_INTERVAL };
    }
}

impl Core {
    /// Answers [`Error::InDoubt`] to appends that have waited too long for an acknowledgement. Gives whether any append is under way.
    fn end_waits(&self) -> bool {
        let limit = self.settings().request_timeout;
        let mut is_appending = false;
        for known in self.topics.read().values() {
            for partition in &known.partitions {
                let mut view = partition.view.lock();
                if !view.is_appending() {
                    continue;
                }
                is_appending = true;
                let overdue = view.overdue(limit);
                drop(view);
                for promise in overdue {
                    let doing = Doing::Append(&partition.topic);
                    let what = format!("no acknowledgement within {} s; it may come", limit.as_secs_f64());
                    promise.keep(Err(self.errors().in_doubt(doing, &what)));
                }
            }
        }
        is_appending
    }

    fn is_followed(&self) -> bool {
        self.topics.read().values().any(|known| known.partitions.iter().any(|partition| partition.view.lock().is_followed()))
    }

    /// Partitions whose ends have to be asked for: all that somebody reads (`all`), or only those of them that are known to hold more.
    fn watched(&self, all: bool) -> Vec<Arc<Partition>> {
        let topics = self.topics.read();
        let partitions = topics.values().flat_map(|known| &known.partitions);
        let is_watched = |partition: &&Arc<Partition>| {
            let view = partition.view.lock();
            if all { view.is_followed() } else { view.is_suspect() }
        };
        partitions.filter(is_watched).cloned().collect()
    }

    fn look(&self, watched: &[Arc<Partition>]) {
        let partitions: Vec<_> = watched.iter().map(|partition| &**partition).collect();
        match self.bounds(&partitions, Place::End, LOOK_TIME_MAX) {
            Ok(ends) => {
                for (partition, end) in partitions.into_iter().zip(ends) {
                    match end {
                        Ok(end) => {
                            let woken = partition.view.lock().ends_at(end);
                            wake(woken);
                        }
                        Err(error) => {
                            tracing::debug!(topic = &*partition.topic, partition = partition.number, error = %error, "not watched")
                        }
                    }
                }
            }
            Err(error) => tracing::debug!(error = %error, "the ends of partitions are not known for now"),
        }
    }
}
