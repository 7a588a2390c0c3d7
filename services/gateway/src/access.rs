//! Which access each call needs of its caller, by the call's path.

use klamm_api::{operatorservice::v1::operator_service_server, workflowservice::v1::workflow_service_server};
use klamm_requests::access::Needs;

use crate::{operator_service, workflow_service};

/// What the call of this path ("/temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution") needs. `None`: the path is no
/// call of Temporal's API.
pub fn needs(path: &str) -> Option<Needs> {
    let (service, call) = path.strip_prefix('/')?.split_once('/')?;
    let calls = match service {
        workflow_service_server::SERVICE_NAME => workflow_service::CALLS,
        operator_service_server::SERVICE_NAME => operator_service::CALLS,
        _ => return None,
    };
    calls.iter().find(|called| called.name() == call).map(|called| called.needs)
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
