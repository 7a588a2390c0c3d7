//! Which run a request is about.

use klamm_messages::temporal::common::v1::WorkflowExecution;
use uuid::Uuid;

use crate::fault::{Fault, Result};

/// The execution of a request. It must exist and have a workflow id; its run id must be empty or a UUID.
pub fn execution(execution: Option<&WorkflowExecution>) -> Result<&WorkflowExecution> {
    let Some(execution) = execution else {
        return Err(Fault::invalid("Execution is not set on request."));
    };
    if execution.workflow_id.is_empty() {
        return Err(Fault::invalid("WorkflowId is not set on request."));
    }
    if !execution.run_id.is_empty() && Uuid::try_parse(&execution.run_id).is_err() {
        return Err(Fault::invalid("Invalid RunId."));
    }
    Ok(execution)
}
