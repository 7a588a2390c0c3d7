//! ContinueAsNewWorkflowExecution: the run closes and its next one begins, in the same decision.
//!
//! Temporal: mutable_state_impl.go (AddContinueAsNewEvent), api/command_attr_validator.go.

use std::time::Duration;

use klamm_machine::time;
use klamm_messages::{
    klamm::v1::RunState,
    temporal::{
        command::v1::ContinueAsNewWorkflowExecutionCommandAttributes,
        common::v1::WorkflowType,
        enums::v1::{EventType, TaskQueueKind, WorkflowTaskFailedCause},
        history::v1::{WorkflowExecutionContinuedAsNewEventAttributes, history_event::Attributes},
        taskqueue::v1::TaskQueue,
    },
};

use super::{
    CommandContext, CommandFailure,
    check::{duration_of, encoded_len, id_bytes_max},
};
use crate::{
    activity::options::complete_policy,
    decide::{limits::blob_fits, start_workflow::timeouts},
    run::{Run, normal_task_queue, workflow_type},
    successor::{LastResult, Next, Work, follow},
};

/// Cause of the workflow task's failure when the attributes are wrong.
const BAD: WorkflowTaskFailedCause = WorkflowTaskFailedCause::BadContinueAsNewAttributes;

/// Closes the run and begins the next.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    attributes: &ContinueAsNewWorkflowExecutionCommandAttributes,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    let continued = complete(attributes, &run.state(), id_bytes_max(cx.settings))?;
    check_sizes(&continued, cx)?;
    follow(run, next(&continued), cx.settings, |run, new_run_id| {
        let event = closing_event(continued, new_run_id, cx);
        run.close_by_command(
            EventType::WorkflowExecutionContinuedAsNew,
            Attributes::WorkflowExecutionContinuedAsNewEventAttributes(Box::new(event)),
            cx,
        );
    });
    Ok(())
}

/// What the command says of the next run. The rest is inherited.
fn next(continued: &ContinueAsNewWorkflowExecutionCommandAttributes) -> Next {
    Next {
        initiator: continued.initiator(),
        backoff: continued.backoff_start_interval,
        last_result: LastResult::Told(continued.last_completion_result.clone()),
        failure: continued.failure.clone(),
        work: Some(Work {
            workflow_type: continued.workflow_type.clone(),
            task_queue: continued.task_queue.clone(),
            input: continued.input.clone(),
            header: continued.header.clone(),
            memo: continued.memo.clone(),
            search_attributes: continued.search_attributes.clone(),
            run_timeout: continued.workflow_run_timeout,
            task_timeout: continued.workflow_task_timeout,
            retry_policy: continued.retry_policy.clone(),
            cron_schedule: continued.cron_schedule.clone(),
        }),
    }
}

/// The event that closes the run and names the next one.
#[allow(deprecated, reason = "inherit_build_id is stored as given")]
fn closing_event(
    continued: ContinueAsNewWorkflowExecutionCommandAttributes,
    new_execution_run_id: String,
    cx: &CommandContext<'_>,
) -> WorkflowExecutionContinuedAsNewEventAttributes {
    WorkflowExecutionContinuedAsNewEventAttributes {
        new_execution_run_id,
        workflow_type: continued.workflow_type,
        task_queue: continued.task_queue,
        input: continued.input,
        workflow_run_timeout: continued.workflow_run_timeout,
        workflow_task_timeout: continued.workflow_task_timeout,
        workflow_task_completed_event_id: cx.completed_event_id,
        backoff_start_interval: continued.backoff_start_interval,
        initiator: continued.initiator,
        failure: continued.failure,
        last_completion_result: continued.last_completion_result,
        header: continued.header,
        memo: continued.memo,
        search_attributes: continued.search_attributes,
        inherit_build_id: continued.inherit_build_id,
        ..WorkflowExecutionContinuedAsNewEventAttributes::default()
    }
}

