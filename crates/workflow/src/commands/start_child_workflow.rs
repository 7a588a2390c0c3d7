//! StartChildWorkflowExecution: StartChildWorkflowExecutionInitiated, and a start that goes to the child's partition once all commands have
//! been carried out (module `children`).
//!
//! Temporal: workflow_task_completed_handler.go (handleCommandStartChildWorkflow), api/command_attr_validator.go.

use klamm_cron::Cron;
use klamm_machine::time;
use klamm_messages::temporal::{
    command::v1::StartChildWorkflowExecutionCommandAttributes,
    enums::v1::{EventType, ParentClosePolicy, TaskQueueKind, WorkflowIdReusePolicy, WorkflowTaskFailedCause},
    history::v1::{StartChildWorkflowExecutionInitiatedEventAttributes, history_event::Attributes},
    taskqueue::v1::TaskQueue,
};

use super::{
    CommandContext, CommandFailure,
    check::{add_event, duration_of, encoded_len, id_bytes_max},
    search_attributes,
};
use crate::{
    activity::options::{check_priority, complete_policy, complete_queue},
    decide::{
        limits::{blob_fits, limit},
        start_workflow::{timeouts, without_nulls_memo, without_nulls_search_attributes},
    },
    run::{Run, normal_task_queue},
};

/// Cause of the workflow task's failure when the attributes are wrong.
const BAD: WorkflowTaskFailedCause = WorkflowTaskFailedCause::BadStartChildExecutionAttributes;

/// Initiates the child.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    attributes: &StartChildWorkflowExecutionCommandAttributes,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    let mut attributes = attributes.clone();
    let own_queue = normal_task_queue(&run.state()).name;
    refuse_unbuilt(&attributes)?;
    complete(&mut attributes, &own_queue, cx)?;
    #[allow(deprecated, reason = "older SDKs ask for a compatible worker so")]
    if attributes.inherit_build_id && attributes.task_queue.as_ref().is_some_and(|queue| queue.name != own_queue) {
        return Err(bad("StartChildWorkflowExecution with UseCompatibleVersion cannot run on different task queue."));
    }
    check_sizes(&attributes, cx)?;
    let pending = run.state().children.len();
    let pending_max = limit(cx.settings, |limits| limits.pending_children);
    if pending >= pending_max {
        return Err(CommandFailure::new(
            WorkflowTaskFailedCause::PendingChildWorkflowsLimitExceeded,
            format!("the number of pending child workflow executions, {pending}, has reached the per-workflow limit of {pending_max}"),
        ));
    }
    let event = Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(Box::new(initiated(attributes, cx)));
    add_event(run, cx, EventType::StartChildWorkflowExecutionInitiated, event);
    Ok(())
}

/// Refuses options that workflows have not yet.
fn refuse_unbuilt(attributes: &StartChildWorkflowExecutionCommandAttributes) -> Result<(), CommandFailure> {
    if attributes.versioning_override.is_none() {
        return Ok(());
    }
    let message = "StartChildWorkflowExecution commands with a versioning override are not supported yet.";
    Err(CommandFailure::new(WorkflowTaskFailedCause::FeatureDisabled, message))
}

/// Checks the attributes in Temporal's order, and fills in what they leave out: the parent's namespace and task queue, the policies, and the
/// time-outs that will be in force.
fn complete(
    attributes: &mut StartChildWorkflowExecutionCommandAttributes,
    own_queue: &str,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    if attributes.namespace.is_empty() {
        cx.namespace.clone_into(&mut attributes.namespace);
    }
    if let Some(given) = &attributes.search_attributes {
        search_attributes::check_names(given, cx.settings, cx.namespace)
            .map_err(|error| CommandFailure::new(WorkflowTaskFailedCause::BadSearchAttributes, error))?;
    }
    if attributes.namespace != cx.namespace {
        return Err(bad("cross namespace commands are not allowed"));
    }
    let namespace = cx.namespace;
    let workflow_id = attributes.workflow_id.clone();
    let type_name = attributes.workflow_type.as_ref().map(|workflow_type| workflow_type.name.clone()).unwrap_or_default();
    check_names(&workflow_id, &type_name, namespace, id_bytes_max(cx.settings))?;
    let of_it = format!("WorkflowId={workflow_id} WorkflowType={type_name} Namespace={namespace}");
    for (name, timeout) in [
        ("WorkflowExecutionTimeout", &mut attributes.workflow_execution_timeout),
        ("WorkflowRunTimeout", &mut attributes.workflow_run_timeout),
        ("WorkflowTaskTimeout", &mut attributes.workflow_task_timeout),
    ] {
        *timeout = duration_of(timeout.as_ref())
            .map_err(|error| bad(format!("Invalid {name} on StartChildWorkflowExecutionCommand: {error}. {of_it}")))?;
    }
    attributes.retry_policy = attributes
        .retry_policy
        .take()
        .map(complete_policy)
        .transpose()
        .map_err(|error| bad(format!("invalid WorkflowRetryPolicy on StartChildWorkflowExecutionCommand: {error}. {of_it}")))?;
    Cron::check(&attributes.cron_schedule)
        .map_err(|error| bad(format!("invalid CronSchedule on StartChildWorkflowExecutionCommand: {error}. {of_it}")))?;
    let checked = attributes.search_attributes.take().map(|given| search_attributes::checked(given, cx.settings, namespace));
    attributes.search_attributes = checked.transpose().map_err(|error| {
        let message = format!("invalid SearchAttributes on StartChildWorkflowCommand: {error}. {of_it}");
        CommandFailure::new(WorkflowTaskFailedCause::BadSearchAttributes, message)
    })?;
    check_priority(attributes.priority.as_ref()).map_err(bad)?;
    attributes.task_queue = Some(queue(attributes.task_queue.take(), own_queue, &of_it, id_bytes_max(cx.settings))?);
    let (run_timeout, task_timeout) = timeouts(
        time::duration_or_none(attributes.workflow_run_timeout.as_ref()),
        time::duration_or_none(attributes.workflow_execution_timeout.as_ref()),
        time::duration_or_none(attributes.workflow_task_timeout.as_ref()),
    );
    attributes.workflow_run_timeout = Some(time::to_proto(run_timeout.unwrap_or_default()));
    attributes.workflow_task_timeout = Some(time::to_proto(task_timeout));
    if attributes.parent_close_policy() == ParentClosePolicy::Unspecified {
        attributes.set_parent_close_policy(ParentClosePolicy::Terminate);
    }
    if attributes.workflow_id_reuse_policy() == WorkflowIdReusePolicy::Unspecified {
        attributes.set_workflow_id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate);
    }
    Ok(())
}

