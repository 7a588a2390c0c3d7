//! What the machine emits, and how it stands on the topic.

use klamm_machine::key;
use klamm_messages::klamm::v1::HeldRecord;

use crate::queue::{Kind, Queue};

/// A fact about a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// It waits: a record of the topic.
    Waits(Box<HeldRecord>),
    /// It waits no longer: a tombstone.
    Ended {
        /// Where it has waited.
        queue: Queue,
        /// Its number.
        number: i64,
    },
}

/// Key of an event on the topic `held`: `namespace/id/kind/number`, the first two parts percent-encoded.
pub fn topic_key(event: &Event) -> String {
    let key =
        |queue: &Queue, number: i64| format!("{}/{}/{number}", key::topic_key([queue.namespace.as_str(), &queue.id]), queue.kind.name());
    match event {
        Event::Waits(record) => key(&Queue::of(record), record.number),
        Event::Ended { queue, number } => key(queue, *number),
    }
}

/// What a tombstone under this key of the topic says. `None`: the key is of an unknown form.
pub fn tombstone(topic_key: &str) -> Option<Event> {
    let [namespace, id, kind, number] = <[String; 4]>::try_from(key::topic_key_parts(topic_key)).ok()?;
    Some(Event::Ended { queue: Queue { kind: Kind::named(&kind)?, namespace, id }, number: number.parse().ok()? })
}
