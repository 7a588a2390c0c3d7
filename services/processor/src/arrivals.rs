//! Counts the commands that were handled. The committing thread sleeps until there are some.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

/// Counts handled commands, and wakes the one thread that waits for them.
#[derive(Default)]
pub(crate) struct Arrivals {
    count: AtomicU64,
    is_awaited: AtomicBool,
    lock: Mutex<()>,
    signal: Condvar,
}

impl Arrivals {
    /// A command was handled.
    pub(crate) fn note(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
        // A waiting thread first sets `is_awaited` and then reads the count. So either the thread sees this command in the count, or
        // `is_awaited` is seen here.
        if self.is_awaited.load(Ordering::SeqCst) {
            self.wake();
        }
    }

    /// How many were handled up to now.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Ends the waiting.
    pub(crate) fn wake(&self) {
        let _guard = self.lock.lock();
        self.is_awaited.store(false, Ordering::SeqCst);
        self.signal.notify_all();
    }

    /// Waits until more than `seen` commands were handled, until somebody calls [`Arrivals::wake`], or until `longest` has passed.
    pub(crate) fn wait_beyond(&self, seen: u64, longest: Duration) {
        let until = Instant::now() + longest;
        let mut guard = self.lock.lock();
        self.is_awaited.store(true, Ordering::SeqCst);
        while self.count() == seen && self.is_awaited.load(Ordering::SeqCst) {
            if self.signal.wait_until(&mut guard, until).timed_out() {
                break;
            }
        }
        self.is_awaited.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn what_came_before_the_waiting_ends_it() {
        let arrivals = Arrivals::default();
        let seen = arrivals.count();
        arrivals.note();
        arrivals.wait_beyond(seen, LONG);
    }

    #[test]
    fn what_comes_meanwhile_ends_it_and_so_does_a_wake() {
        for end in [Arrivals::note, Arrivals::wake] {
            let arrivals = Arc::new(Arrivals::default());
            let (waiting, seen) = (arrivals.clone(), arrivals.count());
            let thread = std::thread::spawn(move || waiting.wait_beyond(seen, LONG));
            while !arrivals.is_awaited.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            end(&arrivals);
            thread.join().expect("it ends");
        }
    }

    #[test]
    fn nothing_is_waited_for_only_so_long() {
        Arrivals::default().wait_beyond(0, Duration::from_millis(1));
    }
}
