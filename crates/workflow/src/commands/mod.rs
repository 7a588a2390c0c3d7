//! Commands of a workflow, which a completed workflow task brings: one file per command.

mod cancel_timer;
mod cancel_workflow;
pub(crate) mod check;
mod complete_workflow;
mod context;
mod continue_as_new;
mod external_target;
mod fail_workflow;
mod failure;
#[cfg(test)]
mod histories;
mod modify_workflow_properties;
mod names;
mod record_marker;
mod request_cancel_activity_task;
mod request_cancel_external_workflow;
mod schedule_activity_task;
mod search_attributes;
mod signal_external_workflow;
mod start_child_workflow;
mod start_timer;
mod upsert_search_attributes;

use klamm_machine::Rejection;
use klamm_messages::temporal::{
    command::v1::{Command, command::Attributes},
    enums::v1::{CommandType, WorkflowTaskFailedCause},
};

use crate::{run::Run, update::incoming::Inbox};
use names::type_name;

pub(crate) use context::CommandContext;
pub(crate) use failure::CommandFailure;
pub(crate) use names::cause_name;

/// Carries out one command of the workflow.
///
/// # Errors
/// What is wrong with the command; the caller undoes the whole completion.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    command: &Command,
    cx: &CommandContext<'_>,
    inbox: &mut Inbox<'_>,
) -> Result<(), CommandFailure> {
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
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(a) => request_cancel_external_workflow::handle(run, a, cx),
        Attributes::SignalExternalWorkflowExecutionCommandAttributes(a) => signal_external_workflow::handle(run, a, cx),
        Attributes::StartChildWorkflowExecutionCommandAttributes(a) => start_child_workflow::handle(run, a, cx),
        Attributes::ProtocolMessageCommandAttributes(a) => inbox.handle_named(run, a),
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

/// Whether the command changes something that lists of workflows show.
pub(crate) fn changes_visibility(command_type: CommandType) -> bool {
    matches!(command_type, CommandType::UpsertWorkflowSearchAttributes | CommandType::ModifyWorkflowProperties)
}

/// Checks that nothing follows a closing command.
///
/// # Errors
/// InvalidArgument when something does, or when a command's type is unknown.
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
        CommandType::RequestCancelExternalWorkflowExecution => Cause::BadRequestCancelExternalWorkflowExecutionAttributes,
        CommandType::SignalExternalWorkflowExecution => Cause::BadSignalWorkflowExecutionAttributes,
        CommandType::StartChildWorkflowExecution => Cause::BadStartChildExecutionAttributes,
        CommandType::ProtocolMessage => Cause::BadUpdateWorkflowExecutionMessage,
        _ => return not_built(&type_name(command_type)),
    };
    let name = type_name(command_type);
    CommandFailure::new(cause, format!("{name}CommandAttributes is not set on {name}Command."))
}

/// The failure for a command that this server does not know yet.
fn not_built(name: &str) -> CommandFailure {
    CommandFailure::new(WorkflowTaskFailedCause::FeatureDisabled, format!("{name} commands are not supported yet."))
}
