//! The calls. All others answer Unimplemented.

use std::time::Duration;

use klamm_messages::{
    klamm::v1::{ActivityTaskToken, WorkflowTaskToken},
    temporal::{
        command::v1::command::Attributes,
        common::v1::{
            Link, WorkflowExecution,
            link::{
                Variant, WorkflowEvent,
                workflow_event::{EventReference, Reference},
            },
        },
        enums::v1::{EventType, TaskQueueKind, WorkflowExecutionStatus},
        history::v1::{History, HistoryEvent, history_event::Attributes as EventAttributes},
        taskqueue::v1::TaskQueue,
        workflowservice::v1::*,
    },
};
use prost::Message;
use tokio::sync::oneshot;
use tonic::{Request, Response, Status};

use crate::{
    answers::{ActivityTask, WorkflowTask},
    events,
    queues::Queues,
    runs::Runs,
};

use workflow_service_server::WorkflowService;

#[allow(missing_docs, clippy::all)]
mod generated {
    tonic::include_proto!("temporal.api.workflowservice.v1");
}
pub use generated::workflow_service_server;

/// How long a poll waits for a task.
const POLL: Duration = Duration::from_secs(60);

/// Everything that the server knows.
#[derive(Debug, Default)]
pub struct Floor {
    workflow_tasks: Queues<WorkflowTask>,
    activity_tasks: Queues<ActivityTask>,
    runs: Runs,
}

#[tonic::async_trait]
impl WorkflowService for Floor {
    async fn describe_namespace(&self, _: Request<DescribeNamespaceRequest>) -> Result<Response<DescribeNamespaceResponse>, Status> {
        Ok(Response::new(DescribeNamespaceResponse::default()))
    }

    async fn start_workflow_execution(
        &self,
        request: Request<StartWorkflowExecutionRequest>,
    ) -> Result<Response<StartWorkflowExecutionResponse>, Status> {
        let mut request = request.into_inner();
        let run_id = uuid::Uuid::new_v4().to_string();
        let queue = request.task_queue.get_or_insert_default();
        queue.kind = TaskQueueKind::Normal as i32;
        let queue = queue.clone();
        self.runs.start(run_id.clone(), queue.clone());
        let events = vec![events::started(&request, &run_id)];
        let link = link(&request.namespace, &request.workflow_id, &run_id);
        self.offer(WorkflowTask {
            execution: WorkflowExecution { workflow_id: request.workflow_id, run_id: run_id.clone() },
            events,
            scheduled_event_id: 2,
            queue,
        });
        Ok(Response::new(StartWorkflowExecutionResponse {
            first_execution_run_id: run_id.clone(),
            run_id,
            started: true,
            status: WorkflowExecutionStatus::Running as i32,
            link: Some(link),
            ..StartWorkflowExecutionResponse::default()
        }))
    }

    async fn poll_workflow_task_queue(
        &self,
        request: Request<PollWorkflowTaskQueueRequest>,
    ) -> Result<Response<PollWorkflowTaskQueueResponse>, Status> {
        let request = request.into_inner();
        let task = wait(self.workflow_tasks.poll(name(request.task_queue.as_ref()))).await;
        Ok(Response::new(task.map(|task| task.compose(&request.identity)).unwrap_or_default()))
    }

    async fn respond_workflow_task_completed(
        &self,
        request: Request<RespondWorkflowTaskCompletedRequest>,
    ) -> Result<Response<RespondWorkflowTaskCompletedResponse>, Status> {
        let request = request.into_inner();
        let token: WorkflowTaskToken = token(&request.task_token)?;
        let next = token.started_event_id + 2;
        match request.commands.into_iter().next().and_then(|command| command.attributes) {
            Some(Attributes::ScheduleActivityTaskCommandAttributes(attributes)) => {
                let event = events::activity_scheduled(next, attributes);
                let Some(EventAttributes::ActivityTaskScheduledEventAttributes(scheduled)) = event.attributes.clone() else {
                    return Err(Status::internal("another event"));
                };
                let sticky = request.sticky_attributes.and_then(|sticky| sticky.worker_task_queue);
                self.runs.schedule(&token.run_id, sticky, event);
                let queue = name(scheduled.task_queue.as_ref()).to_owned();
                let execution = WorkflowExecution { workflow_id: token.workflow_id, run_id: token.run_id };
                self.activity_tasks.offer(&queue, ActivityTask { execution, scheduled_event_id: next, scheduled });
            }
            Some(Attributes::CompleteWorkflowExecutionCommandAttributes(attributes)) => {
                self.runs.close(&token.run_id, events::completed(next, attributes.result));
            }
            _ => return Err(Status::unimplemented("The floor knows activities and the end of a workflow, one command at a time.")),
        }
        Ok(Response::new(RespondWorkflowTaskCompletedResponse::default()))
    }

