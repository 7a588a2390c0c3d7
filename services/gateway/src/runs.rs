//! Finding the run that a read is about.

use klamm_messages::{klamm::v1::NamespaceState, temporal::common::v1::WorkflowExecution};
use klamm_processor::{Backend, backend::RunSnapshot};

use crate::errors::{Fault, Result};

/// The run, or the newest one where no run id is given; NotFound in Temporal's words.
pub async fn find<B: Backend>(backend: &B, namespace: &NamespaceState, execution: &WorkflowExecution) -> Result<RunSnapshot> {
    match backend.run(&namespace.name, &execution.workflow_id, &execution.run_id).await? {
        Some(run) => Ok(run),
        None => Err(not_found(&execution.workflow_id, &execution.run_id)),
    }
}

/// What is said of a run that is not there (any more).
pub fn not_found(workflow_id: &str, run_id: &str) -> Fault {
    Fault::not_found(if run_id.is_empty() {
        format!("workflow not found for ID: {workflow_id}")
    } else {
        format!("workflow execution not found for workflow ID {workflow_id:?} and run ID {run_id:?}")
    })
}
