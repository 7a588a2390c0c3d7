//! UpdateWorkflowExecutionOptions: other options for an open run.

use klamm_messages::{
    klamm::v1::{Command, OptionPaths, UpdateWorkflowOptions, command::Body},
    temporal::workflowservice::v1::UpdateWorkflowExecutionOptionsRequest,
};

use super::update_activity_options::camel;
use crate::{
    fault::{Fault, Result},
    terms::Terms,
    validate,
};

/// Fields of the options; a path into one of the first two may lead on.
const FIELDS: &[&str] = &[
    "versioning_override",
    "time_skipping_config",
    "priority",
    "priority.priority_key",
    "priority.fairness_key",
    "priority.fairness_weight",
];

/// The command.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(request: UpdateWorkflowExecutionOptionsRequest, terms: &Terms<'_>) -> Result<Command> {
    let execution = request.workflow_execution.unwrap_or_default();
    if execution.workflow_id.is_empty() {
        return Err(Fault::invalid("WorkflowId is not set on request."));
    }
    let Some(mask) = request.update_mask else { return Err(Fault::invalid("UpdateMask is required")) };
    let Some(options) = request.workflow_execution_options else {
        return Err(Fault::invalid("WorkflowExecutionOptions is required"));
    };
    let is_known = |path: &str| {
        let leads_on = FIELDS[..2].iter().any(|field| path.strip_prefix(field).is_some_and(|rest| rest.starts_with('.')));
        FIELDS.contains(&path) || leads_on
    };
    if let Some(path) = mask.paths.iter().find(|path| !is_known(path)) {
        let message = "temporal.api.workflow.v1.WorkflowExecutionOptions";
        return Err(Fault::invalid(format!("error parsing UpdateMask: proto: invalid path {path:?} for message {message:?}")));
    }
    validate::priority::check(options.priority.as_ref())?;
    let paths = OptionPaths { paths: mask.paths.iter().map(|path| camel(path)).collect() };
    let workflow_id = execution.workflow_id.clone();
    let body = UpdateWorkflowOptions { execution: Some(execution), options: Some(options), paths: Some(paths) };
    Ok(terms.workflow_command(workflow_id, request.identity, Body::UpdateWorkflowOptions(body)))
}
