//! How much of a history one command copies or looks at.

use klamm_messages::temporal::history::v1::HistoryEvent;
use prost::Message;

/// Most events that one command copies or looks at. A thousand take some 20 ms.
const EVENTS_MAX: usize = 1000;
/// Most bytes of events that one command writes.
const BYTES_MAX: usize = 1024 * 1024;

/// How much a command may still do.
#[derive(Debug)]
pub(super) struct Budget {
    events: usize,
    bytes: usize,
}

impl Budget {
    /// What one command may do.
    pub(super) fn of_a_command() -> Self {
        Self { events: EVENTS_MAX, bytes: BYTES_MAX }
    }

    /// For what must be done in one command, and is bounded by something else.
    pub(super) fn unlimited() -> Self {
        Self { events: usize::MAX, bytes: usize::MAX }
    }

    /// How many events may be looked at.
    pub(super) fn events(&self) -> usize {
        self.events
    }

    /// An event was looked at.
    pub(super) fn look(&mut self) {
        self.events = self.events.saturating_sub(1);
    }

    /// An event was written.
    pub(super) fn write(&mut self, event: &HistoryEvent) {
        self.bytes = self.bytes.saturating_sub(event.encoded_len());
    }

    /// Whether nothing is left.
    pub(super) fn is_spent(&self) -> bool {
        self.events == 0 || self.bytes == 0
    }
}
