//! Histories as text: one line per event, with the attributes that matter; internal records begin with "~".

use klamm_machine::{Time, time};
use klamm_messages::{
    klamm::v1::{HistoryRecord, history_record::Record},
    temporal::{
        command::v1::command::Attributes as CommandAttributes,
        common::v1::{Payloads, WorkflowExecution},
        enums::v1::{CommandType, ContinueAsNewInitiator, TaskQueueKind, TimeoutType, WorkflowTaskFailedCause},
        history::v1::{HistoryEvent, history_event::Attributes},
        taskqueue::v1::TaskQueue,
    },
};
use klamm_workflow::Event;

/// A public event: "3 WorkflowTaskStarted {scheduled: 2}".
pub fn line(event: &HistoryEvent) -> String {
    let name = camel_case(event.event_type().as_str_name().trim_start_matches("EVENT_TYPE_"));
    let fields = event.attributes.as_ref().map(fields).unwrap_or_default();
    let fields: Vec<_> =
        fields.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}: {value}")).collect();
    if fields.is_empty() { format!("{} {name}", event.event_id) } else { format!("{} {name} {{{}}}", event.event_id, fields.join(", ")) }
}

/// Any event of the machine.
pub fn record_line(event: &Event) -> String {
    match event {
        Event::Record(record) => record_text(record),
        Event::Delete { run_id, key_suffixes, .. } => format!("delete {run_id} [{}]", key_suffixes.join(" ")),
    }
}

fn record_text(record: &HistoryRecord) -> String {
    match record.record.as_ref() {
        Some(Record::Event(event)) => line(event),
        Some(Record::WorkflowTask(task)) => format!(
            "~workflow_task {} attempt {} scheduled {} started {}{}{}",
            task.phase().as_str_name().trim_start_matches("WORKFLOW_TASK_PHASE_").to_lowercase(),
            task.attempt,
            task.scheduled_event_id,
            task.started_event_id,
            if task.speculative { " speculative" } else { "" },
            if task.sent_updates.is_empty() { String::new() } else { format!(" sent {:?}", task.sent_updates) }
        ),
        Some(Record::BufferedEvents(buffered)) => {
            let names: Vec<_> = buffered.events.iter().map(line).map(|line| line.trim_start_matches("0 ").to_owned()).collect();
            format!("~buffered [{}]", names.join(" | "))
        }
        Some(Record::Sticky(sticky)) => format!("~sticky {:?}", sticky.task_queue),
        Some(Record::Execution(execution)) => {
            let delete = execution.delete_time.as_ref().map(|time| format!(" delete {}", Time::from(time).millis())).unwrap_or_default();
            format!("~execution requests [{}]{delete}", execution.request_ids.join(" "))
        }
        Some(Record::External(external)) => {
            let retry = external.retry_time.as_ref().map(|time| format!(" retry {}", Time::from(time).millis())).unwrap_or_default();
            format!("~external {} attempt {}{retry}", external.initiated_event_id, external.attempt)
        }
        Some(Record::Outcome(outcome)) => format!("~outcome of {} events", outcome.closing.as_ref().map_or(0, |closing| closing.event_id)),
        Some(Record::WorkflowIdFreed(_)) => format!("~freed {}", record.run_id),
        Some(Record::Update(update)) => format!(
            "~update {} {} number {} in slot {}",
            update.update_id,
            update.phase().as_str_name().trim_start_matches("UPDATE_PHASE_").to_lowercase(),
            update.number,
            update.slot
        ),
        Some(Record::Activity(activity)) => format!("~activity {} attempt {}", activity.scheduled_event_id, activity.attempt),
        other => format!("~{other:?}"),
    }
}

/// Derived run ids are UUIDs: the text has next-1, next-2, … in the order of their appearance.
pub fn with_plain_run_ids(text: &str, log: &[Event]) -> String {
    let mut text = text.to_owned();
    let mut seen: Vec<&str> = Vec::new();
    for event in log {
        if let Event::Record(record) = event
            && !record.run_id.starts_with("run-")
            && !seen.contains(&record.run_id.as_str())
        {
            seen.push(&record.run_id);
        }
    }
    for (at, run_id) in seen.into_iter().enumerate() {
        text = text.replace(run_id, &format!("next-{}", at + 1));
    }
    text
}

