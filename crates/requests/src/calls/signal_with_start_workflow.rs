//! SignalWithStartWorkflowExecution: signals the open run, or starts one and signals it, in one step.

use klamm_messages::{
    klamm::v1::{Command, SignalWithStartWorkflow, command::Body},
    temporal::{enums::v1::WorkflowIdConflictPolicy, workflowservice::v1::SignalWithStartWorkflowExecutionRequest},
};

use crate::{
    fault::{Fault, Result},
    limits::Limits,
    terms::Terms,
    validate::{self, start::Timeouts},
};

/// The command. Its request has a request id: the caller's, or one that is made up here.
///
/// # Errors
/// What Temporal says of the first fault, in the order of its chasm/lib/workflow/validator.go ValidateSignalWithStartRequest.
pub fn command(mut request: SignalWithStartWorkflowExecutionRequest, terms: &Terms<'_>) -> Result<Command> {
    let limits = terms.limits;
    validate::ids::workflow_id(&request.workflow_id, limits)?;
    names(&request, limits)?;
    validate::task_queue::check_user_defined(request.task_queue.as_mut(), limits)?;
    if request.request_id.is_empty() {
        request.request_id = (terms.new_id)();
    } else if request.request_id.len() > limits.id_bytes {
        return Err(too_long("Request ID", &request.request_id, limits));
    }
    let mut timeouts = Timeouts {
        execution: &mut request.workflow_execution_timeout,
        run: &mut request.workflow_run_timeout,
        task: &mut request.workflow_task_timeout,
    };
    timeouts.check()?;
    timeouts.fill();
    validate::retry_policy::check_and_fill(request.retry_policy.as_mut())?;
    validate::cron::schedule(&request.cron_schedule)?;
    validate::start::start_delay(&request.cron_schedule, request.workflow_start_delay.as_mut())?;
    validate::policies::check(request.workflow_id_reuse_policy, request.workflow_id_conflict_policy)?;
    if request.workflow_id_conflict_policy == WorkflowIdConflictPolicy::Fail as i32 {
        return Err(Fault::invalid(
            "Invalid WorkflowIDConflictPolicy: WORKFLOW_ID_CONFLICT_POLICY_FAIL is not supported for this operation.",
        ));
    }
    validate::policies::fill(
        &mut request.workflow_id_reuse_policy,
        &mut request.workflow_id_conflict_policy,
        WorkflowIdConflictPolicy::UseExisting,
    );
    validate::search_attributes::check_and_type(request.search_attributes.as_mut(), terms.namespace, limits)?;
    validate::priority::check(request.priority.as_ref())?;
    validate::links::check(&request.links, limits)?;
    validate::start::time_skipping(request.time_skipping_config.as_ref())?;
    validate::sizes::blob(request.input.as_ref(), limits)?;
    validate::sizes::blob(request.signal_input.as_ref(), limits)?;
    validate::sizes::memo(request.memo.as_ref(), limits)?;
    validate::start::NotBuilt { versioning_override: request.versioning_override.as_ref() }.check()?;

    validate::canonical::policies(&mut request.workflow_id_reuse_policy, &mut request.workflow_id_conflict_policy);
    validate::canonical::links(&mut request.links);

    let (workflow_id, identity) = (request.workflow_id.clone(), request.identity.clone());
    let body = SignalWithStartWorkflow { request: Some(request), run_id: (terms.new_id)() };
    Ok(terms.workflow_command(workflow_id, identity, Body::SignalWithStartWorkflow(Box::new(body))))
}

/// Checks the names of signal and type. The error texts differ from those of a start.
fn names(request: &SignalWithStartWorkflowExecutionRequest, limits: &Limits) -> Result<()> {
    if request.signal_name.is_empty() {
        return Err(Fault::invalid("signal not set"));
    }
    if request.signal_name.len() > limits.id_bytes {
        return Err(too_long("signal name", &request.signal_name, limits));
    }
    let workflow_type = request.workflow_type.as_ref().map_or("", |kind| kind.name.as_str());
    if workflow_type.is_empty() {
        return Err(Fault::invalid("workflow type not set"));
    }
    if workflow_type.len() > limits.id_bytes {
        return Err(too_long("workflow type name", workflow_type, limits));
    }
    Ok(())
}

fn too_long(what: &str, value: &str, limits: &Limits) -> Fault {
    Fault::invalid(format!("{what} exceeds maximum allowed length ({}/{})", value.len(), limits.id_bytes))
}
