//! A poll that waits on a queue.

use std::{future::pending, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use super::{
    offer::Offer,
    queue::{Place, Queue},
};
use crate::{backend::Poll, clock::now};

/// A poll that waits for an offer. Dropping this gives an offer back that was not taken.
pub struct Parked {
    queue: Arc<Mutex<Queue>>,
    number: u64,
    nudge: Arc<Notify>,
    receiver: Option<oneshot::Receiver<Offer>>,
}

impl Parked {
    pub(super) fn new(queue: Arc<Mutex<Queue>>, poll: Arc<Poll>) -> Self {
        let Place { number, receiver, nudge } = queue.lock().enter(poll, now());
        Self { queue, number, nudge, receiver: Some(receiver) }
    }

    /// A poll that waits for nothing.
    pub(super) fn ended() -> Self {
        Self { queue: Arc::default(), number: 0, nudge: Arc::default(), receiver: None }
    }

    /// Waits for the offer. `None` when the poll was ended.
    pub async fn offer(&mut self) -> Option<Offer> {
        let receiver = self.receiver.as_mut()?;
        loop {
            // No event hands out a task that the rate limit holds back. So the first poll in line looks again when the limit lets one pass.
            let wait = { self.queue.lock().limit_wait(self.number, now()) };
            tokio::select! {
                biased;
                offer = &mut *receiver => {
                    self.receiver = None;
                    return offer.ok();
                }
                () = self.nudge.notified() => {}
                () = sleep(wait) => self.queue.lock().dispatch(now()),
            }
        }
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        let Some(mut receiver) = self.receiver.take() else { return };
        let mut queue = self.queue.lock();
        // The channel is closed under the queue's lock. So an offer that was sent until now is found here, and none is sent later.
        receiver.close();
        queue.leave(self.number, receiver.try_recv().ok(), now());
    }
}

async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => pending().await,
    }
}
