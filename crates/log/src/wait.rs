//! Waiting for records on a thread.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::Thread,
    time::{Duration, Instant},
};

use crate::{Error, Log, Offset};

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
    /// One waker for all waits of a thread, so that a partition that stays silent for long keeps one of them, not one per wait.
    static WAKER: Waker = Waker::from(Arc::new(Unpark(std::thread::current())));
}

/// Blocks until `ready` says true, at most `timeout`; what it said last. `ready` is asked again whenever its waker is woken.
pub fn until_readable(mut ready: impl FnMut(&Waker) -> Result<bool, Error>, timeout: Duration) -> Result<bool, Error> {
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

/// Blocks until a future is done. It is for futures that others carry out, not for such as need a runtime.
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

/// Like [`Log::wait`], for the first of several partitions: `(topic, partition, offset)` each.
pub fn wait_any(log: &dyn Log, positions: &[(&str, u32, Offset)], timeout: Duration) -> Result<bool, Error> {
    let any = |waker: &Waker| {
        let mut any = false;
        for (topic, partition, offset) in positions {
            any |= log.readable(topic, *partition, *offset, waker)?;
        }
        Ok(any)
    };
    until_readable(any, timeout)
}

/// Like [`Log::wait`] without blocking a thread or giving up.
pub async fn readable(log: &dyn Log, topic: &str, partition: u32, offset: Offset) -> Result<(), Error> {
    std::future::poll_fn(|context| match log.readable(topic, partition, offset, context.waker()) {
        Ok(true) => std::task::Poll::Ready(Ok(())),
        Ok(false) => std::task::Poll::Pending,
        Err(error) => std::task::Poll::Ready(Err(error)),
    })
    .await
}