/// The attributes that matter, unset ones empty.
#[allow(deprecated, reason = "older workers tell their binary by binary_checksum")]
fn fields(attributes: &Attributes) -> Vec<(&'static str, String)> {
    match attributes {
        Attributes::WorkflowExecutionStartedEventAttributes(a) => vec![
            ("type", a.workflow_type.clone().unwrap_or_default().name),
            ("queue", queue(a.task_queue.as_ref())),
            ("run_timeout", duration(a.workflow_run_timeout.as_ref())),
            ("execution_timeout", duration(a.workflow_execution_timeout.as_ref())),
            ("task_timeout", duration(a.workflow_task_timeout.as_ref())),
            ("backoff", duration(a.first_workflow_task_backoff.as_ref())),
            ("cron", a.cron_schedule.clone()),
            ("attempt", if a.attempt > 1 { a.attempt.to_string() } else { String::new() }),
            ("initiator", if a.initiator() == ContinueAsNewInitiator::Workflow { String::new() } else { initiator(a.initiator()) }),
            ("failure", a.continued_failure.clone().unwrap_or_default().message),
            ("last_result", payloads(a.last_completion_result.as_ref())),
            ("continued", a.continued_execution_run_id.clone()),
            ("first", a.first_execution_run_id.clone()),
            ("original", a.original_execution_run_id.clone()),
            ("parent", child(a.parent_workflow_execution.as_ref())),
            ("root", child(a.root_workflow_execution.as_ref())),
        ],
        Attributes::WorkflowTaskScheduledEventAttributes(a) => vec![
            ("queue", queue(a.task_queue.as_ref())),
            ("timeout", duration(a.start_to_close_timeout.as_ref())),
            ("attempt", a.attempt.to_string()),
        ],
        Attributes::WorkflowTaskStartedEventAttributes(a) => vec![
            ("scheduled", a.scheduled_event_id.to_string()),
            ("request", a.request_id.clone()),
            ("suggest_continue_as_new", flag(a.suggest_continue_as_new)),
        ],
        Attributes::WorkflowTaskCompletedEventAttributes(a) => vec![
            ("scheduled", a.scheduled_event_id.to_string()),
            ("started", a.started_event_id.to_string()),
            ("sdk", a.sdk_metadata.clone().unwrap_or_default().sdk_name),
            ("binary", a.binary_checksum.clone()),
        ],
        Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(a) => {
            vec![("update", a.request.clone().unwrap_or_default().meta.unwrap_or_default().update_id)]
        }
        Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(a) => vec![
            ("update", a.protocol_instance_id.clone()),
            ("message", a.accepted_request_message_id.clone()),
            ("sequencing", a.accepted_request_sequencing_event_id.to_string()),
            ("request", flag(a.accepted_request.is_some())),
        ],
        Attributes::WorkflowExecutionUpdateCompletedEventAttributes(a) => {
            vec![("update", a.meta.clone().unwrap_or_default().update_id), ("accepted", a.accepted_event_id.to_string())]
        }
        Attributes::WorkflowTaskFailedEventAttributes(a) => vec![
            ("scheduled", a.scheduled_event_id.to_string()),
            ("started", a.started_event_id.to_string()),
            ("cause", cause(a.cause())),
            ("message", a.failure.clone().unwrap_or_default().message),
            ("identity", a.identity.clone()),
        ],
        Attributes::WorkflowTaskTimedOutEventAttributes(a) => vec![
            ("scheduled", a.scheduled_event_id.to_string()),
            ("started", a.started_event_id.to_string()),
            ("timeout", timeout(a.timeout_type())),
        ],
        Attributes::WorkflowExecutionSignaledEventAttributes(a) => vec![
            ("name", a.signal_name.clone()),
            ("from", execution(a.external_workflow_execution.as_ref())),
            ("request", if a.external_workflow_execution.is_some() { String::new() } else { a.request_id.clone() }),
        ],
        Attributes::WorkflowExecutionCancelRequestedEventAttributes(a) => vec![
            ("cause", a.cause.clone()),
            ("identity", a.identity.clone()),
            ("from", execution(a.external_workflow_execution.as_ref())),
            ("initiated", id(a.external_initiated_event_id)),
        ],
        Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(a) => {
            vec![("target", execution(a.workflow_execution.as_ref())), ("name", a.signal_name.clone())]
        }
        Attributes::ExternalWorkflowExecutionSignaledEventAttributes(a) => {
            vec![("initiated", id(a.initiated_event_id)), ("target", execution(a.workflow_execution.as_ref()))]
        }
        Attributes::SignalExternalWorkflowExecutionFailedEventAttributes(a) => vec![
            ("initiated", id(a.initiated_event_id)),
            ("target", execution(a.workflow_execution.as_ref())),
            ("cause", a.cause().as_str_name().trim_start_matches("SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_").to_owned()),
        ],
        Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(a) => {
            vec![("target", execution(a.workflow_execution.as_ref())), ("reason", a.reason.clone())]
        }
        Attributes::ExternalWorkflowExecutionCancelRequestedEventAttributes(a) => {
            vec![("initiated", id(a.initiated_event_id)), ("target", execution(a.workflow_execution.as_ref()))]
        }
        Attributes::RequestCancelExternalWorkflowExecutionFailedEventAttributes(a) => vec![
            ("initiated", id(a.initiated_event_id)),
            ("target", execution(a.workflow_execution.as_ref())),
            ("cause", a.cause().as_str_name().trim_start_matches("CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_").to_owned()),
        ],
        Attributes::WorkflowExecutionTerminatedEventAttributes(a) => {
            vec![("reason", a.reason.clone()), ("details", payloads(a.details.as_ref())), ("identity", a.identity.clone())]
        }
        Attributes::WorkflowExecutionCompletedEventAttributes(a) => {
            vec![
                ("completed", a.workflow_task_completed_event_id.to_string()),
                ("result", payloads(a.result.as_ref())),
                ("new", a.new_execution_run_id.clone()),
            ]
        }
        Attributes::WorkflowExecutionFailedEventAttributes(a) => vec![
            ("completed", a.workflow_task_completed_event_id.to_string()),
            ("message", a.failure.clone().unwrap_or_default().message),
            ("retry_state", a.retry_state().as_str_name().trim_start_matches("RETRY_STATE_").to_owned()),
            ("new", a.new_execution_run_id.clone()),
        ],
        Attributes::WorkflowExecutionTimedOutEventAttributes(a) => vec![
            ("retry_state", a.retry_state().as_str_name().trim_start_matches("RETRY_STATE_").to_owned()),
            ("new", a.new_execution_run_id.clone()),
        ],
        Attributes::WorkflowExecutionCanceledEventAttributes(a) => {
            vec![("completed", a.workflow_task_completed_event_id.to_string()), ("details", payloads(a.details.as_ref()))]
        }
        Attributes::WorkflowExecutionContinuedAsNewEventAttributes(a) => vec![
            ("new", a.new_execution_run_id.clone()),
            ("type", a.workflow_type.clone().unwrap_or_default().name),
            ("queue", queue(a.task_queue.as_ref())),
            ("completed", a.workflow_task_completed_event_id.to_string()),
            ("initiator", a.initiator().as_str_name().trim_start_matches("CONTINUE_AS_NEW_INITIATOR_").to_owned()),
        ],
        Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(a) => vec![("attached_request", a.attached_request_id.clone())],
        Attributes::ActivityTaskScheduledEventAttributes(a) => vec![("id", a.activity_id.clone())],
        Attributes::ActivityTaskStartedEventAttributes(a) => vec![("scheduled", a.scheduled_event_id.to_string())],
        Attributes::ActivityTaskCompletedEventAttributes(a) => {
            vec![("scheduled", a.scheduled_event_id.to_string()), ("started", a.started_event_id.to_string())]
        }
        Attributes::ActivityTaskCanceledEventAttributes(a) => {
            vec![("scheduled", a.scheduled_event_id.to_string()), ("started", a.started_event_id.to_string())]
        }
        Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(_)
        | Attributes::StartChildWorkflowExecutionFailedEventAttributes(_)
        | Attributes::ChildWorkflowExecutionStartedEventAttributes(_)
        | Attributes::ChildWorkflowExecutionCompletedEventAttributes(_)
        | Attributes::ChildWorkflowExecutionFailedEventAttributes(_)
        | Attributes::ChildWorkflowExecutionCanceledEventAttributes(_)
        | Attributes::ChildWorkflowExecutionTimedOutEventAttributes(_)
        | Attributes::ChildWorkflowExecutionTerminatedEventAttributes(_) => child_fields(attributes),
        Attributes::TimerStartedEventAttributes(a) => vec![("id", a.timer_id.clone())],
        Attributes::TimerFiredEventAttributes(a) => vec![("id", a.timer_id.clone()), ("started", a.started_event_id.to_string())],
        _ => Vec::new(),
    }
}

