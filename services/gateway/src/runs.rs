//! Finds the run that a read is about.

use klamm_backend::{Backend, RunSnapshot};
use klamm_messages::{klamm::v1::NamespaceState, temporal::common::v1::WorkflowExecution};
use klamm_requests::{Fault, Result};

/// The run; the newest run when no run id is given. NotFound, in Temporal's words, when there is none.
pub async fn find<B: Backend>(backend: &B, namespace: &NamespaceState, execution: &WorkflowExecution) -> Result<RunSnapshot> {
    match backend.run(&namespace.name, &execution.workflow_id, &execution.run_id).await? {
        Some(run) => Ok(run),
        None => Err(not_found(&execution.workflow_id, &execution.run_id)),
    }
}

/// The error for a run that does not exist (any more).
pub fn not_found(workflow_id: &str, run_id: &str) -> Fault {
    Fault::not_found(if run_id.is_empty() {
        format!("workflow not found for ID: {workflow_id}")
    } else {
        format!("workflow execution not found for workflow ID {workflow_id:?} and run ID {run_id:?}")
    })
}
