//! The start of a child: the command that the parent sends, and what it leaves in the child's first event.

use klamm_messages::{
    klamm::v1::{Command, CommandSettings, Parent, RunState, StartWorkflow, command::Body},
    temporal::{
        common::v1::WorkflowExecution,
        enums::v1::WorkflowIdConflictPolicy,
        history::v1::{
            HistoryEvent, StartChildWorkflowExecutionInitiatedEventAttributes, WorkflowExecutionStartedEventAttributes,
            history_event::Attributes,
        },
        workflowservice::v1::StartWorkflowExecutionRequest,
    },
};

use super::tell::to_child;
use crate::{
    priority,
    run::{Run, is_open, workflow_type},
    tables::History,
};

/// Sends the starts of the children that the completion `completed_event_id` has initiated. A completion that closes the run starts none of
/// its children: Temporal drops a start whose parent has closed before the child is known, also with the parent-close policy ABANDON.
pub(crate) fn send_starts(run: &mut Run<'_, '_>, completed_event_id: i64, settings: &CommandSettings) {
    let state = run.state();
    if !is_open(&state) {
        return;
    }
    for initiated_event_id in state.children.range(completed_event_id..).map(|(id, _)| *id) {
        let Some(event) = run.tx.get::<History>(&(run.key.clone(), initiated_event_id)) else { continue };
        if let Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(initiated)) = &event.attributes {
            let run_id = run.tx.context.derive_id();
            let start = StartWorkflow {
                request: Some(request(&state, &event, initiated)),
                run_id,
                parent: Some(parent(&state, &event, initiated)),
                ..StartWorkflow::default()
            };
            let command: Command = to_child(&run.key.namespace, &initiated.workflow_id, settings, Body::StartWorkflow(Box::new(start)));
            run.tx.send(command);
        }
    }
}

/// Whether the completion `completed_event_id` has initiated a child with this workflow id.
pub(crate) fn is_initiated_since(state: &RunState, completed_event_id: i64, workflow_id: &str) -> bool {
    state.children.range(completed_event_id..).any(|(_, child)| child.workflow_id == workflow_id)
}

/// The start request that the event stands for.
fn request(
    state: &RunState,
    event: &HistoryEvent,
    initiated: &StartChildWorkflowExecutionInitiatedEventAttributes,
) -> StartWorkflowExecutionRequest {
    let initiated = initiated.clone();
    let priority = state.started.as_ref().and_then(|started| started.priority.as_ref());
    StartWorkflowExecutionRequest {
        namespace: initiated.namespace,
        workflow_id: initiated.workflow_id,
        workflow_type: initiated.workflow_type,
        task_queue: initiated.task_queue,
        input: initiated.input,
        header: initiated.header,
        workflow_execution_timeout: initiated.workflow_execution_timeout,
        workflow_run_timeout: initiated.workflow_run_timeout,
        workflow_task_timeout: initiated.workflow_task_timeout,
        // Temporal's form: the last part is the event's version, which only replicated namespaces have.
        request_id: format!("{}:{}:0", state.run_id, event.event_id),
        workflow_id_reuse_policy: initiated.workflow_id_reuse_policy,
        workflow_id_conflict_policy: WorkflowIdConflictPolicy::Fail as i32,
        retry_policy: initiated.retry_policy,
        cron_schedule: initiated.cron_schedule,
        memo: initiated.memo,
        search_attributes: initiated.search_attributes,
        user_metadata: event.user_metadata.as_deref().cloned(),
        priority: priority::merge(priority, initiated.priority.as_ref()),
        ..StartWorkflowExecutionRequest::default()
    }
}

/// What the child has to know of its parent.
fn parent(state: &RunState, event: &HistoryEvent, initiated: &StartChildWorkflowExecutionInitiatedEventAttributes) -> Parent {
    let execution = WorkflowExecution { workflow_id: state.workflow_id.clone(), run_id: state.run_id.clone() };
    let root = state.started.as_ref().and_then(|started| started.root_workflow_execution.clone());
    Parent {
        namespace_id: initiated.namespace_id.clone(),
        root: Some(root.unwrap_or_else(|| execution.clone())),
        execution: Some(execution),
        initiated_event_id: event.event_id,
        workflow_type: workflow_type(state),
    }
}

/// Writes into a child's first event who its parent is.
pub(crate) fn fill_in(attributes: &mut WorkflowExecutionStartedEventAttributes, namespace: &str, parent: &Parent) {
    attributes.parent_workflow_namespace = namespace.to_owned();
    attributes.parent_workflow_namespace_id.clone_from(&parent.namespace_id);
    attributes.parent_workflow_execution.clone_from(&parent.execution);
    attributes.parent_initiated_event_id = parent.initiated_event_id;
    attributes.root_workflow_execution.clone_from(&parent.root);
}