/// The attributes, with what they leave out taken from the run, and with the time-outs that will be in force.
fn complete(
    attributes: &ContinueAsNewWorkflowExecutionCommandAttributes,
    state: &RunState,
    limit: usize,
) -> Result<ContinueAsNewWorkflowExecutionCommandAttributes, CommandFailure> {
    let mut attributes = attributes.clone();
    if attributes.workflow_type.as_ref().is_none_or(|workflow_type| workflow_type.name.is_empty()) {
        attributes.workflow_type = Some(WorkflowType { name: workflow_type(state) });
    }
    let type_name = attributes.workflow_type.as_ref().map_or("", |workflow_type| &workflow_type.name);
    if type_name.len() > limit {
        return Err(CommandFailure::new(
            BAD,
            format!(
                "WorkflowType on ContinueAsNewWorkflowExecutionCommand exceeds length limit. WorkflowType={type_name} Length={} \
                 Limit={limit}",
                type_name.len()
            ),
        ));
    }
    let mut queue = attributes.task_queue.take().unwrap_or_default();
    if queue.name.is_empty() {
        queue.name = normal_task_queue(state).name;
    }
    if queue.name.len() > limit || queue.name.starts_with("/_sys/") {
        return Err(CommandFailure::new(BAD, "TaskQueue on ContinueAsNewWorkflowExecutionCommand is not valid."));
    }
    attributes.task_queue = Some(TaskQueue { kind: TaskQueueKind::Normal as i32, normal_name: String::new(), ..queue });

    let started = state.started.clone().unwrap_or_default();
    let run_timeout = checked(attributes.workflow_run_timeout.as_ref(), "WorkflowRunTimeout")?;
    let task_timeout = checked(attributes.workflow_task_timeout.as_ref(), "WorkflowTaskTimeout")?;
    attributes.backoff_start_interval =
        duration_of(attributes.backoff_start_interval.as_ref()).map_err(|error| invalid("BackoffStartInterval", error))?;
    let (run_timeout, task_timeout) = timeouts(
        run_timeout.or(time::duration_or_none(started.workflow_run_timeout.as_ref())),
        time::duration_or_none(started.workflow_execution_timeout.as_ref()),
        task_timeout.or(time::duration_or_none(started.workflow_task_timeout.as_ref())),
    );
    attributes.workflow_run_timeout = Some(time::to_proto(run_timeout.unwrap_or_default()));
    attributes.workflow_task_timeout = Some(time::to_proto(task_timeout));
    attributes.retry_policy = attributes.retry_policy.map(complete_policy).transpose().map_err(|error| {
        CommandFailure::new(BAD, format!("invalid WorkflowRetryPolicy on ContinueAsNewWorkflowExecutionCommand: {error}"))
    })?;
    Ok(attributes)
}

/// A time-out; `None` where it is not set.
fn checked(timeout: Option<&prost_types::Duration>, name: &str) -> Result<Option<Duration>, CommandFailure> {
    let timeout = duration_of(timeout).map_err(|error| invalid(name, error))?;
    Ok(time::duration_or_none(timeout.as_ref()))
}

/// The failure for a duration that is invalid.
fn invalid(name: &str, error: &str) -> CommandFailure {
    CommandFailure::new(BAD, format!("Invalid {name} on ContinueAsNewWorkflowExecutionCommand: {error}."))
}

/// Oversized payloads terminate the workflow.
fn check_sizes(attributes: &ContinueAsNewWorkflowExecutionCommandAttributes, cx: &CommandContext<'_>) -> Result<(), CommandFailure> {
    let too_large =
        |what: &str| CommandFailure::terminate(BAD, format!("ContinueAsNewWorkflowExecutionCommandAttributes. {what} exceeds size limit."));
    if !blob_fits(encoded_len(attributes.input.as_ref()), cx.settings) {
        return Err(too_large("Input"));
    }
    if !blob_fits(encoded_len(attributes.memo.as_ref()), cx.settings) {
        return Err(too_large("Memo"));
    }
    if !blob_fits(encoded_len(attributes.search_attributes.as_ref()), cx.settings) {
        return Err(too_large("SearchAttributes"));
    }
    Ok(())
}
