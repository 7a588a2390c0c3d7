//! ChildRunClosed: the chain of a child has ended.
//!
//! Temporal: service/history/api/recordchildworkflowcompleted.

use klamm_machine::{Decision, Outcome, Tx};
use klamm_messages::{
    klamm::v1::{ChildRunClosed, Command, Parent, PendingChild},
    temporal::{
        common::v1::{WorkflowExecution, WorkflowType},
        enums::v1::{EventType, WorkflowExecutionStatus},
        history::v1::{
            ChildWorkflowExecutionCanceledEventAttributes, ChildWorkflowExecutionCompletedEventAttributes,
            ChildWorkflowExecutionFailedEventAttributes, ChildWorkflowExecutionTerminatedEventAttributes,
            ChildWorkflowExecutionTimedOutEventAttributes, history_event::Attributes,
        },
    },
};

use super::{started, waiting::waiting_run};
use crate::{
    Answer, Workflow,
    decide::{limits, locate},
    run::Run,
};

/// Decides the command. A parent that has closed, or does not wait for this child, is told in vain.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &ChildRunClosed) -> Decision<Answer> {
    let parent = body.parent.clone().unwrap_or_default();
    let settings = locate::settings(command);
    let key = waiting_run(tx, &command.namespace, &command.workflow_id, &parent);
    let mut run = Run::new(tx, key);
    if !run.is_open() || pending(&run, &parent, body).is_none() {
        return Ok(Outcome::Answer(Answer::Empty));
    }
    if pending(&run, &parent, body).is_some_and(|child| child.started_run_id.is_empty()) {
        started::record(&mut run, &parent, &body.workflow_id, &body.first_run_id);
    }
    let Some(child) = pending(&run, &parent, body) else { return Ok(Outcome::Answer(Answer::Empty)) };
    let (event_type, attributes) = event(&run, &parent, &child, body);
    run.add_or_buffer_event(event_type, attributes);
    run.schedule_workflow_task();
    limits::enforce(&mut run, &settings, Answer::Empty)
}

/// The pending child that the message is about: the chain that this start has begun, or may have.
fn pending(run: &Run<'_, '_>, parent: &Parent, body: &ChildRunClosed) -> Option<PendingChild> {
    let state = run.state();
    let child = state.children.get(&parent.initiated_event_id)?;
    let is_it = child.workflow_id == body.workflow_id && (child.started_run_id.is_empty() || child.started_run_id == body.first_run_id);
    is_it.then(|| child.clone())
}

/// The parent's event about the end of the child. It names the chain's last run.
fn event(run: &Run<'_, '_>, parent: &Parent, child: &PendingChild, body: &ChildRunClosed) -> (EventType, Attributes) {
    let namespace = run.key.namespace.clone();
    let namespace_id = parent.namespace_id.clone();
    let workflow_execution = Some(WorkflowExecution { workflow_id: body.workflow_id.clone(), run_id: body.run_id.clone() });
    let workflow_type = Some(WorkflowType { name: child.workflow_type.clone() });
    let (initiated_event_id, started_event_id) = (parent.initiated_event_id, child.started_event_id);
    let payloads = body.payloads.clone();
    match body.status() {
        WorkflowExecutionStatus::Completed => (
            EventType::ChildWorkflowExecutionCompleted,
            Attributes::ChildWorkflowExecutionCompletedEventAttributes(ChildWorkflowExecutionCompletedEventAttributes {
                result: payloads,
                namespace,
                namespace_id,
                workflow_execution,
                workflow_type,
                initiated_event_id,
                started_event_id,
            }),
        ),
        WorkflowExecutionStatus::Failed => (
            EventType::ChildWorkflowExecutionFailed,
            Attributes::ChildWorkflowExecutionFailedEventAttributes(ChildWorkflowExecutionFailedEventAttributes {
                failure: body.failure.clone(),
                retry_state: body.retry_state,
                namespace,
                namespace_id,
                workflow_execution,
                workflow_type,
                initiated_event_id,
                started_event_id,
            }),
        ),
        WorkflowExecutionStatus::Canceled => (
            EventType::ChildWorkflowExecutionCanceled,
            Attributes::ChildWorkflowExecutionCanceledEventAttributes(ChildWorkflowExecutionCanceledEventAttributes {
                details: payloads,
                namespace,
                namespace_id,
                workflow_execution,
                workflow_type,
                initiated_event_id,
                started_event_id,
            }),
        ),
        WorkflowExecutionStatus::TimedOut => (
            EventType::ChildWorkflowExecutionTimedOut,
            Attributes::ChildWorkflowExecutionTimedOutEventAttributes(ChildWorkflowExecutionTimedOutEventAttributes {
                retry_state: body.retry_state,
                namespace,
                namespace_id,
                workflow_execution,
                workflow_type,
                initiated_event_id,
                started_event_id,
            }),
        ),
        _ => (
            EventType::ChildWorkflowExecutionTerminated,
            Attributes::ChildWorkflowExecutionTerminatedEventAttributes(ChildWorkflowExecutionTerminatedEventAttributes {
                namespace,
                namespace_id,
                workflow_execution,
                workflow_type,
                initiated_event_id,
                started_event_id,
            }),
        ),
    }
}
