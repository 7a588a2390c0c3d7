//! PollWorkflowTaskQueue: waits for a workflow task, or for a query of a run that has none.

use klamm_backend::{Backend, Poll, TaskQueueSide, WorkflowTask};
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::{
    common::v1::{WorkflowExecution, WorkflowType},
    history::v1::History,
    query::v1::WorkflowQuery,
    workflowservice::v1::{PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse},
};
use klamm_requests::{
    Limits, Result,
    tokens::{self, HistoryPage},
    validate,
};
use klamm_workflow::{answer::StartedWorkflowTask, tables::RunKey};
use prost::Message;

use super::refused_polls::Poller;
use crate::{call::Call, gateway::Gateway, history};

#[allow(deprecated, reason = "versions as workers still send them")]
pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    mut request: PollWorkflowTaskQueueRequest,
) -> Result<PollWorkflowTaskQueueResponse> {
    let config = &gateway.config;
    let namespaces = gateway.backend.namespaces();
    let limits = gateway.limits_of(&gateway.namespace(&namespaces, &request.namespace)?.name);
    call.check_long_poll(config)?;
    validate::ids::identity(&request.identity, limits)?;
    let poller = Poller {
        namespace: &request.namespace,
        identity: &request.identity,
        task_queue: request.task_queue.as_ref(),
        capabilities: request.worker_version_capabilities.as_ref(),
        deployment: request.deployment_options.as_ref(),
    };
    poller.check_version(gateway, TaskQueueSide::Workflow)?;
    validate::task_queue::check(request.task_queue.as_mut(), limits)?;
    drop(namespaces);

    let deadline = call.deadline_within(config.task_long_poll, config.long_poll_tail_room);
    let poll = Poll {
        namespace: request.namespace,
        task_queue: request.task_queue.unwrap_or_default(),
        identity: request.identity,
        worker_version: validate::worker_version::stamp(request.worker_version_capabilities),
        worker_instance_key: request.worker_instance_key,
        max_tasks_per_second: None,
        deadline,
    };
    match gateway.backend.poll_workflow_task(poll).await? {
        Some(task) => compose(&*gateway.backend, task, limits).await,
        None => Ok(PollWorkflowTaskQueueResponse::default()),
    }
}

/// The answer to a poll that got a task.
async fn compose<B: Backend>(backend: &B, task: WorkflowTask, limits: &Limits) -> Result<PollWorkflowTaskQueueResponse> {
    let WorkflowTask { run, task, query, queries, backlog_count_hint } = task;
    let mut response = match query {
        Some((query_id, query)) => query_task(backend, &run, task, query_id, query, limits).await?,
        None => workflow_task(backend, &run, task, limits).await?,
    };
    response.queries = queries.into_iter().collect();
    response.backlog_count_hint = backlog_count_hint;
    Ok(response)
}

/// A started workflow task as a worker gets it: with the whole history, or on a sticky queue with the events since the last completed task.
pub(super) async fn workflow_task<B: Backend>(
    backend: &B,
    run: &RunKey,
    task: StartedWorkflowTask,
    limits: &Limits,
) -> Result<PollWorkflowTaskQueueResponse> {
    let first = if task.sticky { task.previous_started_event_id + 1 } else { 1 };
    let token = tokens::workflow_task(run, &task);
    let end = task.last_stored_event_id + 1;
    let mut page = history::read(backend, run, first, end, limits.history_page_events, limits).await?;
    let mut next_page_token = Vec::new();
    if page.next < end {
        next_page_token = next_page(run, page.next, end);
    } else {
        page.events.extend(task.transient_events);
    }
    Ok(PollWorkflowTaskQueueResponse {
        task_token: token.into(),
        workflow_execution: Some(execution(run)),
        workflow_type: Some(WorkflowType { name: task.workflow_type }),
        previous_started_event_id: task.previous_started_event_id,
        started_event_id: task.started_event_id,
        attempt: task.attempt,
        history: Some(History { events: page.events }),
        next_page_token: next_page_token.into(),
        workflow_execution_task_queue: Some(task.workflow_task_queue),
        scheduled_time: Some(task.scheduled_time.into()),
        started_time: Some(task.started_time.into()),
        messages: task.messages,
        ..PollWorkflowTaskQueueResponse::default()
    })
}

/// A task that only asks a query. It has no started event. On a sticky queue it has no history either, since the worker has it in its
/// cache.
async fn query_task<B: Backend>(
    backend: &B,
    run: &RunKey,
    task: StartedWorkflowTask,
    query_id: String,
    query: WorkflowQuery,
    limits: &Limits,
) -> Result<PollWorkflowTaskQueueResponse> {
    let end = task.last_stored_event_id + 1;
    let first = if task.sticky { end } else { 1 };
    let mut page = history::read(backend, run, first, end, limits.history_page_events, limits).await?;
    let mut next_page_token = Vec::new();
    if page.next < end {
        next_page_token = next_page(run, page.next, end);
    } else if !task.sticky {
        page.events.extend(task.transient_events);
    }
    Ok(PollWorkflowTaskQueueResponse {
        task_token: tokens::query_task(run, &query_id).into(),
        workflow_execution: Some(execution(run)),
        workflow_type: Some(WorkflowType { name: task.workflow_type }),
        previous_started_event_id: task.previous_started_event_id,
        attempt: 1,
        history: Some(History { events: page.events }),
        next_page_token: next_page_token.into(),
        query: Some(query),
        workflow_execution_task_queue: Some(task.workflow_task_queue),
        ..PollWorkflowTaskQueueResponse::default()
    })
}

fn execution(run: &RunKey) -> WorkflowExecution {
    WorkflowExecution { workflow_id: run.workflow_id.clone(), run_id: run.run_id.clone() }
}

fn next_page(run: &RunKey, next: i64, end: i64) -> Vec<u8> {
    HistoryPage { run_id: run.run_id.clone(), next, end, running: false }.encode_to_vec()
}
