//! Events that come from outside while a workflow task is running. They wait, and are appended when the task ends.
//!
//! Temporal: service/history/historybuilder/event_store.go (`bufferEvent`, `reorderBuffer`, `wireEventIDs`).

use std::collections::BTreeMap;

use klamm_messages::{
    klamm::v1::{BufferedEvents, RunState, history_record::Record},
    temporal::{
        enums::v1::EventType,
        history::v1::{HistoryEvent, history_event::Attributes},
    },
};
use prost::Message;

use super::{Run, new_event, task_phase::is_started};

/// Most events that may wait. When there are more, the running workflow task is failed and they are appended
/// (history.maximumBufferedEventsBatch).
const BUFFERED_EVENT_COUNT_MAX: usize = 100;
/// Largest encoded size of all waiting events, bytes (history.maximumBufferedEventsSizeInBytes).
const BUFFERED_EVENT_BYTES_MAX: usize = 2 * 1024 * 1024;

impl Run<'_, '_> {
    /// Says that something happened from outside (a signal, a result, a timer, a cancel request). The event is appended at once and its id
    /// given back. But while a workflow task is started the event waits for the task's end; then the result is `None`, because there is no
    /// id yet.
    pub(crate) fn add_or_buffer_event(&mut self, event_type: EventType, attributes: Attributes) -> Option<i64> {
        self.add_or_buffer_whole_event(new_event(event_type, attributes, self.now()))
    }

    /// As [`Run::add_or_buffer_event`], for an event whose time, links and metadata the caller has set.
    pub(crate) fn add_or_buffer_whole_event(&mut self, event: HistoryEvent) -> Option<i64> {
        let state = self.state();
        if !is_started(&state) {
            drop(state);
            return Some(self.add_whole_event(event));
        }
        drop(state);
        self.keep_speculative_workflow_task("");
        self.buffer_whole_event(event);
        None
    }

    /// Lets an event wait although no workflow task is started. This is for the time while the commands of a completed task are carried
    /// out, and for events that are not a command's own. The event is appended behind theirs, and a workflow task follows.
    pub(crate) fn buffer_event(&mut self, event_type: EventType, attributes: Attributes) {
        self.buffer_whole_event(new_event(event_type, attributes, self.now()));
    }

    fn buffer_whole_event(&mut self, event: HistoryEvent) {
        let mut events = self.state().buffered_events.clone();
        events.push(event);
        self.record(Record::BufferedEvents(BufferedEvents { events }));
    }

    /// Appends the waiting events, the ends of activities and children last. No workflow task may be started.
    ///
    /// If the start of an activity or a child waits as well, then its end gets its `started_event_id` here.
    pub(crate) fn flush_buffered_events(&mut self) {
        let events = self.state().buffered_events.clone();
        if events.is_empty() {
            return;
        }
        self.record(Record::BufferedEvents(BufferedEvents::default()));
        let (last, first): (Vec<_>, Vec<_>) = events.into_iter().partition(is_completion);
        let mut started_event_ids = BTreeMap::new();
        for mut event in first.into_iter().chain(last) {
            wire_started_event_id(&mut event, &started_event_ids);
            let begun = match &event.attributes {
                Some(Attributes::ActivityTaskStartedEventAttributes(a)) => Some(a.scheduled_event_id),
                Some(Attributes::ChildWorkflowExecutionStartedEventAttributes(a)) => Some(a.initiated_event_id),
                _ => None,
            };
            let event_id = self.add_whole_event(event);
            if let Some(begun) = begun {
                started_event_ids.insert(begun, event_id);
            }
        }
    }

    /// Takes the first waiting event for which `which` is true out of the buffer (for a cancelled timer that has already fired).
    pub(crate) fn take_buffered_event(&mut self, which: impl Fn(&HistoryEvent) -> bool) -> Option<HistoryEvent> {
        let state = self.state();
        let at = state.buffered_events.iter().position(which)?;
        let mut events = state.buffered_events.clone();
        drop(state);
        let event = events.remove(at);
        self.record(Record::BufferedEvents(BufferedEvents { events }));
        Some(event)
    }
}

/// Whether so many events wait that the running workflow task is to be failed.
pub(crate) fn is_full(state: &RunState) -> bool {
    state.buffered_events.len() >= BUFFERED_EVENT_COUNT_MAX
        || state.buffered_events.iter().map(Message::encoded_len).sum::<usize>() >= BUFFERED_EVENT_BYTES_MAX
}

/// Whether the event ends something that the workflow started: such events come last in a flush.
fn is_completion(event: &HistoryEvent) -> bool {
    matches!(
        event.event_type(),
        EventType::ActivityTaskCompleted
            | EventType::ActivityTaskFailed
            | EventType::ActivityTaskTimedOut
            | EventType::ActivityTaskCanceled
            | EventType::ChildWorkflowExecutionCompleted
            | EventType::ChildWorkflowExecutionFailed
            | EventType::ChildWorkflowExecutionTimedOut
            | EventType::ChildWorkflowExecutionCanceled
            | EventType::ChildWorkflowExecutionTerminated
    )
}

/// Writes into the end of an activity or a child the id that its start got in the same flush.
fn wire_started_event_id(event: &mut HistoryEvent, started_event_ids: &BTreeMap<i64, i64>) {
    let (begun, started_event_id) = match &mut event.attributes {
        Some(Attributes::ActivityTaskCompletedEventAttributes(a)) => (a.scheduled_event_id, &mut a.started_event_id),
        Some(Attributes::ActivityTaskFailedEventAttributes(a)) => (a.scheduled_event_id, &mut a.started_event_id),
        Some(Attributes::ActivityTaskTimedOutEventAttributes(a)) => (a.scheduled_event_id, &mut a.started_event_id),
        Some(Attributes::ActivityTaskCanceledEventAttributes(a)) => (a.scheduled_event_id, &mut a.started_event_id),
        Some(Attributes::ChildWorkflowExecutionCompletedEventAttributes(a)) => (a.initiated_event_id, &mut a.started_event_id),
        Some(Attributes::ChildWorkflowExecutionFailedEventAttributes(a)) => (a.initiated_event_id, &mut a.started_event_id),
        Some(Attributes::ChildWorkflowExecutionTimedOutEventAttributes(a)) => (a.initiated_event_id, &mut a.started_event_id),
        Some(Attributes::ChildWorkflowExecutionCanceledEventAttributes(a)) => (a.initiated_event_id, &mut a.started_event_id),
        Some(Attributes::ChildWorkflowExecutionTerminatedEventAttributes(a)) => (a.initiated_event_id, &mut a.started_event_id),
        _ => return,
    };
    if let Some(id) = started_event_ids.get(&begun) {
        *started_event_id = *id;
    }
}
