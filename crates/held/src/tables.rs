//! The tables: what waits, each and as a whole.

use klamm_machine::{
    Kind, Table,
    key::{KeyBytes, prefix_end},
};
use klamm_messages::klamm::v1::{HeldQueue, HeldRecord};

use crate::queue::Queue;

/// Records that wait, by their queue and number. Key order is their order.
#[derive(Debug)]
pub struct Records;

impl Table for Records {
    const KIND: Kind = Kind::Held;
    type Key = (Queue, i64);
    type Row = HeldRecord;

    fn key((queue, number): &(Queue, i64)) -> Vec<u8> {
        key(Self::KIND, queue).i64(*number).finish()
    }
}

impl Records {
    /// Bounds (from, to) of the keys of all records of a queue.
    pub fn of(queue: &Queue) -> (Vec<u8>, Vec<u8>) {
        let from = key(Self::KIND, queue).finish();
        let to = prefix_end(&from);
        (from, to)
    }
}

/// Queues as a whole.
#[derive(Debug)]
pub struct Queues;

impl Table for Queues {
    const KIND: Kind = Kind::HeldQueue;
    type Key = Queue;
    type Row = HeldQueue;

    fn key(queue: &Queue) -> Vec<u8> {
        key(Self::KIND, queue).finish()
    }
}

fn key(kind: Kind, queue: &Queue) -> KeyBytes {
    KeyBytes::new(kind).hash(&queue.namespace, &queue.id).str(&queue.namespace).str(&queue.id).u8(queue.kind.byte())
}
