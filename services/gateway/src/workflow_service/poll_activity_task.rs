//! PollActivityTaskQueue: waits for an activity task.

use klamm_backend::{ActivityTask, Backend, Poll, TaskQueueSide};
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::{
    common::v1::{WorkflowExecution, WorkflowType},
    workflowservice::v1::{PollActivityTaskQueueRequest, PollActivityTaskQueueResponse},
};
use klamm_requests::{Result, tokens, validate};

use super::refused_polls::Poller;
use crate::{call::Call, gateway::Gateway};

#[allow(deprecated, reason = "versions as workers still send them")]
pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    mut request: PollActivityTaskQueueRequest,
) -> Result<PollActivityTaskQueueResponse> {
    let config = &gateway.config;
    let namespaces = gateway.backend.namespaces();
    let limits = gateway.limits_of(&gateway.namespace(&namespaces, &request.namespace)?.name);
    call.check_long_poll(config)?;
    validate::task_queue::check(request.task_queue.as_mut(), limits)?;
    validate::ids::identity(&request.identity, limits)?;
    let poller = Poller {
        namespace: &request.namespace,
        identity: &request.identity,
        task_queue: request.task_queue.as_ref(),
        capabilities: request.worker_version_capabilities.as_ref(),
        deployment: request.deployment_options.as_ref(),
    };
    poller.check_version(gateway, TaskQueueSide::Activity)?;
    drop(namespaces);

    let poll = Poll {
        namespace: request.namespace,
        task_queue: request.task_queue.unwrap_or_default(),
        identity: request.identity,
        worker_version: validate::worker_version::stamp(request.worker_version_capabilities),
        worker_instance_key: request.worker_instance_key,
        max_tasks_per_second: request.task_queue_metadata.and_then(|metadata| metadata.max_tasks_per_second),
        deadline: call.deadline_within(config.task_long_poll, config.long_poll_tail_room),
    };
    let task = gateway.backend.poll_activity_task(poll).await?;
    Ok(task.map(compose).unwrap_or_default())
}

/// A started activity task as a worker gets it.
pub(super) fn compose(task: ActivityTask) -> PollActivityTaskQueueResponse {
    let ActivityTask { run, task } = task;
    let task_token = tokens::activity_task(&run, &task);
    let scheduled = task.scheduled;
    PollActivityTaskQueueResponse {
        task_token: task_token.into(),
        workflow_namespace: run.namespace,
        workflow_type: Some(WorkflowType { name: task.workflow_type }),
        workflow_execution: Some(WorkflowExecution { workflow_id: run.workflow_id, run_id: run.run_id }),
        activity_type: scheduled.activity_type,
        activity_id: scheduled.activity_id,
        header: scheduled.header,
        input: scheduled.input,
        heartbeat_details: task.heartbeat_details,
        scheduled_time: Some(task.scheduled_time.into()),
        current_attempt_scheduled_time: Some(task.attempt_scheduled_time.into()),
        started_time: Some(task.started_time.into()),
        attempt: task.attempt,
        schedule_to_close_timeout: scheduled.schedule_to_close_timeout,
        start_to_close_timeout: scheduled.start_to_close_timeout,
        heartbeat_timeout: scheduled.heartbeat_timeout,
        retry_policy: scheduled.retry_policy,
        priority: scheduled.priority,
        ..PollActivityTaskQueueResponse::default()
    }
}