/// The attributes that matter of an event about a child.
#[allow(deprecated, reason = "older SDKs use control")]
fn child_fields(attributes: &Attributes) -> Vec<(&'static str, String)> {
    let ended = |execution: &Option<WorkflowExecution>, initiated: i64, started: i64, what: (&'static str, String)| {
        vec![("child", child(execution.as_ref())), ("initiated", initiated.to_string()), ("started", started.to_string()), what]
    };
    match attributes {
        Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(a) => vec![
            ("id", a.workflow_id.clone()),
            ("type", a.workflow_type.clone().unwrap_or_default().name),
            ("queue", queue(a.task_queue.as_ref())),
            ("run_timeout", duration(a.workflow_run_timeout.as_ref())),
            ("execution_timeout", duration(a.workflow_execution_timeout.as_ref())),
            ("task_timeout", duration(a.workflow_task_timeout.as_ref())),
            ("close", a.parent_close_policy().as_str_name().trim_start_matches("PARENT_CLOSE_POLICY_").to_owned()),
            ("reuse", a.workflow_id_reuse_policy().as_str_name().trim_start_matches("WORKFLOW_ID_REUSE_POLICY_").to_owned()),
            ("completed", a.workflow_task_completed_event_id.to_string()),
        ],
        Attributes::StartChildWorkflowExecutionFailedEventAttributes(a) => vec![
            ("id", a.workflow_id.clone()),
            ("type", a.workflow_type.clone().unwrap_or_default().name),
            ("initiated", a.initiated_event_id.to_string()),
            ("cause", a.cause().as_str_name().trim_start_matches("START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_").to_owned()),
            ("control", a.control.clone()),
        ],
        Attributes::ChildWorkflowExecutionStartedEventAttributes(a) => {
            vec![("child", child(a.workflow_execution.as_ref())), ("initiated", a.initiated_event_id.to_string())]
        }
        Attributes::ChildWorkflowExecutionCompletedEventAttributes(a) => {
            ended(&a.workflow_execution, a.initiated_event_id, a.started_event_id, ("result", payloads(a.result.as_ref())))
        }
        Attributes::ChildWorkflowExecutionFailedEventAttributes(a) => {
            let message = a.failure.clone().unwrap_or_default().message;
            ended(&a.workflow_execution, a.initiated_event_id, a.started_event_id, ("message", message))
        }
        Attributes::ChildWorkflowExecutionCanceledEventAttributes(a) => {
            ended(&a.workflow_execution, a.initiated_event_id, a.started_event_id, ("details", payloads(a.details.as_ref())))
        }
        Attributes::ChildWorkflowExecutionTimedOutEventAttributes(a) => {
            let state = a.retry_state().as_str_name().trim_start_matches("RETRY_STATE_").to_owned();
            ended(&a.workflow_execution, a.initiated_event_id, a.started_event_id, ("retry_state", state))
        }
        Attributes::ChildWorkflowExecutionTerminatedEventAttributes(a) => {
            ended(&a.workflow_execution, a.initiated_event_id, a.started_event_id, ("", String::new()))
        }
        _ => Vec::new(),
    }
}

