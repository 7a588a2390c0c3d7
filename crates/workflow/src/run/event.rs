//! Public events in the making.

use klamm_machine::Time;
use klamm_messages::temporal::{
    enums::v1::EventType,
    history::v1::{HistoryEvent, history_event::Attributes},
};

/// A public event that has no id yet.
pub(crate) fn new_event(event_type: EventType, attributes: Attributes, time: Time) -> HistoryEvent {
    HistoryEvent { event_time: Some(time.into()), event_type: event_type as i32, attributes: Some(attributes), ..HistoryEvent::default() }
}
