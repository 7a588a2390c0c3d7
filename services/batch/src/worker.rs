//! The worker of one namespace.

use std::time::Duration;

use klamm_api::workflowservice::v1::{
    PollActivityTaskQueueRequest, PollWorkflowTaskQueueRequest, workflow_service_server::WorkflowService,
};
use tonic::Status;

use crate::{
    activity,
    calls::{IDENTITY, queue, within},
    pace::Settings,
    workflow,
};

/// How long a poll waits. When both polls have waited in vain, the worker leaves.
const POLL: Duration = Duration::from_secs(3);
/// Pause after a call that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Works until no task waits.
pub(crate) async fn work<S: WorkflowService>(service: &S, namespace: &str, settings: Settings) {
    loop {
        let worked = tokio::join!(workflow_task(service, namespace), activity_task(service, namespace, settings));
        match worked {
            (Ok(false), Ok(false)) => return,
            (Ok(_), Ok(_)) => {}
            (Err(status), _) | (_, Err(status)) => {
                tracing::warn!(namespace, error = %status, "a batch operation could not go on; it is tried again");
                tokio::time::sleep(PAUSE).await;
                return;
            }
        }
    }
}

/// Does one workflow task. False: none came.
async fn workflow_task<S: WorkflowService>(service: &S, namespace: &str) -> Result<bool, Status> {
    let poll = PollWorkflowTaskQueueRequest {
        namespace: namespace.to_owned(),
        task_queue: Some(queue()),
        identity: IDENTITY.to_owned(),
        ..PollWorkflowTaskQueueRequest::default()
    };
    let task = service.poll_workflow_task_queue(within(poll, POLL)).await?.into_inner();
    if task.task_token.is_empty() {
        return Ok(false);
    }
    workflow::advance(service, namespace, task).await.map(|()| true)
}

/// Does one activity task. False: none came.
async fn activity_task<S: WorkflowService>(service: &S, namespace: &str, settings: Settings) -> Result<bool, Status> {
    let poll = PollActivityTaskQueueRequest {
        namespace: namespace.to_owned(),
        task_queue: Some(queue()),
        identity: IDENTITY.to_owned(),
        ..PollActivityTaskQueueRequest::default()
    };
    let task = service.poll_activity_task_queue(within(poll, POLL)).await?.into_inner();
    if task.task_token.is_empty() {
        return Ok(false);
    }
    activity::carry_out(service, namespace, task, settings).await.map(|()| true)
}
