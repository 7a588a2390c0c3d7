//! Requests that mean something: starts, polls and completions, so that runs get somewhere and the other requests meet tasks.

use klamm_messages::temporal::{
    command::v1::{Command, ScheduleActivityTaskCommandAttributes, StartTimerCommandAttributes, command::Attributes},
    common::v1::{ActivityType, WorkflowType},
    enums::v1::CommandType,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        PollActivityTaskQueueRequest, PollWorkflowTaskQueueRequest, RespondActivityTaskCompletedRequest,
        RespondWorkflowTaskCompletedRequest, StartWorkflowExecutionRequest,
    },
};
use prost::Message;
use prost_types::Duration;

use super::known::{Known, TASK_QUEUE_NAMES, WORKFLOW_IDS};
use crate::{messages::Messages, random::Random};

/// A call's name and its request.
pub(super) fn request(known: &mut Known, messages: &Messages, random: &mut Random) -> (&'static str, Vec<u8>) {
    let namespace = "default".to_owned();
    match random.below(8) {
        0..3 => {
            let request = StartWorkflowExecutionRequest {
                namespace,
                workflow_id: (*random.pick(WORKFLOW_IDS)).to_owned(),
                workflow_type: Some(WorkflowType { name: "Fuzz".to_owned() }),
                task_queue: task_queue(random),
                request_id: random.bits().to_string(),
                workflow_id_conflict_policy: random.below(4) as i32,
                ..StartWorkflowExecutionRequest::default()
            };
            ("StartWorkflowExecution", request.encode_to_vec())
        }
        3 => {
            let request =
                PollWorkflowTaskQueueRequest { namespace, task_queue: task_queue(random), ..PollWorkflowTaskQueueRequest::default() };
            ("PollWorkflowTaskQueue", request.encode_to_vec())
        }
        4 => {
            let request =
                PollActivityTaskQueueRequest { namespace, task_queue: task_queue(random), ..PollActivityTaskQueueRequest::default() };
            ("PollActivityTaskQueue", request.encode_to_vec())
        }
        5 => {
            let task_token = known.task_token(random);
            let request = RespondActivityTaskCompletedRequest {
                namespace,
                task_token: task_token.into(),
                ..RespondActivityTaskCompletedRequest::default()
            };
            ("RespondActivityTaskCompleted", request.encode_to_vec())
        }
        _ => {
            let commands = (0..random.below(4)).map(|_| command(known, messages, random)).collect();
            let task_token = known.task_token(random);
            let request = RespondWorkflowTaskCompletedRequest {
                namespace,
                task_token: task_token.into(),
                commands,
                ..RespondWorkflowTaskCompletedRequest::default()
            };
            ("RespondWorkflowTaskCompleted", request.encode_to_vec())
        }
    }
}

fn task_queue(random: &mut Random) -> Option<TaskQueue> {
    Some(TaskQueue { name: (*random.pick(TASK_QUEUE_NAMES)).to_owned(), ..TaskQueue::default() })
}

/// An activity, a timer, or anything with the type that belongs to it.
fn command(known: &mut Known, messages: &Messages, random: &mut Random) -> Command {
    let seconds = |seconds: i64| Some(Duration { seconds, nanos: 0 });
    let attributes = match random.below(3) {
        0 => Some(Attributes::ScheduleActivityTaskCommandAttributes(ScheduleActivityTaskCommandAttributes {
            activity_id: random.below(20).to_string(),
            activity_type: Some(ActivityType { name: "Fuzz".to_owned() }),
            task_queue: task_queue(random),
            start_to_close_timeout: seconds(*random.pick(&[1, 5, 100])),
            ..ScheduleActivityTaskCommandAttributes::default()
        })),
        1 => Some(Attributes::StartTimerCommandAttributes(StartTimerCommandAttributes {
            timer_id: random.below(9).to_string(),
            start_to_fire_timeout: seconds(*random.pick(&[1, 2, 1000])),
        })),
        _ => {
            let bytes = messages.bytes("temporal.api.command.v1.Command", known, random);
            // Chains that are too deep for protobuf are no message.
            Command::decode(bytes.as_slice()).unwrap_or_default().attributes
        }
    };
    let command_type = attributes.as_ref().map_or(CommandType::Unspecified, command_type);
    Command { command_type: command_type as i32, attributes, ..Command::default() }
}

fn command_type(attributes: &Attributes) -> CommandType {
    match attributes {
        Attributes::ScheduleActivityTaskCommandAttributes(_) => CommandType::ScheduleActivityTask,
        Attributes::RequestCancelActivityTaskCommandAttributes(_) => CommandType::RequestCancelActivityTask,
        Attributes::StartTimerCommandAttributes(_) => CommandType::StartTimer,
        Attributes::CancelTimerCommandAttributes(_) => CommandType::CancelTimer,
        Attributes::CompleteWorkflowExecutionCommandAttributes(_) => CommandType::CompleteWorkflowExecution,
        Attributes::FailWorkflowExecutionCommandAttributes(_) => CommandType::FailWorkflowExecution,
        Attributes::CancelWorkflowExecutionCommandAttributes(_) => CommandType::CancelWorkflowExecution,
        Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(_) => CommandType::ContinueAsNewWorkflowExecution,
        Attributes::RecordMarkerCommandAttributes(_) => CommandType::RecordMarker,
        Attributes::UpsertWorkflowSearchAttributesCommandAttributes(_) => CommandType::UpsertWorkflowSearchAttributes,
        Attributes::ModifyWorkflowPropertiesCommandAttributes(_) => CommandType::ModifyWorkflowProperties,
        Attributes::StartChildWorkflowExecutionCommandAttributes(_) => CommandType::StartChildWorkflowExecution,
        Attributes::SignalExternalWorkflowExecutionCommandAttributes(_) => CommandType::SignalExternalWorkflowExecution,
        _ => CommandType::Unspecified,
    }
}
