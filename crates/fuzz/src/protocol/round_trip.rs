//! What must go on working: a workflow is started, its task is polled and completed, and its history ends with that.

use std::time::Duration;

use klamm_messages::temporal::{
    command::v1::{Command, CompleteWorkflowExecutionCommandAttributes, command::Attributes},
    common::v1::{WorkflowExecution, WorkflowType},
    enums::v1::{CommandType, EventType, HistoryEventFilterType, TaskQueueKind},
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse, PollWorkflowTaskQueueRequest,
        PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse,
        StartWorkflowExecutionRequest, StartWorkflowExecutionResponse,
    },
};
use prost::Message;

use super::client::Client;

/// Longest time for any of its calls.
const DEADLINE: Duration = Duration::from_secs(10);

/// Does it once; `number` makes its names its own.
pub(super) async fn run(client: &Client, number: u64) -> Result<(), String> {
    let name = format!("round-trip-{number}-{}", uuid::Uuid::new_v4());
    let task_queue = Some(TaskQueue { name: name.clone(), kind: TaskQueueKind::Normal as i32, ..TaskQueue::default() });
    let start = StartWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: name.clone(),
        workflow_type: Some(WorkflowType { name: "RoundTrip".to_owned() }),
        task_queue: task_queue.clone(),
        request_id: name.clone(),
        ..StartWorkflowExecutionRequest::default()
    };
    let started: StartWorkflowExecutionResponse = call(client, "StartWorkflowExecution", &start).await?;
    let poll = PollWorkflowTaskQueueRequest { namespace: "default".to_owned(), task_queue, ..PollWorkflowTaskQueueRequest::default() };
    let task: PollWorkflowTaskQueueResponse = call(client, "PollWorkflowTaskQueue", &poll).await?;
    if task.task_token.is_empty() {
        return Err("the round trip: no task came".to_owned());
    }
    let complete = Command {
        command_type: CommandType::CompleteWorkflowExecution as i32,
        attributes: Some(Attributes::CompleteWorkflowExecutionCommandAttributes(CompleteWorkflowExecutionCommandAttributes::default())),
        ..Command::default()
    };
    let completion = RespondWorkflowTaskCompletedRequest {
        namespace: "default".to_owned(),
        task_token: task.task_token,
        commands: vec![complete],
        ..RespondWorkflowTaskCompletedRequest::default()
    };
    let _: RespondWorkflowTaskCompletedResponse = call(client, "RespondWorkflowTaskCompleted", &completion).await?;
    let read = GetWorkflowExecutionHistoryRequest {
        namespace: "default".to_owned(),
        execution: Some(WorkflowExecution { workflow_id: name, run_id: started.run_id }),
        history_event_filter_type: HistoryEventFilterType::CloseEvent as i32,
        wait_new_event: true,
        ..GetWorkflowExecutionHistoryRequest::default()
    };
    let history: GetWorkflowExecutionHistoryResponse = call(client, "GetWorkflowExecutionHistory", &read).await?;
    match history.history.unwrap_or_default().events.last().map(|event| event.event_type()) {
        Some(EventType::WorkflowExecutionCompleted) => Ok(()),
        other => Err(format!("the round trip ended with {other:?}")),
    }
}

async fn call<R: Message + Default>(client: &Client, method: &str, request: &impl Message) -> Result<R, String> {
    let path = format!("/temporal.api.workflowservice.v1.WorkflowService/{method}");
    let answer = tokio::time::timeout(DEADLINE * 2, client.call(&path, request.encode_to_vec(), DEADLINE)).await;
    let bytes =
        answer.map_err(|_| format!("the round trip: {method} hangs"))?.map_err(|status| format!("the round trip: {method}: {status}"))?;
    R::decode(bytes.as_slice()).map_err(|error| format!("the round trip: {method}: {error}"))
}
