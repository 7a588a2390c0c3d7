//! StartWorkflowExecution: a new run of a workflow id.

use klamm_messages::{
    klamm::v1::{StartWorkflow, command::Body},
    temporal::{
        enums::v1::WorkflowIdConflictPolicy,
        workflowservice::v1::{StartWorkflowExecutionRequest, StartWorkflowExecutionResponse},
    },
};
use klamm_processor::Backend;
use klamm_workflow::Answer;
use uuid::Uuid;

use super::answered_links;
use crate::{
    call::Call,
    errors::{Fault, Result},
    gateway::{Gateway, unexpected_answer},
    settings::WorkflowCommand,
    validate::{self, start::Timeouts},
    visibility::VisibilityQueries,
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    mut request: StartWorkflowExecutionRequest,
) -> Result<StartWorkflowExecutionResponse> {
    let limits = &gateway.config.limits;
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.registered_namespace(&namespaces, &request.namespace)?;

    // Order of the checks: Temporal's prepareStartWorkflowRequest, then history's ValidateStartWorkflowExecutionRequest.
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
    validate::ids::request_id(&mut request.request_id, limits)?;
    validate::policies::check(request.workflow_id_reuse_policy, request.workflow_id_conflict_policy)?;
    validate::start::on_conflict_options(request.on_conflict_options.as_ref())?;
    validate::search_attributes::check_and_type(request.search_attributes.as_mut(), namespace, limits)?;
    validate::priority::check(request.priority.as_ref())?;
    validate::links::check(&request.links, limits)?;
    validate::start::time_skipping(request.time_skipping_config.as_ref())?;
    validate::sizes::blob(request.input.as_ref(), limits)?;
    validate::sizes::memo(request.memo.as_ref(), limits)?;
    validate::start::NotBuilt {
        cron_schedule: &request.cron_schedule,
        retry_policy: request.retry_policy.as_ref(),
        completion_callbacks: &request.completion_callbacks,
        versioning_override: request.versioning_override.as_ref(),
    }
    .check()?;

    validate::canonical::policies(&mut request.workflow_id_reuse_policy, &mut request.workflow_id_conflict_policy);
    validate::canonical::links(&mut request.links);
    validate::canonical::failure(request.continued_failure.as_mut());
    // A hint that is not taken; nothing of it goes into the record.
    request.request_eager_execution = false;
    request.eager_worker_deployment_options = None;

    let workflow_id = request.workflow_id.clone();
    // A start that finds an open run may leave its request id there: the event that did so is what its link is to.
    let attached = request.on_conflict_options.filter(|options| options.attach_request_id);
    let attached = attached.map(|_| request.request_id.clone());
    let answer = gateway
        .submit(
            &call,
            WorkflowCommand {
                namespace,
                workflow_id: workflow_id.clone(),
                identity: request.identity.clone(),
                request_id: String::new(),
                body: Body::StartWorkflow(StartWorkflow { request: Some(request), run_id: Uuid::new_v4().to_string(), scheduled_by: None }),
                may_upsert: false,
            },
        )
        .await?;
    let Answer::Started(started) = answer else {
        return Err(unexpected_answer());
    };
    let link = match attached.filter(|_| !started.started) {
        Some(request_id) => answered_links::attached(&namespace.name, workflow_id, started.run_id.clone(), request_id),
        None => answered_links::started(&namespace.name, workflow_id, started.run_id.clone()),
    };
    Ok(StartWorkflowExecutionResponse {
        link: Some(link),
        run_id: started.run_id,
        first_execution_run_id: started.first_execution_run_id,
        started: started.started,
        status: started.status as i32,
        eager_workflow_task: None,
    })
}
