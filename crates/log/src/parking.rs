//! Blocking a thread until a waker is woken.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::Thread,
    time::{Duration, Instant},
};

use crate::Error;

/// Wakes a parked thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

thread_local! {
    /// One waker for all waits of a thread. So a partition that is silent for a long time keeps one waker of the thread, not one per wait.
    static WAKER: Waker = Waker::from(Arc::new(Unpark(std::thread::current())));
}

/// Blocks until `ready` says true, at most for `timeout`. Gives its last answer. `ready` is asked again whenever its waker is woken.
pub(crate) fn until_readable(mut ready: impl FnMut(&Waker) -> Result<bool, Error>, timeout: Duration) -> Result<bool, Error> {
    let deadline = Instant::now().checked_add(timeout);
    let waker = WAKER.with(Waker::clone);
    loop {
        if ready(&waker)? {
            return Ok(true);
        }
        match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => return Ok(false),
            Some(left) => std::thread::park_timeout(left),
            None => std::thread::park(),
        }
    }
}

/// Blocks until a future is done. For futures that other threads complete, not for those that need a runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = WAKER.with(Waker::clone);
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