fn child(execution: Option<&WorkflowExecution>) -> String {
    execution.map(|execution| format!("{}/{}", execution.workflow_id, execution.run_id)).unwrap_or_default()
}

/// The type that goes with a command's attributes.
pub fn command_type(attributes: &CommandAttributes) -> CommandType {
    match attributes {
        CommandAttributes::ScheduleActivityTaskCommandAttributes(_) => CommandType::ScheduleActivityTask,
        CommandAttributes::StartTimerCommandAttributes(_) => CommandType::StartTimer,
        CommandAttributes::CompleteWorkflowExecutionCommandAttributes(_) => CommandType::CompleteWorkflowExecution,
        CommandAttributes::FailWorkflowExecutionCommandAttributes(_) => CommandType::FailWorkflowExecution,
        CommandAttributes::RequestCancelActivityTaskCommandAttributes(_) => CommandType::RequestCancelActivityTask,
        CommandAttributes::CancelTimerCommandAttributes(_) => CommandType::CancelTimer,
        CommandAttributes::CancelWorkflowExecutionCommandAttributes(_) => CommandType::CancelWorkflowExecution,
        CommandAttributes::RequestCancelExternalWorkflowExecutionCommandAttributes(_) => {
            CommandType::RequestCancelExternalWorkflowExecution
        }
        CommandAttributes::RecordMarkerCommandAttributes(_) => CommandType::RecordMarker,
        CommandAttributes::ContinueAsNewWorkflowExecutionCommandAttributes(_) => CommandType::ContinueAsNewWorkflowExecution,
        CommandAttributes::StartChildWorkflowExecutionCommandAttributes(_) => CommandType::StartChildWorkflowExecution,
        CommandAttributes::SignalExternalWorkflowExecutionCommandAttributes(_) => CommandType::SignalExternalWorkflowExecution,
        CommandAttributes::UpsertWorkflowSearchAttributesCommandAttributes(_) => CommandType::UpsertWorkflowSearchAttributes,
        CommandAttributes::ProtocolMessageCommandAttributes(_) => CommandType::ProtocolMessage,
        CommandAttributes::ModifyWorkflowPropertiesCommandAttributes(_) => CommandType::ModifyWorkflowProperties,
        CommandAttributes::ScheduleNexusOperationCommandAttributes(_) => CommandType::ScheduleNexusOperation,
        CommandAttributes::RequestCancelNexusOperationCommandAttributes(_) => CommandType::RequestCancelNexusOperation,
    }
}

