//! SignalWorkflowExecution: a signal for an open run.

use klamm_messages::{
    klamm::v1::{Command, SignalWorkflow, command::Body},
    temporal::workflowservice::v1::SignalWorkflowExecutionRequest,
};

use crate::{
    fault::{Fault, Result},
    terms::Terms,
    validate,
};

/// The command. If the caller gave no request id, none is made up, because it would show on the event.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(mut request: SignalWorkflowExecutionRequest, terms: &Terms<'_>) -> Result<Command> {
    let limits = terms.limits;
    let workflow_id = validate::execution::execution(request.workflow_execution.as_ref())?.workflow_id.clone();
    if request.signal_name.is_empty() {
        return Err(Fault::invalid("SignalName is not set on request."));
    }
    validate::ids::at_most(&request.signal_name, limits, "SignalName length exceeds limit.")?;
    validate::ids::at_most(&request.request_id, limits, "RequestId length exceeds limit.")?;
    validate::links::check(&request.links, limits)?;
    validate::sizes::blob(request.input.as_ref(), limits)?;

    validate::canonical::links(&mut request.links);
    let identity = request.identity.clone();
    Ok(terms.workflow_command(workflow_id, identity, Body::SignalWorkflow(SignalWorkflow { request: Some(request) })))
}
