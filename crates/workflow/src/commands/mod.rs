//! Commands of the workflow, as a completed workflow task brings them: one file per command.

mod cancel_timer;
mod cancel_workflow;
pub(crate) mod check;
mod complete_workflow;
mod continue_as_new;
mod fail_workflow;
#[cfg(test)]
mod histories;
mod modify_workflow_properties;
mod record_marker;
mod request_cancel_activity_task;
mod schedule_activity_task;
mod search_attributes;
mod start_timer;
mod upsert_search_attributes;

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::CommandSettings,
    temporal::{
        command::v1::{Command, command::Attributes},
        enums::v1::{CommandType, WorkflowTaskFailedCause},
        sdk::v1::UserMetadata,
    },
};

use crate::run::Run;

/// What the commands of one completed workflow task have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CommandContext<'c> {
    /// Id of WorkflowTaskCompleted: `workflow_task_completed_event_id` of every event that a command makes.
    pub(crate) completed_event_id: i64,
    /// Settings that the completion carried.
    pub(crate) settings: &'c CommandSettings,
    /// Identity of the worker that completed the task.
    pub(crate) identity: &'c str,
    /// Namespace of the run.
    pub(crate) namespace: &'c str,
    /// What the command carried besides its attributes: goes onto its event.
    pub(crate) user_metadata: Option<&'c UserMetadata>,
}

/// Why a command cannot be done: the whole completion is undone, its workflow task fails with `cause`, and the worker is answered
/// InvalidArgument `<CauseName>: <message>`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CommandFailure {
    /// Cause of WorkflowTaskFailed.
    pub(crate) cause: WorkflowTaskFailedCause,
    /// What is wrong.
    pub(crate) message: String,
    /// The workflow is terminated instead of its task failed (oversized payloads); the reason is the message.
    pub(crate) terminates: bool,
}

impl CommandFailure {
    /// A failure of the workflow task.
    pub(crate) fn new(cause: WorkflowTaskFailedCause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into(), terminates: false }
    }

    /// The workflow wants to close while events wait that it does not know: it has to look at them first.
    pub(crate) fn unhandled() -> Self {
        Self::new(WorkflowTaskFailedCause::UnhandledCommand, "")
    }

    /// A failure that terminates the workflow.
    pub(crate) fn terminate(cause: WorkflowTaskFailedCause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into(), terminates: true }
    }
}

/// Handles one command of the workflow.
///
/// # Errors
/// What is wrong with it; the caller undoes the whole completion.
pub(crate) fn handle(run: &mut Run<'_, '_>, command: &Command, cx: &CommandContext<'_>) -> Result<(), CommandFailure> {
    let told = command.attributes.as_ref().filter(|attributes| type_of(attributes) == command.command_type());
    let Some(attributes) = told else { return Err(attributes_missing(command.command_type())) };
    match attributes {
        Attributes::ScheduleActivityTaskCommandAttributes(a) => schedule_activity_task::handle(run, a, cx),
        Attributes::RequestCancelActivityTaskCommandAttributes(a) => request_cancel_activity_task::handle(run, a, cx),
        Attributes::StartTimerCommandAttributes(a) => start_timer::handle(run, a, cx),
        Attributes::CancelTimerCommandAttributes(a) => cancel_timer::handle(run, a, cx),
        Attributes::RecordMarkerCommandAttributes(a) => record_marker::handle(run, a, cx),
        Attributes::UpsertWorkflowSearchAttributesCommandAttributes(a) => upsert_search_attributes::handle(run, a, cx),
        Attributes::ModifyWorkflowPropertiesCommandAttributes(a) => modify_workflow_properties::handle(run, a, cx),
        Attributes::CompleteWorkflowExecutionCommandAttributes(a) => complete_workflow::handle(run, a, cx),
        Attributes::FailWorkflowExecutionCommandAttributes(a) => fail_workflow::handle(run, a, cx),
        Attributes::CancelWorkflowExecutionCommandAttributes(a) => cancel_workflow::handle(run, a, cx),
        Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(a) => continue_as_new::handle(run, a, cx),
        Attributes::StartChildWorkflowExecutionCommandAttributes(_) => Err(not_built("StartChildWorkflowExecution")),
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(_) => Err(not_built("RequestCancelExternalWorkflowExecution")),
        Attributes::SignalExternalWorkflowExecutionCommandAttributes(_) => Err(not_built("SignalExternalWorkflowExecution")),
        Attributes::ProtocolMessageCommandAttributes(_) => Err(not_built("ProtocolMessage")),
        Attributes::ScheduleNexusOperationCommandAttributes(_) => Err(not_built("ScheduleNexusOperation")),
        Attributes::RequestCancelNexusOperationCommandAttributes(_) => Err(not_built("RequestCancelNexusOperation")),
    }
}

