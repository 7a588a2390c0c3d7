//! The parent writes down that its child has started.

use klamm_messages::{
    klamm::v1::Parent,
    temporal::{
        common::v1::WorkflowExecution,
        enums::v1::EventType,
        history::v1::{
            ChildWorkflowExecutionStartedEventAttributes, StartChildWorkflowExecutionInitiatedEventAttributes, history_event::Attributes,
        },
    },
};

use crate::{run::Run, tables::History};

/// Writes ChildWorkflowExecutionStarted: the child's chain begins with `first_run_id`.
pub(super) fn record(run: &mut Run<'_, '_>, parent: &Parent, workflow_id: &str, first_run_id: &str) {
    let initiated = initiated(run, parent.initiated_event_id);
    run.add_or_buffer_event(
        EventType::ChildWorkflowExecutionStarted,
        Attributes::ChildWorkflowExecutionStartedEventAttributes(ChildWorkflowExecutionStartedEventAttributes {
            namespace: run.key.namespace.clone(),
            namespace_id: parent.namespace_id.clone(),
            initiated_event_id: parent.initiated_event_id,
            workflow_execution: Some(WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: first_run_id.to_owned() }),
            workflow_type: initiated.workflow_type,
            header: initiated.header,
        }),
    );
}

/// What the run's StartChildWorkflowExecutionInitiated says of the child.
pub(super) fn initiated(run: &Run<'_, '_>, event_id: i64) -> StartChildWorkflowExecutionInitiatedEventAttributes {
    let event = run.tx.get::<History>(&(run.key.clone(), event_id));
    match event.as_ref().and_then(|event| event.attributes.as_ref()) {
        Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(initiated)) => (**initiated).clone(),
        // This cannot happen: the child is pending by this event.
        _ => StartChildWorkflowExecutionInitiatedEventAttributes::default(),
    }
}
