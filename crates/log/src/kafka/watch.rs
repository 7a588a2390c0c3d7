//! The background thread: notices others' records on partitions that somebody reads, ends waits that take too long, tidies up.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};
use rdkafka::topic_partition_list::Offset as Place;

use super::{core::Core, partition::Partition};
use crate::{Error, wakers::wake};

/// With nothing to watch, it looks this often whether there is.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// The thread has other things to do than waiting for a broker that is away.
const LOOK_TIME_MAX: Duration = Duration::from_secs(1);

/// Wakes the thread.
#[derive(Default)]
pub(super) struct Signal {
    state: Mutex<State>,
    raised: Condvar,
    /// The thread sleeps for long, since there was nothing to watch.
    idle: AtomicBool,
}

#[derive(Default)]
struct State {
    raised: bool,
    stopping: bool,
}

impl Signal {
    /// There is something to do.
    pub(super) fn raise(&self) {
        let mut state = self.state.lock();
        if !state.raised {
            state.raised = true;
            self.raised.notify_one();
        }
    }

    /// Somebody reads or waits.
    pub(super) fn rouse(&self) {
        if self.idle.load(Ordering::SeqCst) {
            self.raise();
        }
    }

    /// Waits until it is raised, at most `time`; false when the thread is to stop.
    fn wait(&self, time: Duration) -> bool {
        let mut state = self.state.lock();
        let deadline = Instant::now() + time;
        while !state.raised && !state.stopping {
            if self.raised.wait_until(&mut state, deadline).timed_out() {
                break;
            }
        }
        state.raised = false;
        self.idle.store(false, Ordering::SeqCst);
        !state.stopping
    }

    fn stop(&self) {
        self.state.lock().stopping = true;
        self.raised.notify_one();
    }
}

/// The thread; stops when dropped.
pub(super) struct Watcher {
    signal: Arc<Signal>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Starts it.
    pub(super) fn start(core: &Arc<Core>) -> Result<Self, Error> {
        let signal = core.signal.clone();
        let (weak, waiting) = (Arc::downgrade(core), signal.clone());
        let thread = thread::Builder::new()
            .name("log-watcher".to_owned())
            .spawn(move || run(&weak, &waiting))
            .map_err(|error| Error::Unavailable { reason: format!("no thread for the log: {error}") })?;
        Ok(Self { signal, thread: Some(thread) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.signal.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the log's watcher panicked");
        }
    }
}

fn run(core: &Weak<Core>, signal: &Signal) {
    let mut wait = IDLE_INTERVAL;
    let mut looked = Instant::now();
    let mut swept = Instant::now();
    while signal.wait(wait) {
        let Some(core) = core.upgrade() else { return };
        core.listen();
        core.mend_producer();
        let is_appending = core.end_waits();
        // Suspects are asked about at once, the others in their turn.
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
        // Said before it is looked: whoever comes in between sees the one or is seen by the other.
        signal.idle.store(true, Ordering::SeqCst);
        let is_busy = is_appending || core.is_followed();
        signal.idle.store(!is_busy, Ordering::SeqCst);
        wait = if is_busy { interval.saturating_sub(looked.elapsed()).max(Duration::from_millis(1)) } else { IDLE_INTERVAL };
    }
}

impl Core {
    /// Whoever has waited too long for an acknowledgement is told that nobody knows; whether anything is on its way.
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
                    let doing = super::errors::Doing::Append(&partition.topic);
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

    /// Partitions whose ends are to be asked for: those that somebody reads, or only those of which more is known to stand there.
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