/// The type of the command whose attributes these are.
fn type_of(attributes: &Attributes) -> CommandType {
    match attributes {
        Attributes::ScheduleActivityTaskCommandAttributes(_) => CommandType::ScheduleActivityTask,
        Attributes::RequestCancelActivityTaskCommandAttributes(_) => CommandType::RequestCancelActivityTask,
        Attributes::StartTimerCommandAttributes(_) => CommandType::StartTimer,
        Attributes::CancelTimerCommandAttributes(_) => CommandType::CancelTimer,
        Attributes::RecordMarkerCommandAttributes(_) => CommandType::RecordMarker,
        Attributes::UpsertWorkflowSearchAttributesCommandAttributes(_) => CommandType::UpsertWorkflowSearchAttributes,
        Attributes::ModifyWorkflowPropertiesCommandAttributes(_) => CommandType::ModifyWorkflowProperties,
        Attributes::CompleteWorkflowExecutionCommandAttributes(_) => CommandType::CompleteWorkflowExecution,
        Attributes::FailWorkflowExecutionCommandAttributes(_) => CommandType::FailWorkflowExecution,
        Attributes::CancelWorkflowExecutionCommandAttributes(_) => CommandType::CancelWorkflowExecution,
        Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(_) => CommandType::ContinueAsNewWorkflowExecution,
        Attributes::StartChildWorkflowExecutionCommandAttributes(_) => CommandType::StartChildWorkflowExecution,
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(_) => CommandType::RequestCancelExternalWorkflowExecution,
        Attributes::SignalExternalWorkflowExecutionCommandAttributes(_) => CommandType::SignalExternalWorkflowExecution,
        Attributes::ProtocolMessageCommandAttributes(_) => CommandType::ProtocolMessage,
        Attributes::ScheduleNexusOperationCommandAttributes(_) => CommandType::ScheduleNexusOperation,
        Attributes::RequestCancelNexusOperationCommandAttributes(_) => CommandType::RequestCancelNexusOperation,
    }
}

/// Whether the command schedules an activity that the worker wants to run at once, without a poll.
pub(crate) fn wants_eager_start(command: &Command) -> bool {
    matches!(&command.attributes, Some(Attributes::ScheduleActivityTaskCommandAttributes(a)) if a.request_eager_execution)
}

/// Whether the command closes the run.
pub(crate) fn is_close(command_type: CommandType) -> bool {
    matches!(
        command_type,
        CommandType::CompleteWorkflowExecution
            | CommandType::FailWorkflowExecution
            | CommandType::CancelWorkflowExecution
            | CommandType::ContinueAsNewWorkflowExecution
    )
}

/// Whether lists of workflows show what the command changes.
pub(crate) fn changes_visibility(command_type: CommandType) -> bool {
    matches!(command_type, CommandType::UpsertWorkflowSearchAttributes | CommandType::ModifyWorkflowProperties)
}

/// Checks that a closing command is the last one.
///
/// # Errors
/// InvalidArgument when it is not, or a command's type is unknown.
pub(crate) fn check_sequence(commands: &[Command]) -> Result<(), Rejection> {
    let mut closing = None;
    for command in commands {
        if let Some(closing) = closing {
            let types: Vec<_> = commands.iter().map(|command| type_name(command.command_type())).collect();
            return Err(Rejection::invalid(format!(
                "invalid command sequence: [{}], command {} must be the last command.",
                types.join(", "),
                type_name(closing)
            )));
        }
        match command.command_type() {
            CommandType::Unspecified => {
                return Err(Rejection::invalid(format!("unknown command type: {}", type_name(command.command_type()))));
            }
            command_type if is_close(command_type) => closing = Some(command_type),
            _ => {}
        }
    }
    Ok(())
}

/// A cause as Temporal's messages name it: "BadScheduleActivityAttributes".
pub(crate) fn cause_name(cause: WorkflowTaskFailedCause) -> String {
    camel_case(cause.as_str_name().trim_start_matches("WORKFLOW_TASK_FAILED_CAUSE_"))
}

/// A command type as Temporal's messages name it: "ScheduleActivityTask".
fn type_name(command_type: CommandType) -> String {
    camel_case(command_type.as_str_name().trim_start_matches("COMMAND_TYPE_"))
}

/// "ONE_TWO" as "OneTwo".
fn camel_case(name: &str) -> String {
    let mut words = String::with_capacity(name.len());
    for word in name.split('_') {
        words.push_str(&word[..word.len().min(1)]);
        words.push_str(&word[word.len().min(1)..].to_lowercase());
    }
    words
}

/// A command without its attributes: the failure that Temporal has for this type.
fn attributes_missing(command_type: CommandType) -> CommandFailure {
    use WorkflowTaskFailedCause as Cause;
    let cause = match command_type {
        CommandType::ScheduleActivityTask => Cause::BadScheduleActivityAttributes,
        CommandType::RequestCancelActivityTask => Cause::BadRequestCancelActivityAttributes,
        CommandType::StartTimer => Cause::BadStartTimerAttributes,
        CommandType::CancelTimer => Cause::BadCancelTimerAttributes,
        CommandType::RecordMarker => Cause::BadRecordMarkerAttributes,
        CommandType::UpsertWorkflowSearchAttributes => Cause::BadSearchAttributes,
        CommandType::ModifyWorkflowProperties => Cause::BadModifyWorkflowPropertiesAttributes,
        CommandType::CompleteWorkflowExecution => Cause::BadCompleteWorkflowExecutionAttributes,
        CommandType::FailWorkflowExecution => Cause::BadFailWorkflowExecutionAttributes,
        CommandType::CancelWorkflowExecution => Cause::BadCancelWorkflowExecutionAttributes,
        CommandType::ContinueAsNewWorkflowExecution => Cause::BadContinueAsNewAttributes,
        _ => return not_built(&type_name(command_type)),
    };
    let name = type_name(command_type);
    CommandFailure::new(cause, format!("{name}CommandAttributes is not set on {name}Command."))
}

/// A command that this server does not know yet.
fn not_built(name: &str) -> CommandFailure {
    CommandFailure::new(WorkflowTaskFailedCause::FeatureDisabled, format!("{name} commands are not supported yet."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_temporals() {
        assert_eq!(cause_name(WorkflowTaskFailedCause::BadScheduleActivityAttributes), "BadScheduleActivityAttributes");
        assert_eq!(cause_name(WorkflowTaskFailedCause::UnhandledCommand), "UnhandledCommand");
        assert_eq!(type_name(CommandType::ScheduleActivityTask), "ScheduleActivityTask");
    }
}
