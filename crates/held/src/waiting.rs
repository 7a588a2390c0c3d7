//! What waits for the same, in its order.

use std::sync::Arc;

use klamm_machine::{Machine, Table, Tx};
use klamm_messages::klamm::v1::{HeldQueue, HeldRecord};

use crate::{
    event::Event,
    held::Held,
    queue::Queue,
    tables::{Queues, Records},
};

impl Queue {
    /// What waits there, as a whole; `None`: nothing.
    pub fn whole<M: Machine + ?Sized>(&self, tx: &Tx<'_, M>) -> Option<Arc<HeldQueue>> {
        tx.get::<Queues>(self)
    }

    /// The records that wait there, in their order. Their number is bounded by whoever lets them wait.
    pub fn records<M: Machine + ?Sized>(&self, tx: &Tx<'_, M>) -> Vec<Arc<HeldRecord>> {
        let (from, to) = Records::of(self);
        tx.range::<Records>(&from, &to, usize::MAX).into_iter().map(|(_, record)| record).collect()
    }

    /// One of them.
    pub fn record<M: Machine + ?Sized>(&self, tx: &Tx<'_, M>, number: i64) -> Option<Arc<HeldRecord>> {
        tx.get_at::<Records>(&Records::key(&(self.clone(), number)))
    }

    /// The record waits no longer.
    pub fn end(&self, tx: &mut Tx<'_, Held>, number: i64) {
        tx.emit(Event::Ended { queue: self.clone(), number });
    }
}
