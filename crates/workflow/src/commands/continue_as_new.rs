//! ContinueAsNewWorkflowExecution: the run closes and its next one begins, in the same decision.
//!
//! Temporal: mutable_state_impl.go (AddContinueAsNewEvent, ContinueAsNewMinBackoff), api/command_attr_validator.go.

use std::time::Duration;

use klamm_machine::{Time, time};
use klamm_messages::{
    klamm::v1::RunState,
    temporal::{
        command::v1::ContinueAsNewWorkflowExecutionCommandAttributes,
        common::v1::WorkflowType,
        enums::v1::{ContinueAsNewInitiator, EventType, TaskQueueKind, WorkflowTaskFailedCause},
        history::v1::{
            HistoryEvent, WorkflowExecutionContinuedAsNewEventAttributes, WorkflowExecutionStartedEventAttributes,
            history_event::Attributes,
        },
        taskqueue::v1::TaskQueue,
        workflow::v1::ResetPoints,
    },
};

use super::{
    CommandContext, CommandFailure,
    check::{ID_BYTES_MAX, duration_of, encoded_len},
};
use crate::{
    decide::{
        limits::blob_fits,
        start_workflow::{Start, schedule_first_workflow_task, start, timeouts, without_nulls_memo, without_nulls_search_attributes},
    },
    run::{Run, first_run_id, normal_task_queue, workflow_type},
    tables::{History, RunKey},
};

/// Least time between the starts of two runs of a chain (history.workflowIdReuseMinimalInterval).
const MINIMAL_INTERVAL: Duration = Duration::from_secs(1);
/// The failure of the workflow task where the attributes are wrong.
const BAD: WorkflowTaskFailedCause = WorkflowTaskFailedCause::BadContinueAsNewAttributes;

/// Closes the run and begins the next.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    attributes: &ContinueAsNewWorkflowExecutionCommandAttributes,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    let state = run.state();
    let now = run.now();
    let continued = complete(attributes, &state)?;
    check_sizes(&continued, cx)?;
    let next = next_start(&continued, &state, start_event_of(run), now, cx);
    drop(state);

    let new_run_id = run.tx.context.derive_id();
    let next = Start { request_id: run.tx.context.derive_id(), ..next };
    #[allow(deprecated, reason = "inherit_build_id is stored as given")]
    let event = WorkflowExecutionContinuedAsNewEventAttributes {
        new_execution_run_id: new_run_id.clone(),
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
    };
    run.close_by_command(EventType::WorkflowExecutionContinuedAsNew, Attributes::WorkflowExecutionContinuedAsNewEventAttributes(event), cx);

    let key = RunKey::new(&run.key.namespace, &run.key.workflow_id, new_run_id);
    let mut next_run = Run::new(run.tx, key);
    start(&mut next_run, next, cx.settings);
    schedule_first_workflow_task(&mut next_run);
    Ok(())
}