    async fn poll_activity_task_queue(
        &self,
        request: Request<PollActivityTaskQueueRequest>,
    ) -> Result<Response<PollActivityTaskQueueResponse>, Status> {
        let task = wait(self.activity_tasks.poll(name(request.get_ref().task_queue.as_ref()))).await;
        Ok(Response::new(task.map(ActivityTask::compose).unwrap_or_default()))
    }

    async fn respond_activity_task_completed(
        &self,
        request: Request<RespondActivityTaskCompletedRequest>,
    ) -> Result<Response<RespondActivityTaskCompletedResponse>, Status> {
        let request = request.into_inner();
        let token: ActivityTaskToken = token(&request.task_token)?;
        let Some((scheduled, queue)) = self.runs.take_scheduled(&token.run_id) else {
            return Err(Status::not_found("no such activity"));
        };
        let id = token.scheduled_event_id;
        let mut new_events: Vec<HistoryEvent> = vec![events::task_completed(id - 1, &request.identity), scheduled];
        new_events.extend(events::activity_completed(id, request.result, &request.identity));
        let execution = WorkflowExecution { workflow_id: token.workflow_id, run_id: token.run_id };
        self.offer(WorkflowTask { execution, events: new_events, scheduled_event_id: id + 3, queue });
        Ok(Response::new(RespondActivityTaskCompletedResponse::default()))
    }

    async fn get_workflow_execution_history(
        &self,
        request: Request<GetWorkflowExecutionHistoryRequest>,
    ) -> Result<Response<GetWorkflowExecutionHistoryResponse>, Status> {
        let run_id = request.into_inner().execution.unwrap_or_default().run_id;
        let end = self.runs.end(&run_id).await.ok_or_else(|| Status::not_found("no such run"))?;
        let history = Some(History { events: vec![end] });
        Ok(Response::new(GetWorkflowExecutionHistoryResponse { history, ..GetWorkflowExecutionHistoryResponse::default() }))
    }
}

impl Floor {
    fn offer(&self, task: WorkflowTask) {
        let queue = task.queue.name.clone();
        self.workflow_tasks.offer(&queue, task);
    }
}

/// A task that was there or comes in time.
async fn wait<T>(polled: Result<T, oneshot::Receiver<T>>) -> Option<T> {
    match polled {
        Ok(task) => Some(task),
        Err(waiting) => tokio::time::timeout(POLL, waiting).await.ok()?.ok(),
    }
}

/// The link to a run's first event, as klamm has it.
fn link(namespace: &str, workflow_id: &str, run_id: &str) -> Link {
    let reference = EventReference { event_id: 1, event_type: EventType::WorkflowExecutionStarted as i32 };
    let event = WorkflowEvent {
        namespace: namespace.to_owned(),
        workflow_id: workflow_id.to_owned(),
        run_id: run_id.to_owned(),
        reference: Some(Reference::EventRef(reference)),
    };
    Link { variant: Some(Variant::WorkflowEvent(event)) }
}

fn name(queue: Option<&TaskQueue>) -> &str {
    queue.map_or("", |queue| &queue.name)
}

fn token<T: Message + Default>(bytes: &[u8]) -> Result<T, Status> {
    T::decode(bytes).map_err(|error| Status::invalid_argument(format!("a token of somebody else: {error}")))
}
