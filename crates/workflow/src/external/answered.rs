//! ExternalAnswered: the asking run learns what came of its signal or cancel request.

use std::time::Duration;

use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::{
    klamm::v1::{AskedBy, Command, ExternalAnswered, ExternalKind, ExternalOutcome, ExternalState, history_record::Record},
    temporal::{
        enums::v1::{CancelExternalWorkflowExecutionFailedCause, EventType, SignalExternalWorkflowExecutionFailedCause},
        history::v1::{
            ExternalWorkflowExecutionCancelRequestedEventAttributes, ExternalWorkflowExecutionSignaledEventAttributes, HistoryEvent,
            RequestCancelExternalWorkflowExecutionFailedEventAttributes, RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
            SignalExternalWorkflowExecutionFailedEventAttributes, SignalExternalWorkflowExecutionInitiatedEventAttributes,
            history_event::Attributes,
        },
    },
};

use crate::{
    Answer, Workflow,
    decide::{limits, locate},
    run::Run,
    tables::{History, RunKey},
};

/// Until the second attempt, if the target is busy. It doubles with each further attempt.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// Longest time between two attempts.
const RETRY_INTERVAL_MAX: Duration = Duration::from_secs(60);

/// Decides the command. The answer is dropped when the run has closed meanwhile, and when it does not wait for it.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &ExternalAnswered) -> Decision<Answer> {
    let asked_by = body.asked_by.as_ref().ok_or_else(|| Rejection::Internal("An answer to nobody.".to_owned()))?;
    let mut run = Run::new(tx, RunKey::new(&command.namespace, &command.workflow_id, &asked_by.run_id));
    let nothing = Ok(Outcome::Answer(Answer::Empty));
    if !run.is_open() {
        return nothing;
    }
    let pending = run.state().externals.get(&asked_by.initiated_event_id).cloned();
    let initiated = run.tx.get::<History>(&(run.key.clone(), asked_by.initiated_event_id));
    let (Some(pending), Some(initiated)) = (pending, initiated) else { return nothing };
    match end(&initiated, pending.kind(), body.outcome(), &command.namespace) {
        Some((event_type, attributes)) => {
            run.add_or_buffer_event(event_type, attributes);
            run.schedule_workflow_task();
            limits::enforce(&mut run, &locate::settings(command), Answer::Empty)
        }
        None => {
            try_again_later(&mut run, asked_by);
            nothing
        }
    }
}

/// The event that ends it. `None`: it is to be tried again.
fn end(initiated: &HistoryEvent, kind: ExternalKind, outcome: ExternalOutcome, namespace: &str) -> Option<(EventType, Attributes)> {
    match initiated.attributes.as_ref()? {
        Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(a) if kind == ExternalKind::Signal => {
            signal_end(initiated.event_id, a, outcome, namespace)
        }
        Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(a) if kind == ExternalKind::Cancel => {
            cancel_end(initiated.event_id, a, outcome, namespace)
        }
        _ => None,
    }
}

fn signal_end(
    initiated_event_id: i64,
    initiated: &SignalExternalWorkflowExecutionInitiatedEventAttributes,
    outcome: ExternalOutcome,
    namespace: &str,
) -> Option<(EventType, Attributes)> {
    use SignalExternalWorkflowExecutionFailedCause as Cause;
    let cause = match outcome {
        ExternalOutcome::Done => None,
        ExternalOutcome::NotFound => Some(Cause::ExternalWorkflowExecutionNotFound),
        // Temporal's server takes every InvalidArgument for this.
        ExternalOutcome::Refused => Some(Cause::SignalCountLimitExceeded),
        ExternalOutcome::Busy | ExternalOutcome::Unspecified => return None,
    };
    Some(match cause {
        None => (
            EventType::ExternalWorkflowExecutionSignaled,
            Attributes::ExternalWorkflowExecutionSignaledEventAttributes(ExternalWorkflowExecutionSignaledEventAttributes {
                initiated_event_id,
                namespace: namespace.to_owned(),
                namespace_id: initiated.namespace_id.clone(),
                workflow_execution: initiated.workflow_execution.clone(),
                control: initiated.control.clone(),
            }),
        ),
        Some(cause) => (
            EventType::SignalExternalWorkflowExecutionFailed,
            Attributes::SignalExternalWorkflowExecutionFailedEventAttributes(SignalExternalWorkflowExecutionFailedEventAttributes {
                cause: cause as i32,
                initiated_event_id,
                namespace: namespace.to_owned(),
                namespace_id: initiated.namespace_id.clone(),
                workflow_execution: initiated.workflow_execution.clone(),
                control: initiated.control.clone(),
                ..SignalExternalWorkflowExecutionFailedEventAttributes::default()
            }),
        ),
    })
}

/// Temporal's server leaves `control` out of these events.
fn cancel_end(
    initiated_event_id: i64,
    initiated: &RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
    outcome: ExternalOutcome,
    namespace: &str,
) -> Option<(EventType, Attributes)> {
    use CancelExternalWorkflowExecutionFailedCause as Cause;
    match outcome {
        ExternalOutcome::Done => Some((
            EventType::ExternalWorkflowExecutionCancelRequested,
            Attributes::ExternalWorkflowExecutionCancelRequestedEventAttributes(ExternalWorkflowExecutionCancelRequestedEventAttributes {
                initiated_event_id,
                namespace: namespace.to_owned(),
                namespace_id: initiated.namespace_id.clone(),
                workflow_execution: initiated.workflow_execution.clone(),
            }),
        )),
        ExternalOutcome::NotFound => Some((
            EventType::RequestCancelExternalWorkflowExecutionFailed,
            Attributes::RequestCancelExternalWorkflowExecutionFailedEventAttributes(
                RequestCancelExternalWorkflowExecutionFailedEventAttributes {
                    cause: Cause::ExternalWorkflowExecutionNotFound as i32,
                    initiated_event_id,
                    namespace: namespace.to_owned(),
                    namespace_id: initiated.namespace_id.clone(),
                    workflow_execution: initiated.workflow_execution.clone(),
                    ..RequestCancelExternalWorkflowExecutionFailedEventAttributes::default()
                },
            ),
        )),
        ExternalOutcome::Refused | ExternalOutcome::Busy | ExternalOutcome::Unspecified => None,
    }
}

/// Notes when the next attempt is due.
fn try_again_later(run: &mut Run<'_, '_>, asked_by: &AskedBy) {
    let doublings = asked_by.attempt.saturating_sub(1);
    let interval = RETRY_INTERVAL.saturating_mul(2_u32.saturating_pow(doublings)).min(RETRY_INTERVAL_MAX);
    let retry_time = run.now().after(interval);
    run.record(Record::External(ExternalState {
        initiated_event_id: asked_by.initiated_event_id,
        request_id: asked_by.request_id.clone(),
        attempt: asked_by.attempt,
        retry_time: Some(retry_time.into()),
    }));
}
