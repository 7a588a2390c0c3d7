//! How events change the tables. A record's row is the record; the queue's row is made of those that are there, and so is its wake row.

use klamm_machine::{Table, Tables, TablesExt, Time, wakes};
use klamm_messages::klamm::v1::{HeldQueue, HeldRecord};
use prost::Message;

use crate::{
    event::Event,
    queue::{Kind, Queue},
    tables::{Queues, Records},
    wake::wake_row,
};

pub(crate) fn apply(tables: &mut dyn Tables, event: &Event) {
    match event {
        Event::Waits(record) => waits(tables, record),
        Event::Ended { queue, number } => ended(tables, queue, *number),
    }
}

fn waits(tables: &mut dyn Tables, record: &HeldRecord) {
    let queue = Queue::of(record);
    let place = (queue, record.number);
    let before = tables.get::<Records>(&place);
    let due = due(record);
    let mut whole = tables.get::<Queues>(&place.0).as_deref().cloned().unwrap_or_default();
    let due_before = match place.0.kind {
        Kind::Signal => before.as_deref().and_then(self::due),
        Kind::Batch => whole.due.map(Into::into),
    };
    wakes::set(tables, wake_row(&place.0, record.number), due_before, due);
    if let Some(before) = &before {
        leave(&mut whole, before);
    }
    if place.0.kind == Kind::Batch {
        // Records of a batch are written once, in their order. (A signal may be written again, and compaction leaves the newest.)
        whole.since = whole.since.or(record.since);
        whole.due = due.map(Into::into);
    }
    whole.count = whole.count.saturating_add(1);
    whole.bytes = whole.bytes.saturating_add(record.encoded_len() as u64);
    tables.put::<Queues>(&place.0, whole);
    tables.put::<Records>(&place, record.clone());
}

fn ended(tables: &mut dyn Tables, queue: &Queue, number: i64) {
    let place = (queue.clone(), number);
    let Some(record) = tables.get::<Records>(&place) else { return };
    let whole = tables.get::<Queues>(queue);
    let mut left = whole.as_deref().cloned().unwrap_or_default();
    leave(&mut left, &record);
    let is_empty = left.count == 0;
    match queue.kind {
        Kind::Signal => wakes::set(tables, wake_row(queue, number), due(&record), None),
        Kind::Batch if is_empty => wakes::set(tables, wake_row(queue, number), left.due.map(Into::into), None),
        Kind::Batch => {}
    }
    tables.remove::<Records>(&place);
    if is_empty {
        tables.save(Queues::key(queue), None);
    } else {
        tables.put::<Queues>(queue, left);
    }
}

fn leave(whole: &mut HeldQueue, record: &HeldRecord) {
    whole.count = whole.count.saturating_sub(1);
    whole.bytes = whole.bytes.saturating_sub(record.encoded_len() as u64);
}

fn due(record: &HeldRecord) -> Option<Time> {
    record.due.map(Into::into)
}
