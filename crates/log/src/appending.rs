//! An append that is under way: its outcome can be waited for.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use parking_lot::Mutex;

use crate::{Error, Offset, parking::block_on};

/// Where the records of an append stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first record. The other records follow in their order: without gap on the embedded log; on Kafka, records of other
    /// writers may stand between them.
    pub first_offset: Offset,
    /// Timestamp of the last record: log-append time where the topic has it, else its producer's.
    pub timestamp_ms: i64,
}

/// An append that the log has taken. The log carries it out whether or not anybody waits for it. See [`crate::Log::append_async`].
///
/// An append that was done at once costs nothing more than its result.
#[derive(Debug)]
#[must_use = "whether the record is durable is known when this is done"]
pub struct Appending(State);

#[derive(Debug)]
enum State {
    Done(Result<Appended, Error>),
    Waiting(Arc<Slot>),
    /// The result has been given out.
    Given,
}

/// Whoever carries an append out says with this how the append went. A promise that is dropped says [`Error::InDoubt`].
#[derive(Debug)]
pub struct Promise(Arc<Slot>);

#[derive(Debug, Default)]
struct Slot(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    result: Option<Result<Appended, Error>>,
    waker: Option<Waker>,
}

impl Appending {
    /// An append that is done.
    pub fn done(result: Result<Appended, Error>) -> Self {
        Self(State::Done(result))
    }

    /// An append that is done when the promise is kept.
    pub fn promised() -> (Promise, Self) {
        let slot = Arc::<Slot>::default();
        (Promise(slot.clone()), Self(State::Waiting(slot)))
    }

    /// Blocks until the append is done.
    pub fn wait(self) -> Result<Appended, Error> {
        block_on(self)
    }
}

impl Future for Appending {
    type Output = Result<Appended, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match std::mem::replace(&mut self.0, State::Given) {
            State::Done(result) => Poll::Ready(result),
            State::Waiting(slot) => {
                let mut inner = slot.0.lock();
                if let Some(result) = inner.result.take() {
                    return Poll::Ready(result);
                }
                if inner.waker.as_ref().is_none_or(|known| !known.will_wake(context.waker())) {
                    inner.waker = Some(context.waker().clone());
                }
                drop(inner);
                self.0 = State::Waiting(slot);
                Poll::Pending
            }
            State::Given => Poll::Ready(Err(Error::InDoubt { reason: "the result was asked for twice".to_owned() })),
        }
    }
}

impl Promise {
    /// Says how the append went; only the first time counts.
    pub fn keep(self, result: Result<Appended, Error>) {
        self.0.set(result);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        // A promise that was kept ignores this.
        self.0.set(Err(Error::InDoubt { reason: "the part that carried the append out has ended".to_owned() }));
    }
}

impl Slot {
    fn set(&self, result: Result<Appended, Error>) {
        let mut inner = self.0.lock();
        // When the result was given out already, there is no waker any more, and nobody asks again.
        if inner.result.is_none() {
            inner.result = Some(result);
        }
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPENDED: Appended = Appended { first_offset: 5, timestamp_ms: 7 };

    #[test]
    fn one_that_is_done_gives_its_result() {
        assert_eq!(Appending::done(Ok(APPENDED)).wait(), Ok(APPENDED));
    }

    #[test]
    fn a_promise_that_is_kept_wakes_whoever_waits() {
        let (promise, appending) = Appending::promised();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| appending.wait());
            promise.keep(Ok(APPENDED));
            assert_eq!(waiting.join().unwrap(), Ok(APPENDED));
        });
    }

    #[test]
    fn a_promise_that_is_dropped_leaves_a_doubt() {
        let (promise, appending) = Appending::promised();
        drop(promise);
        assert!(matches!(appending.wait(), Err(Error::InDoubt { .. })));
    }
}
