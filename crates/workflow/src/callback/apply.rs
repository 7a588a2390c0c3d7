//! How events change the callbacks of a run.

use klamm_messages::{
    klamm::v1::{AttachedCallback, CallbackAttempts, RunState},
    temporal::{
        common::v1::Callback,
        enums::v1::{CallbackState, RetryState},
        history::v1::{
            HistoryEvent, WorkflowExecutionOptionsUpdatedEventAttributes, WorkflowExecutionStartedEventAttributes,
            history_event::Attributes,
        },
        workflow::v1::RequestIdInfo,
    },
};

/// Most attached request ids that are kept of one run. The oldest are forgotten (history.maxRequestIDsPerExecution).
const REQUEST_ID_COUNT_MAX: usize = 25;

/// The run has begun with callbacks.
pub(crate) fn apply_started(run: &mut RunState, event: &HistoryEvent, started: &WorkflowExecutionStartedEventAttributes) {
    attach(run, event, "", &started.completion_callbacks);
}

/// A start that found the run open has attached something to it.
pub(crate) fn apply_options_updated(run: &mut RunState, event: &HistoryEvent, options: &WorkflowExecutionOptionsUpdatedEventAttributes) {
    let request_id = &options.attached_request_id;
    attach(run, event, request_id, &options.attached_completion_callbacks);
    note_request(run, event, request_id);
}

/// Notes which event a request has made, if it has an id.
pub(crate) fn note_request(run: &mut RunState, event: &HistoryEvent, request_id: &str) {
    if request_id.is_empty() {
        return;
    }
    let info = RequestIdInfo { event_type: event.event_type, event_id: event.event_id, buffered: false };
    run.attached_requests.insert(request_id.to_owned(), info);
    if run.attached_requests.len() > REQUEST_ID_COUNT_MAX {
        let oldest = run.attached_requests.iter().min_by_key(|(_, info)| info.event_id).map(|(id, _)| id.clone());
        oldest.and_then(|id| run.attached_requests.remove(&id));
    }
}

/// Adds callbacks, in their order.
fn attach(run: &mut RunState, event: &HistoryEvent, request_id: &str, callbacks: &[Callback]) {
    for callback in callbacks {
        let number = run.callbacks.last_key_value().map_or(0, |(number, _)| *number).saturating_add(1);
        let attempts = CallbackAttempts { callback: number, state: CallbackState::Standby as i32, ..CallbackAttempts::default() };
        let attached = AttachedCallback {
            callback: Some(callback.clone()),
            request_id: request_id.to_owned(),
            registration_time: event.event_time,
            attempts: Some(attempts),
        };
        run.callbacks.insert(number, attached);
    }
}

/// The run has closed: its callbacks are to be called, unless another run has taken them over.
pub(crate) fn apply_closed(run: &mut RunState, event: &HistoryEvent) {
    if are_handed_on(event) {
        return;
    }
    for attempts in run.callbacks.values_mut().filter_map(|callback| callback.attempts.as_mut()) {
        if attempts.state() == CallbackState::Standby && !attempts.stays {
            attempts.state = CallbackState::Scheduled as i32;
        }
    }
}

/// Whether another run has the callbacks from this closing event on: after a continue-as-new and after a failure that is tried again. The
/// next run of a cron has none.
fn are_handed_on(event: &HistoryEvent) -> bool {
    let in_progress = RetryState::InProgress as i32;
    match &event.attributes {
        Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(_)) => true,
        Some(Attributes::WorkflowExecutionFailedEventAttributes(failed)) => failed.retry_state == in_progress,
        Some(Attributes::WorkflowExecutionTimedOutEventAttributes(timed_out)) => timed_out.retry_state == in_progress,
        _ => false,
    }
}

/// An attempt has ended, or another one is due.
pub(crate) fn apply_attempts(run: &mut RunState, attempts: &CallbackAttempts) {
    if let Some(callback) = run.callbacks.get_mut(&attempts.callback) {
        callback.attempts = Some(attempts.clone());
    }
}