fn execution(execution: Option<&WorkflowExecution>) -> String {
    match execution {
        Some(execution) if execution.run_id.is_empty() => execution.workflow_id.clone(),
        Some(execution) => format!("{}/{}", execution.workflow_id, execution.run_id),
        None => String::new(),
    }
}

/// An event's id; nothing where there is none.
fn id(event_id: i64) -> String {
    if event_id == 0 { String::new() } else { event_id.to_string() }
}

fn queue(queue: Option<&TaskQueue>) -> String {
    match queue {
        Some(queue) if queue.kind() == TaskQueueKind::Sticky => format!("{} for {}", queue.name, queue.normal_name),
        Some(queue) => queue.name.clone(),
        None => String::new(),
    }
}

fn duration(duration: Option<&prost_types::Duration>) -> String {
    time::duration_or_none(duration).map(|duration| format!("{duration:?}")).unwrap_or_default()
}

fn payloads(payloads: Option<&Payloads>) -> String {
    payloads
        .map(|payloads| payloads.payloads.iter().map(|payload| String::from_utf8_lossy(&payload.data).into_owned()).collect())
        .unwrap_or_default()
}

fn cause(cause: WorkflowTaskFailedCause) -> String {
    cause.as_str_name().trim_start_matches("WORKFLOW_TASK_FAILED_CAUSE_").to_owned()
}

/// Empty where none is told.
fn initiator(initiator: ContinueAsNewInitiator) -> String {
    match initiator {
        ContinueAsNewInitiator::Unspecified => String::new(),
        initiator => initiator.as_str_name().trim_start_matches("CONTINUE_AS_NEW_INITIATOR_").to_owned(),
    }
}

fn timeout(timeout: TimeoutType) -> String {
    timeout.as_str_name().trim_start_matches("TIMEOUT_TYPE_").to_owned()
}

fn flag(flag: bool) -> String {
    if flag { "true".to_owned() } else { String::new() }
}

fn camel_case(name: &str) -> String {
    name.split('_').map(|word| format!("{}{}", &word[..1], word[1..].to_lowercase())).collect()
}
