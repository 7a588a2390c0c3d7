//! ExecuteMultiOperation: a start and an update that take effect together.

use klamm_messages::{
    klamm::v1::{Command, UpdateWithStart, UpdateWorkflow, command::Body},
    temporal::workflowservice::v1::{
        ExecuteMultiOperationRequest, StartWorkflowExecutionRequest, UpdateWorkflowExecutionRequest,
        execute_multi_operation_request::operation::Operation,
    },
};

use super::{
    start_workflow,
    update_workflow::{Checked, check},
};
use crate::{
    fault::{Fault, Result},
    terms::Terms,
};

/// What both operations are, if nothing is wrong with them.
#[derive(Debug)]
pub struct Both {
    /// For the log.
    pub command: Command,
    /// Id of the update: the caller's, or a new one.
    pub update_id: String,
    /// Id of the update's request.
    pub request_id: String,
    /// Whether the caller waits for the outcome. If not, it waits until the workflow has accepted the update.
    pub until_completed: bool,
}

/// The two operations of the request.
///
/// # Errors
/// InvalidArgument when they are others.
pub fn operations(request: ExecuteMultiOperationRequest) -> Result<(StartWorkflowExecutionRequest, UpdateWorkflowExecutionRequest)> {
    let mut operations = request.operations.into_iter().map(|operation| operation.operation);
    match (operations.next(), operations.next(), operations.next()) {
        (Some(Some(Operation::StartWorkflow(start))), Some(Some(Operation::UpdateWorkflow(update))), None) => Ok((start, update)),
        _ => Err(Fault::invalid("Operations have to be exactly [Start, Update].")),
    }
}

/// The command of both.
///
/// # Errors
/// What Temporal says of the first fault of each.
pub fn command(
    start: StartWorkflowExecutionRequest,
    update: UpdateWorkflowExecutionRequest,
    terms: &Terms<'_>,
) -> std::result::Result<Both, Box<[Fault; 2]>> {
    let update_workflow_id = update.workflow_execution.as_ref().map(|execution| execution.workflow_id.clone()).unwrap_or_default();
    let (start, update) = match (check_start(start, terms), check_update(update, terms)) {
        (Ok(start), Ok(update)) => (start, update),
        (start, update) => {
            let aborted = |fault: Option<Fault>| fault.unwrap_or_else(Fault::aborted);
            return Err(Box::new([aborted(start.err()), aborted(update.err())]));
        }
    };
    if start.workflow_id != update_workflow_id {
        let inconsistent = Fault::invalid("WorkflowId is not consistent with previous operation(s).");
        return Err(Box::new([Fault::aborted(), inconsistent]));
    }
    let (update, Checked { update_id, request_id, until_completed, .. }) = update;
    let body = match start.body {
        Some(Body::StartWorkflow(body)) => {
            Body::UpdateWithStart(Box::new(UpdateWithStart { start: Some(*body), update: Some(UpdateWorkflow { request: Some(update) }) }))
        }
        other => return Err(Box::new([Fault::Internal(format!("A start became another command: {other:?}")), Fault::aborted()])),
    };
    Ok(Both { command: Command { body: Some(body), ..start }, update_id, request_id, until_completed })
}

fn check_namespace(named: &str, terms: &Terms<'_>) -> Result<()> {
    if named.is_empty() || named == terms.namespace.name {
        return Ok(());
    }
    Err(Fault::invalid("Operation namespace did not match request's namespace."))
}

fn check_start(request: StartWorkflowExecutionRequest, terms: &Terms<'_>) -> Result<Command> {
    check_namespace(&request.namespace, terms)?;
    let has_cron = !request.cron_schedule.is_empty();
    let is_eager = request.request_eager_execution;
    let is_delayed = request.workflow_start_delay.is_some_and(|delay| delay.seconds > 0 || delay.nanos > 0);
    let command = start_workflow::command(request, terms)?;
    for (is_set, message) in [
        (has_cron, "CronSchedule is not allowed."),
        (is_eager, "RequestEagerExecution is not supported."),
        (is_delayed, "WorkflowStartDelay is not supported."),
    ] {
        if is_set {
            return Err(Fault::invalid(message));
        }
    }
    Ok(command)
}

fn check_update(mut request: UpdateWorkflowExecutionRequest, terms: &Terms<'_>) -> Result<(UpdateWorkflowExecutionRequest, Checked)> {
    check_namespace(&request.namespace, terms)?;
    let checked = check(&mut request, terms)?;
    if !request.first_execution_run_id.is_empty() {
        return Err(Fault::invalid("FirstExecutionRunId is not allowed."));
    }
    if request.workflow_execution.as_ref().is_some_and(|execution| !execution.run_id.is_empty()) {
        return Err(Fault::invalid("RunId is not allowed."));
    }
    Ok((request, checked))
}
