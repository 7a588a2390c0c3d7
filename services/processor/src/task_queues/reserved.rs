//! A poll that rides in a command.

use std::sync::Arc;

use klamm_workflow::answer::StartedReservation;
use parking_lot::Mutex;
use uuid::Uuid;

use super::queue::Queue;
use crate::{backend::Poll, clock::now};

/// A poll that rides in a command. Dropping this lets the poll go on waiting in its queue.
pub struct Reserved {
    queue: Arc<Mutex<Queue>>,
    number: u64,
    poll_id: String,
}

impl Reserved {
    /// Takes a poll of the queue, if the queue can spare one.
    pub(super) fn take(queue: &Arc<Mutex<Queue>>) -> Option<(Self, Arc<Poll>)> {
        let (number, poll) = { queue.lock().reserve() }?;
        Some((Self { queue: queue.clone(), number, poll_id: Uuid::new_v4().to_string() }, poll))
    }

    /// Id of the poll in the command.
    pub fn poll_id(&self) -> &str {
        &self.poll_id
    }

    /// Hands over the task that the command has started for the poll.
    pub fn deliver(self, started: StartedReservation) {
        self.queue.lock().deliver(self.number, started, now());
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.queue.lock().release(self.number, now());
    }
}
