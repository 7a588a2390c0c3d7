//! Which events after the point happen again in the new run.
//!
//! Temporal: workflow_resetter.go, reapplyContinueAsNewWorkflowEvents, reapplyEvents. They are those of the base, and of the runs that it has
//! continued as.

use klamm_messages::{
    klamm::v1::ResetState,
    temporal::{
        enums::v1::{EventType, UpdateAdmittedEventOrigin},
        history::v1::{
            HistoryEvent, WorkflowExecutionOptionsUpdatedEventAttributes, WorkflowExecutionSignaledEventAttributes,
            WorkflowExecutionUpdateAdmittedEventAttributes, history_event::Attributes,
        },
        update::v1::Request,
    },
};

use super::{budget::Budget, children};
use crate::{
    decide::start_workflow::has_request,
    run::{Run, new_event},
    tables::{History, RunKey, Runs},
    update,
};

/// Looks at the next events, and applies those again that are to be. True: none is left.
pub(super) fn reapply(run: &mut Run<'_, '_>, reset: &mut ResetState, budget: &mut Budget) -> bool {
    if reset.exclude_signals && reset.exclude_updates && reset.exclude_nexus {
        return true;
    }
    loop {
        let source = RunKey::new(&run.key.namespace, &run.key.workflow_id, &reset.source_run_id);
        let (from, to) = History::range(&source, reset.source_event_id, i64::MAX);
        let events = run.tx.range::<History>(&from, &to, budget.events());
        let mut next_run = None;
        for (_, event) in events {
            if budget.is_spent() {
                return false;
            }
            budget.look();
            reset.source_event_id = event.event_id + 1;
            if let Some(again) = again(run, reset, &event) {
                budget.write(&again);
                run.add_whole_event(again);
            }
            next_run = match &event.attributes {
                Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(continued)) => Some(continued.new_execution_run_id.clone()),
                _ => None,
            };
        }
        let Some(next_run) = next_run else {
            // Either the source is at its end, or the budget is.
            return !budget.is_spent();
        };
        if run.tx.get::<Runs>(&RunKey::new(&run.key.namespace, &run.key.workflow_id, &next_run)).is_none() {
            // A run that was deleted ends the chain.
            return true;
        }
        reset.source_run_id = next_run;
        reset.source_event_id = 1;
        if budget.is_spent() {
            return false;
        }
    }
}

/// The event as it happens again; `None` for an event that does not.
fn again(run: &Run<'_, '_>, reset: &ResetState, event: &HistoryEvent) -> Option<HistoryEvent> {
    let (event_type, attributes) = match event.attributes.as_ref()? {
        Attributes::WorkflowExecutionSignaledEventAttributes(signal) if !reset.exclude_signals => (
            EventType::WorkflowExecutionSignaled,
            Attributes::WorkflowExecutionSignaledEventAttributes(WorkflowExecutionSignaledEventAttributes {
                signal_name: signal.signal_name.clone(),
                input: signal.input.clone(),
                identity: signal.identity.clone(),
                header: signal.header.clone(),
                request_id: signal.request_id.clone(),
                ..WorkflowExecutionSignaledEventAttributes::default()
            }),
        ),
        Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(options) if changes(run, options) => {
            (EventType::WorkflowExecutionOptionsUpdated, Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(options.clone()))
        }
        Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(update) if !reset.exclude_updates => {
            update_again(run, update.request.as_ref(), update.origin())?
        }
        // One without a request has an event before it that brought the update.
        Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(update) if !reset.exclude_updates => {
            update_again(run, update.accepted_request.as_ref(), UpdateAdmittedEventOrigin::Reapply)?
        }
        _ => children::again(&run.state(), reset, event)?,
    };
    let again = new_event(event_type, attributes, run.now());
    Some(HistoryEvent { links: event.links.clone(), worker_may_ignore: event.worker_may_ignore, ..again })
}

/// The update as the new run gets it: its worker takes it from this event. `None`: the run has it already, because an earlier run of the
/// chain had one with the same id.
fn update_again(run: &Run<'_, '_>, request: Option<&Request>, origin: UpdateAdmittedEventOrigin) -> Option<(EventType, Attributes)> {
    let request = request?;
    if update::is_known(run, &request.meta.as_ref()?.update_id) {
        return None;
    }
    let admitted = WorkflowExecutionUpdateAdmittedEventAttributes { request: Some(request.clone()), origin: origin as i32 };
    Some((EventType::WorkflowExecutionUpdateAdmitted, Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(admitted)))
}

/// Whether the options do anything: not where all that they do is to attach a request that is attached already.
fn changes(run: &Run<'_, '_>, options: &WorkflowExecutionOptionsUpdatedEventAttributes) -> bool {
    let only_attaches = WorkflowExecutionOptionsUpdatedEventAttributes {
        attached_request_id: options.attached_request_id.clone(),
        attached_completion_callbacks: options.attached_completion_callbacks.clone(),
        ..WorkflowExecutionOptionsUpdatedEventAttributes::default()
    };
    *options != only_attaches || !has_request(&run.state(), &options.attached_request_id)
}