/// The attributes with what they leave open taken from the run, and time-outs as they will be in force.
fn complete(
    attributes: &ContinueAsNewWorkflowExecutionCommandAttributes,
    state: &RunState,
) -> Result<ContinueAsNewWorkflowExecutionCommandAttributes, CommandFailure> {
    let mut attributes = attributes.clone();
    if attributes.retry_policy.is_some() || !attributes.cron_schedule.is_empty() {
        return Err(CommandFailure::new(
            WorkflowTaskFailedCause::FeatureDisabled,
            "retry policies and cron schedules of workflows are not supported yet.",
        ));
    }
    if attributes.workflow_type.as_ref().is_none_or(|workflow_type| workflow_type.name.is_empty()) {
        attributes.workflow_type = Some(WorkflowType { name: workflow_type(state) });
    }
    let type_name = attributes.workflow_type.as_ref().map_or("", |workflow_type| &workflow_type.name);
    if type_name.len() > ID_BYTES_MAX {
        return Err(CommandFailure::new(
            BAD,
            format!(
                "WorkflowType on ContinueAsNewWorkflowExecutionCommand exceeds length limit. WorkflowType={type_name} Length={} \
                 Limit={ID_BYTES_MAX}",
                type_name.len()
            ),
        ));
    }
    let mut queue = attributes.task_queue.take().unwrap_or_default();
    if queue.name.is_empty() {
        queue.name = normal_task_queue(state).name;
    }
    if queue.name.len() > ID_BYTES_MAX || queue.name.starts_with("/_sys/") {
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
    Ok(attributes)
}

/// A time-out, `None` where it is not told.
fn checked(timeout: Option<&prost_types::Duration>, name: &str) -> Result<Option<Duration>, CommandFailure> {
    let timeout = duration_of(timeout).map_err(|error| invalid(name, error))?;
    Ok(time::duration_or_none(timeout.as_ref()))
}

/// A duration that is none.
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

/// How the next run begins.
fn next_start(
    continued: &ContinueAsNewWorkflowExecutionCommandAttributes,
    state: &RunState,
    start_event: HistoryEvent,
    now: Time,
    cx: &CommandContext<'_>,
) -> Start {
    let started = state.started.clone().unwrap_or_default();
    Start {
        attributes: WorkflowExecutionStartedEventAttributes {
            workflow_type: continued.workflow_type.clone(),
            task_queue: continued.task_queue.clone(),
            input: continued.input.clone(),
            header: continued.header.clone(),
            workflow_execution_timeout: started.workflow_execution_timeout,
            workflow_run_timeout: continued.workflow_run_timeout,
            workflow_task_timeout: continued.workflow_task_timeout,
            continued_execution_run_id: state.run_id.clone(),
            initiator: match continued.initiator() {
                ContinueAsNewInitiator::Unspecified => ContinueAsNewInitiator::Workflow as i32,
                told => told as i32,
            },
            continued_failure: continued.failure.clone(),
            last_completion_result: continued.last_completion_result.clone(),
            first_execution_run_id: first_run_id(state),
            attempt: 1,
            workflow_execution_expiration_time: started.workflow_execution_expiration_time,
            first_workflow_task_backoff: backoff(continued.backoff_start_interval, state, &started, now),
            memo: without_nulls_memo(continued.memo.clone()),
            search_attributes: without_nulls_search_attributes(continued.search_attributes.clone()),
            prev_auto_reset_points: rolled_over(state, now, cx),
            priority: started.priority,
            ..WorkflowExecutionStartedEventAttributes::default()
        },
        event: HistoryEvent { links: start_event.links, user_metadata: start_event.user_metadata, ..HistoryEvent::default() },
        request_id: String::new(),
        scheduled_by: state.execution.as_ref().and_then(|execution| execution.scheduled_by.clone()),
    }
}

/// How long the next run's first workflow task waits: as told, but runs of a chain begin at least a second apart.
fn backoff(
    told: Option<prost_types::Duration>,
    state: &RunState,
    started: &WorkflowExecutionStartedEventAttributes,
    now: Time,
) -> Option<prost_types::Duration> {
    let start = state.start_time.as_ref().map_or(now, Time::from);
    let delay = time::duration_or_none(started.first_workflow_task_backoff.as_ref()).unwrap_or_default();
    let execution = start.after(delay);
    let lived = if now >= execution { now.since(execution) } else { now.since(start) };
    let interval = lived.saturating_add(told.as_ref().map(time::duration).unwrap_or_default());
    if interval < MINIMAL_INTERVAL { Some(time::to_proto(MINIMAL_INTERVAL - lived)) } else { told }
}

/// The auto-reset points that go on to the next run: this run's points expire with it.
fn rolled_over(state: &RunState, now: Time, cx: &CommandContext<'_>) -> Option<ResetPoints> {
    let retention = time::duration_or_none(cx.settings.retention.as_ref())
        .or_else(|| time::duration_or_none(state.execution.as_ref()?.retention.as_ref()));
    let mut points = state.auto_reset_points.clone()?;
    points.points.retain(|point| point.expire_time.as_ref().is_none_or(|expire| Time::from(expire) >= now));
    for point in &mut points.points {
        if point.run_id == state.run_id {
            point.expire_time = Some(now.after(retention.unwrap_or_default()).into());
        }
    }
    Some(points)
}

/// The run's first event.
fn start_event_of(run: &Run<'_, '_>) -> HistoryEvent {
    run.tx.get::<History>(&(run.key.clone(), 1)).map(|event| (*event).clone()).unwrap_or_default()
}
