//! Partitions with commands that have to be read and that the log does not have at hand.

use std::collections::{BTreeSet, VecDeque};

use parking_lot::{Condvar, Mutex};

/// The partitions that wait to be read.
#[derive(Default)]
pub(crate) struct ToRead {
    state: Mutex<State>,
    signal: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<u32>,
    /// Partitions that a thread is reading.
    busy: BTreeSet<u32>,
    threads: u32,
    stopping: bool,
}

impl ToRead {
    /// Asks for the partition to be read. False when there is no reading thread.
    pub(crate) fn ask(&self, partition: u32) -> bool {
        let mut state = self.state.lock();
        if state.threads == 0 {
            return false;
        }
        if !state.waiting.contains(&partition) {
            state.waiting.push_back(partition);
            self.signal.notify_one();
        }
        true
    }

    /// Registers one more reading thread.
    pub(crate) fn begin(&self) {
        self.state.lock().threads += 1;
    }

    /// Tells the threads to end.
    pub(crate) fn stop(&self) {
        {
            let mut state = self.state.lock();
            state.threads = 0;
            state.stopping = true;
        }
        self.signal.notify_all();
    }

    /// Waits for a partition to read that no other thread is reading. `None`: the thread has to stop.
    pub(crate) fn take(&self) -> Option<Taken<'_>> {
        let mut state = self.state.lock();
        loop {
            if state.stopping {
                return None;
            }
            let State { waiting, busy, .. } = &mut *state;
            let free = waiting.iter().position(|partition| !busy.contains(partition));
            if let Some(partition) = free.and_then(|at| waiting.remove(at)) {
                busy.insert(partition);
                return Some(Taken { to_read: self, partition });
            }
            self.signal.wait(&mut state);
        }
    }
}

/// A partition that a thread is reading. It is free again when this is dropped.
pub(crate) struct Taken<'a> {
    to_read: &'a ToRead,
    /// The partition.
    pub(crate) partition: u32,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.to_read.state.lock().busy.remove(&self.partition);
        // The partition may have been asked for again meanwhile.
        self.to_read.signal.notify_one();
    }
}
