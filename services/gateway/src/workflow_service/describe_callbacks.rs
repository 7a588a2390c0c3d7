//! The completion callbacks and the request ids of a run, as DescribeWorkflowExecution shows them
//! (Temporal: service/history/api/describeworkflow/api.go).

use std::collections::BTreeMap;

use klamm_messages::{
    klamm::v1::{AttachedCallback, RunState},
    temporal::{
        common::v1::{Callback, callback::Variant},
        enums::v1::{CallbackState, EventType},
        history::v1::{WorkflowExecutionOptionsUpdatedEventAttributes, history_event::Attributes},
        workflow::v1::{
            CallbackInfo, RequestIdInfo,
            callback_info::{Trigger, WorkflowClosed, trigger},
        },
    },
};
use prost_types::Timestamp;

/// The callbacks, in the order in which they were attached. An event that waits for the running workflow task attaches its own already.
pub(super) fn callbacks(state: &RunState) -> Vec<CallbackInfo> {
    let attached = state.callbacks.values().map(info);
    let waiting = options_waiting(state).flat_map(|(options, time)| {
        let callbacks = options.attached_completion_callbacks.iter();
        callbacks.map(move |callback| standing_by(callback, time))
    });
    attached.chain(waiting).collect()
}

/// Shows as blocked those that are to be called now, but are not because their destination keeps failing.
pub(super) fn block(callbacks: &mut [CallbackInfo], is_blocked: impl Fn(&str) -> bool) {
    for info in callbacks.iter_mut().filter(|info| info.state() == CallbackState::Scheduled) {
        let variant = info.callback.as_ref().and_then(|callback| callback.variant.as_ref());
        if matches!(variant, Some(Variant::Nexus(nexus)) if is_blocked(&nexus.url)) {
            info.set_state(CallbackState::Blocked);
            "The circuit breaker is open.".clone_into(&mut info.blocked_reason);
        }
    }
}

/// The request ids that the run knows, with the events that they have made.
pub(super) fn request_ids(state: &RunState) -> BTreeMap<String, RequestIdInfo> {
    let start = RequestIdInfo { event_type: EventType::WorkflowExecutionStarted as i32, event_id: 1, buffered: false };
    let waits = || RequestIdInfo { event_type: EventType::WorkflowExecutionOptionsUpdated as i32, event_id: 0, buffered: true };
    let waiting = options_waiting(state).map(|(options, _)| (options.attached_request_id.clone(), waits()));
    let all = waiting.chain(state.attached_requests.clone()).chain([(state.start_request_id.clone(), start)]);
    all.filter(|(id, _)| !id.is_empty()).collect()
}

fn options_waiting(state: &RunState) -> impl Iterator<Item = (&WorkflowExecutionOptionsUpdatedEventAttributes, Option<Timestamp>)> {
    state.buffered_events.iter().filter_map(|event| match &event.attributes {
        Some(Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(options)) => Some((options, event.event_time)),
        _ => None,
    })
}

fn info(attached: &AttachedCallback) -> CallbackInfo {
    let attempts = attached.attempts.clone().unwrap_or_default();
    CallbackInfo {
        callback: attached.callback.clone(),
        trigger: Some(when_closed()),
        registration_time: attached.registration_time,
        state: attempts.state,
        attempt: attempts.attempt,
        last_attempt_complete_time: attempts.last_attempt_complete_time,
        last_attempt_failure: attempts.last_attempt_failure,
        next_attempt_schedule_time: attempts.next_attempt_schedule_time,
        ..CallbackInfo::default()
    }
}

fn standing_by(callback: &Callback, registration_time: Option<Timestamp>) -> CallbackInfo {
    CallbackInfo {
        callback: Some(callback.clone()),
        trigger: Some(when_closed()),
        registration_time,
        state: CallbackState::Standby as i32,
        ..CallbackInfo::default()
    }
}

fn when_closed() -> Trigger {
    Trigger { variant: Some(trigger::Variant::WorkflowClosed(WorkflowClosed {})) }
}