/// Checks workflow id and type.
fn check_names(workflow_id: &str, type_name: &str, namespace: &str, limit: usize) -> Result<(), CommandFailure> {
    if workflow_id.is_empty() {
        return Err(bad(format!(
            "Required field WorkflowId is not set on StartChildWorkflowExecutionCommand. WorkflowType={type_name} Namespace={namespace}"
        )));
    }
    if type_name.is_empty() {
        return Err(bad(format!(
            "Required field WorkflowType is not set on StartChildWorkflowExecutionCommand. WorkflowId={workflow_id} Namespace={namespace}"
        )));
    }
    if workflow_id.len() > limit {
        return Err(bad(format!(
            "WorkflowId on StartChildWorkflowExecutionCommand exceeds length limit. WorkflowId={workflow_id} Length={} \
             Limit={limit} WorkflowType={type_name} Namespace={namespace}",
            workflow_id.len()
        )));
    }
    if type_name.len() > limit {
        return Err(bad(format!(
            "WorkflowType on StartChildWorkflowExecutionCommand exceeds length limit. WorkflowId={workflow_id} WorkflowType={type_name} \
             Length={} Limit={limit} Namespace={namespace}",
            type_name.len()
        )));
    }
    Ok(())
}

/// The child's task queue; the parent's where the command names none.
fn queue(queue: Option<TaskQueue>, own_queue: &str, of_it: &str, limit: usize) -> Result<TaskQueue, CommandFailure> {
    let mut queue = queue.unwrap_or(TaskQueue { kind: TaskQueueKind::Normal as i32, ..TaskQueue::default() });
    if queue.name.is_empty() {
        own_queue.clone_into(&mut queue.name);
    }
    let shown = format!("name:{:?}  kind:{}", queue.name, queue.kind().as_str_name());
    complete_queue(Some(queue), own_queue, limit)
        .map_err(|error| bad(format!("invalid TaskQueue on StartChildWorkflowExecutionCommand: {error}. {of_it} TaskQueue={shown}")))
}

/// Oversized payloads terminate the workflow.
fn check_sizes(attributes: &StartChildWorkflowExecutionCommandAttributes, cx: &CommandContext<'_>) -> Result<(), CommandFailure> {
    if !blob_fits(encoded_len(attributes.input.as_ref()), cx.settings) {
        return Err(CommandFailure::terminate(BAD, "StartChildWorkflowExecutionCommandAttributes. Input exceeds size limit."));
    }
    if !blob_fits(encoded_len(attributes.memo.as_ref()), cx.settings) {
        return Err(CommandFailure::terminate(BAD, "StartChildWorkflowExecutionCommandAttributes.Memo exceeds size limit."));
    }
    let Some(given) = &attributes.search_attributes else { return Ok(()) };
    search_attributes::check_sizes(given, cx.settings).map_err(|message| CommandFailure::terminate(BAD, message))
}

/// The event, with all values as they are in force.
#[allow(deprecated, reason = "deprecated fields are stored as older SDKs send them")]
fn initiated(
    attributes: StartChildWorkflowExecutionCommandAttributes,
    cx: &CommandContext<'_>,
) -> StartChildWorkflowExecutionInitiatedEventAttributes {
    StartChildWorkflowExecutionInitiatedEventAttributes {
        namespace: attributes.namespace,
        namespace_id: cx.settings.namespace_id.clone(),
        workflow_id: attributes.workflow_id,
        workflow_type: attributes.workflow_type,
        task_queue: attributes.task_queue,
        input: attributes.input,
        workflow_execution_timeout: attributes.workflow_execution_timeout,
        workflow_run_timeout: attributes.workflow_run_timeout,
        workflow_task_timeout: attributes.workflow_task_timeout,
        parent_close_policy: attributes.parent_close_policy,
        control: attributes.control,
        workflow_task_completed_event_id: cx.completed_event_id,
        workflow_id_reuse_policy: attributes.workflow_id_reuse_policy,
        retry_policy: attributes.retry_policy,
        cron_schedule: attributes.cron_schedule,
        header: attributes.header,
        memo: without_nulls_memo(attributes.memo),
        search_attributes: without_nulls_search_attributes(attributes.search_attributes),
        inherit_build_id: attributes.inherit_build_id,
        priority: attributes.priority,
        ..StartChildWorkflowExecutionInitiatedEventAttributes::default()
    }
}

/// A failure of the workflow task, with this message.
fn bad(message: impl Into<String>) -> CommandFailure {
    CommandFailure::new(BAD, message)
}
