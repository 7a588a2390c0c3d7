//! StartWorkflowExecution: a new run of a workflow id.

use klamm_messages::{
    klamm::v1::{Command, StartWorkflow, command::Body},
    temporal::{enums::v1::WorkflowIdConflictPolicy, workflowservice::v1::StartWorkflowExecutionRequest},
};

use crate::{
    fault::{Fault, Result},
    terms::Terms,
    validate::{self, start::Timeouts},
};

/// The command. Its request has a request id: the caller's, or one that is made up here.
///
/// # Errors
/// What Temporal says of the first fault, in the order of its prepareStartWorkflowRequest and then of history's
/// ValidateStartWorkflowExecutionRequest.
pub fn command(mut request: StartWorkflowExecutionRequest, terms: &Terms<'_>) -> Result<Command> {
    let limits = terms.limits;
    validate::policies::fill(
        &mut request.workflow_id_reuse_policy,
        &mut request.workflow_id_conflict_policy,
        WorkflowIdConflictPolicy::Fail,
    );
    validate::ids::workflow_id(&request.workflow_id, limits)?;
    validate::retry_policy::check_and_fill(request.retry_policy.as_mut())?;
    validate::cron::schedule(&request.cron_schedule)?;
    validate::start::start_delay(&request.cron_schedule, request.workflow_start_delay.as_mut())?;
    let workflow_type = request.workflow_type.as_ref().map_or("", |kind| kind.name.as_str());
    if workflow_type.is_empty() {
        return Err(Fault::invalid("WorkflowType is not set on request."));
    }
    validate::ids::at_most(workflow_type, limits, "WorkflowType length exceeds limit.")?;
    validate::task_queue::check_user_defined(request.task_queue.as_mut(), limits)?;
    let mut timeouts = Timeouts {
        execution: &mut request.workflow_execution_timeout,
        run: &mut request.workflow_run_timeout,
        task: &mut request.workflow_task_timeout,
    };
    timeouts.check()?;
    timeouts.fill();
    validate::ids::request_id(&mut request.request_id, terms)?;
    validate::policies::check(request.workflow_id_reuse_policy, request.workflow_id_conflict_policy)?;
    validate::start::on_conflict_options(request.on_conflict_options.as_ref())?;
    validate::search_attributes::check_and_type(request.search_attributes.as_mut(), terms.namespace, limits)?;
    validate::priority::check(request.priority.as_ref())?;
    validate::callbacks::check(&mut request.completion_callbacks, limits)?;
    let links = validate::callbacks::all_links(&mut request.links, &request.completion_callbacks);
    validate::links::check(&links, limits)?;
    validate::start::time_skipping(request.time_skipping_config.as_ref())?;
    validate::sizes::blob(request.input.as_ref(), limits)?;
    validate::sizes::memo(request.memo.as_ref(), limits)?;
    validate::start::NotBuilt { versioning_override: request.versioning_override.as_ref() }.check()?;

    validate::canonical::policies(&mut request.workflow_id_reuse_policy, &mut request.workflow_id_conflict_policy);
    validate::canonical::links(&mut request.links);
    request.completion_callbacks.iter_mut().for_each(|callback| validate::canonical::links(&mut callback.links));
    validate::canonical::failure(request.continued_failure.as_mut());
    // Temporal does not act on this hint. The record leaves it out.
    request.eager_worker_deployment_options = None;

    let (workflow_id, identity) = (request.workflow_id.clone(), request.identity.clone());
    let body = StartWorkflow { request: Some(request), run_id: (terms.new_id)(), ..StartWorkflow::default() };
    Ok(terms.workflow_command(workflow_id, identity, Body::StartWorkflow(Box::new(body))))
}
