//! Wake rows: when what waits is looked at.

use klamm_messages::klamm::v1::WakeRow;

use crate::queue::{Kind, Queue};

/// The machine's name in wake rows.
pub const MACHINE: &str = "held";

/// Signals are looked at one by one, batches as a whole.
pub(crate) fn wake_row(queue: &Queue, number: i64) -> WakeRow {
    let what = match queue.kind {
        Kind::Signal => format!("{}/{number}", queue.kind.name()),
        Kind::Batch => queue.kind.name().to_owned(),
    };
    WakeRow { machine: MACHINE.to_owned(), namespace: queue.namespace.clone(), id: queue.id.clone(), run_id: what, due: None }
}

/// What a wake row is about: the queue, and of signals the number.
pub(crate) fn woken(namespace: &str, id: &str, what: &str) -> Option<(Queue, i64)> {
    let (kind, number) = what.split_once('/').map_or((what, Some(0)), |(kind, number)| (kind, number.parse().ok()));
    let queue = Queue { kind: Kind::named(kind)?, namespace: namespace.to_owned(), id: id.to_owned() };
    Some((queue, number?))
}