#[cfg(test)]
mod tests {
    use klamm_messages::{
        klamm::v1::CallbackAttempts,
        temporal::{common::v1::callback::Nexus, failure::v1::Failure, history::v1::HistoryEvent},
    };

    use super::*;

    fn callback(url: &str) -> Callback {
        Callback { variant: Some(Variant::Nexus(Nexus { url: url.to_owned(), ..Nexus::default() })), links: Vec::new() }
    }

    fn at(seconds: i64) -> Option<Timestamp> {
        Some(Timestamp { seconds, nanos: 0 })
    }

    /// A run with a callback that is tried again, and an event that waits and attaches another one.
    fn run() -> RunState {
        let attempts = CallbackAttempts {
            callback: 1,
            state: CallbackState::BackingOff as i32,
            attempt: 2,
            last_attempt_complete_time: at(10),
            last_attempt_failure: Some(Failure { message: "no".to_owned(), ..Failure::default() }),
            next_attempt_schedule_time: at(12),
            stays: false,
        };
        let attached = AttachedCallback {
            callback: Some(callback("http://a")),
            registration_time: at(5),
            attempts: Some(attempts),
            ..AttachedCallback::default()
        };
        let options = WorkflowExecutionOptionsUpdatedEventAttributes {
            attached_request_id: "waits".to_owned(),
            attached_completion_callbacks: vec![callback("http://b")],
            ..WorkflowExecutionOptionsUpdatedEventAttributes::default()
        };
        let waiting = HistoryEvent {
            event_time: at(7),
            attributes: Some(Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(options)),
            ..HistoryEvent::default()
        };
        let info = RequestIdInfo { event_type: EventType::WorkflowExecutionOptionsUpdated as i32, event_id: 4, buffered: false };
        RunState {
            start_request_id: "start".to_owned(),
            callbacks: [(1, attached)].into(),
            attached_requests: [("attached".to_owned(), info)].into(),
            buffered_events: vec![waiting],
            ..RunState::default()
        }
    }

    #[test]
    fn a_callback_shows_its_attempts() {
        let shown = callbacks(&run());
        assert_eq!(shown[0].callback, Some(callback("http://a")));
        assert_eq!((shown[0].state(), shown[0].attempt, shown[0].registration_time), (CallbackState::BackingOff, 2, at(5)));
        assert_eq!((shown[0].last_attempt_complete_time, shown[0].next_attempt_schedule_time), (at(10), at(12)));
        assert_eq!(shown[0].last_attempt_failure.as_ref().map(|failure| failure.message.as_str()), Some("no"));
        assert!(matches!(&shown[0].trigger, Some(Trigger { variant: Some(trigger::Variant::WorkflowClosed(_)) })));
    }

    #[test]
    fn a_callback_is_blocked_that_would_be_called_now() {
        let mut shown: Vec<_> = [CallbackState::Scheduled, CallbackState::BackingOff]
            .into_iter()
            .flat_map(|state| ["http://a", "http://b"].map(|url| (state, url)))
            .map(|(state, url)| CallbackInfo { callback: Some(callback(url)), state: state as i32, ..CallbackInfo::default() })
            .collect();
        block(&mut shown, |url| url == "http://a");
        let shown: Vec<_> = shown.iter().map(|info| (info.state(), info.blocked_reason.as_str())).collect();
        let (scheduled, backing_off) = ((CallbackState::Scheduled, ""), (CallbackState::BackingOff, ""));
        assert_eq!(shown, [(CallbackState::Blocked, "The circuit breaker is open."), scheduled, backing_off, backing_off]);
    }

    #[test]
    fn what_waits_for_the_task_is_shown_already() {
        let shown = callbacks(&run());
        assert_eq!((shown.len(), shown[1].state(), shown[1].registration_time), (2, CallbackState::Standby, at(7)));
        let ids = request_ids(&run());
        let ids: Vec<_> = ids.iter().map(|(id, info)| (id.as_str(), info.event_id, info.buffered)).collect();
        assert_eq!(ids, [("attached", 4, false), ("start", 1, false), ("waits", 0, true)]);
    }
}
