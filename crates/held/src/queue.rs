//! What waits for the same, in its order.

use std::sync::Arc;

use klamm_machine::{Machine, Table, Tx};
use klamm_messages::klamm::v1::{HeldQueue, HeldRecord};

use crate::{
    Event, Held,
    tables::{Queues, Records},
};

/// For what records wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Signals, for a run.
    Signal,
    /// Records, for others with which they start a run.
    Batch,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Signal, Self::Batch];

    /// The kind's name, as it stands in keys of the topic and in wake rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Batch => "batch",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind's byte in keys of tables.
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Signal => 1,
            Self::Batch => 2,
        }
    }
}

/// Names what waits for the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Queue {
    /// For what.
    pub kind: Kind,
    /// The namespace.
    pub namespace: String,
    /// The workflow id; of a batch, its name.
    pub id: String,
}

impl Queue {
    /// The queue in which a record waits.
    pub fn of(record: &HeldRecord) -> Self {
        let command = record.command.as_ref();
        let is_of_batch = command.and_then(|it| it.from_trigger.as_ref()).is_some_and(|from| from.batch.is_some());
        Self {
            kind: if is_of_batch { Kind::Batch } else { Kind::Signal },
            namespace: command.map(|it| it.namespace.clone()).unwrap_or_default(),
            id: command.map(|it| it.workflow_id.clone()).unwrap_or_default(),
        }
    }

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
