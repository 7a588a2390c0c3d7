//! Wakes the thread that watches partitions.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

/// Wakes the watching thread.
#[derive(Default)]
pub(super) struct Signal {
    state: Mutex<State>,
    raised: Condvar,
    /// The thread sleeps for a long time, since there was nothing to watch.
    idle: AtomicBool,
}

#[derive(Default)]
struct State {
    raised: bool,
    stopping: bool,
}

impl Signal {
    /// Wakes the thread: there is something to do.
    pub(super) fn raise(&self) {
        let mut state = self.state.lock();
        if !state.raised {
            state.raised = true;
            self.raised.notify_one();
        }
    }

    /// Somebody reads or waits: wakes the thread if it sleeps for a long time.
    pub(super) fn rouse(&self) {
        if self.idle.load(Ordering::SeqCst) {
            self.raise();
        }
    }

    /// Waits until the signal is raised, at most for `time`. False when the thread has to stop.
    pub(super) fn wait(&self, time: Duration) -> bool {
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

    /// Says whether the thread is about to sleep for a long time. If it is, a reader or waiter wakes it.
    pub(super) fn set_idle(&self, is_idle: bool) {
        self.idle.store(is_idle, Ordering::SeqCst);
    }

    /// Tells the thread to stop.
    pub(super) fn stop(&self) {
        self.state.lock().stopping = true;
        self.raised.notify_one();
    }
}
