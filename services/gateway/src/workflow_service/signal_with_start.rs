//! SignalWithStartWorkflowExecution: signals the open run, or starts one and signals it, in one step.

use klamm_messages::{
    klamm::v1::{SignalWithStartWorkflow, command::Body},
    temporal::{
        enums::v1::WorkflowIdConflictPolicy,
        workflowservice::v1::{SignalWithStartWorkflowExecutionRequest, SignalWithStartWorkflowExecutionResponse},
    },
};
use klamm_processor::Backend;
use klamm_workflow::Answer;
use uuid::Uuid;

use super::answered_links;
use crate::{
    call::Call,
    config::Limits,
    errors::{Fault, Result},
    gateway::{Gateway, unexpected_answer},
    settings::WorkflowCommand,
    validate::{self, start::Timeouts},
    visibility::VisibilityQueries,
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    mut request: SignalWithStartWorkflowExecutionRequest,
) -> Result<SignalWithStartWorkflowExecutionResponse> {
    let limits = &gateway.config.limits;
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.registered_namespace(&namespaces, &request.namespace)?;

    // Order of the checks: Temporal's chasm/lib/workflow/validator.go ValidateSignalWithStartRequest.
    validate::ids::workflow_id(&request.workflow_id, limits)?;
    names(&request, limits)?;
    validate::task_queue::check_user_defined(request.task_queue.as_mut(), limits)?;
    if request.request_id.is_empty() {
        request.request_id = Uuid::new_v4().to_string();
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
    validate::search_attributes::check_and_type(request.search_attributes.as_mut(), namespace, limits)?;
    validate::priority::check(request.priority.as_ref())?;
    validate::links::check(&request.links, limits)?;
    validate::start::time_skipping(request.time_skipping_config.as_ref())?;
    validate::sizes::blob(request.input.as_ref(), limits)?;
    validate::sizes::blob(request.signal_input.as_ref(), limits)?;
    validate::sizes::memo(request.memo.as_ref(), limits)?;
    validate::start::NotBuilt {
        cron_schedule: &request.cron_schedule,
        retry_policy: request.retry_policy.as_ref(),
        completion_callbacks: &[],
        versioning_override: request.versioning_override.as_ref(),
    }
    .check()?;

    validate::canonical::policies(&mut request.workflow_id_reuse_policy, &mut request.workflow_id_conflict_policy);
    validate::canonical::links(&mut request.links);

    let (workflow_id, request_id) = (request.workflow_id.clone(), request.request_id.clone());
    let answer = gateway
        .submit(
            &call,
            WorkflowCommand {
                namespace,
                workflow_id: workflow_id.clone(),
                identity: request.identity.clone(),
                request_id: String::new(),
                body: Body::SignalWithStartWorkflow(SignalWithStartWorkflow { request: Some(request), run_id: Uuid::new_v4().to_string() }),
                may_upsert: false,
            },
        )
        .await?;
    let Answer::Started(started) = answer else {
        return Err(unexpected_answer());
    };
    Ok(SignalWithStartWorkflowExecutionResponse {
        signal_link: Some(answered_links::signaled(&namespace.name, workflow_id, started.run_id.clone(), request_id)),
        run_id: started.run_id,
        first_execution_run_id: started.first_execution_run_id,
        started: started.started,
    })
}

/// Names of signal and type, whose texts differ from a start's.
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
