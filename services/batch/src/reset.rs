//! What an operation resets: an execution, to a workflow task that it finds.
//!
//! Temporal: service/worker/batcher/activities.go (getResetEventIDByOptions and what follows it).

use std::time::SystemTime;

use klamm_api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryReverseRequest,
    ResetWorkflowExecutionRequest, StartBatchOperationRequest, workflow_service_server::WorkflowService,
};
use klamm_messages::temporal::{
    batch::v1::BatchOperationReset,
    common::v1::{WorkflowExecution, reset_options::Target},
    enums::v1::{EventType, ResetType},
    history::v1::HistoryEvent,
    workflow::v1::ResetPointInfo,
};
use tonic::Status;

use crate::calls::{call, request_id};

/// Events of a page of a history.
const PAGE: i32 = 1000;

/// Resets one execution.
#[allow(deprecated, reason = "clients still say by the deprecated fields to which task, and what is to happen again")]
pub(crate) async fn reset<S: WorkflowService>(
    service: &S,
    request: &StartBatchOperationRequest,
    execution: &WorkflowExecution,
    operation: &BatchOperationReset,
) -> Result<(), Status> {
    let mut base = execution.clone();
    let namespace = &request.namespace;
    let (event_id, reapply_type, reapply_excludes) = match &operation.options {
        Some(options) => {
            let event_id = match &options.target {
                Some(Target::FirstWorkflowTask(())) => first_task(service, namespace, &base).await?,
                Some(Target::LastWorkflowTask(())) => last_task(service, namespace, &base).await?,
                Some(Target::WorkflowTaskId(event_id)) => *event_id,
                Some(Target::BuildId(build_id)) => {
                    let point = reset_point(service, namespace, &base, build_id, options.current_run_only).await?;
                    base.run_id = point.run_id;
                    point.first_workflow_task_completed_id
                }
                None => return Err(Status::invalid_argument("The operation does not say to which task it resets.")),
            };
            (event_id, options.reset_reapply_type, options.reset_reapply_exclude_types.clone())
        }
        None => {
            let event_id = match ResetType::try_from(operation.reset_type) {
                Ok(ResetType::FirstWorkflowTask) => first_task(service, namespace, &base).await?,
                Ok(ResetType::LastWorkflowTask) => last_task(service, namespace, &base).await?,
                _ => return Err(Status::invalid_argument("The operation does not say to which task it resets.")),
            };
            (event_id, operation.reset_reapply_type, Vec::new())
        }
    };
    let reset = ResetWorkflowExecutionRequest {
        namespace: namespace.clone(),
        reason: request.reason.clone(),
        request_id: request_id(request, "reset", &base, ""),
        workflow_execution: Some(base),
        workflow_task_finish_event_id: event_id,
        reset_reapply_type: reapply_type,
        reset_reapply_exclude_types: reapply_excludes,
        post_reset_operations: operation.post_reset_operations.clone(),
        identity: operation.identity.clone(),
    };
    service.reset_workflow_execution(call(reset)).await.map(drop)
}

/// The end of the first workflow task. While none has ended, the event after the first one was scheduled.
async fn first_task<S: WorkflowService>(service: &S, namespace: &str, execution: &WorkflowExecution) -> Result<i64, Status> {
    let (mut token, mut scheduled) = (Vec::new(), None);
    loop {
        let read = GetWorkflowExecutionHistoryRequest {
            namespace: namespace.to_owned(),
            execution: Some(execution.clone()),
            maximum_page_size: PAGE,
            next_page_token: token.into(),
            ..GetWorkflowExecutionHistoryRequest::default()
        };
        let page = service.get_workflow_execution_history(call(read)).await.map_err(unreadable)?.into_inner();
        for event in page.history.unwrap_or_default().events {
            match task_event(&event) {
                Some(EventType::WorkflowTaskCompleted) => return Ok(event.event_id),
                Some(_) if scheduled.is_none() => scheduled = Some(event.event_id + 1),
                _ => {}
            }
        }
        token = page.next_page_token.to_vec();
        if token.is_empty() {
            return scheduled.ok_or_else(no_task);
        }
    }
}

/// The end of the last workflow task that has ended. If none has, the event after the first one was scheduled.
async fn last_task<S: WorkflowService>(service: &S, namespace: &str, execution: &WorkflowExecution) -> Result<i64, Status> {
    let (mut token, mut scheduled) = (Vec::new(), None);
    loop {
        let read = GetWorkflowExecutionHistoryReverseRequest {
            namespace: namespace.to_owned(),
            execution: Some(execution.clone()),
            maximum_page_size: PAGE,
            next_page_token: token.into(),
        };
        let page = service.get_workflow_execution_history_reverse(call(read)).await.map_err(unreadable)?.into_inner();
        for event in page.history.unwrap_or_default().events {
            match task_event(&event) {
                Some(EventType::WorkflowTaskCompleted) => return Ok(event.event_id),
                Some(_) => scheduled = Some(event.event_id + 1),
                None => {}
            }
        }
        token = page.next_page_token.to_vec();
        if token.is_empty() {
            return scheduled.ok_or_else(no_task);
        }
    }
}

/// The first workflow task that a worker of this build has ended.
async fn reset_point<S: WorkflowService>(
    service: &S,
    namespace: &str,
    execution: &WorkflowExecution,
    build_id: &str,
    current_run_only: bool,
) -> Result<ResetPointInfo, Status> {
    let describe = DescribeWorkflowExecutionRequest { namespace: namespace.to_owned(), execution: Some(execution.clone()) };
    let described = service.describe_workflow_execution(call(describe)).await?.into_inner();
    let points = described.workflow_execution_info.unwrap_or_default().auto_reset_points.unwrap_or_default().points;
    let Some(point) = points.into_iter().find(|point| point.build_id == build_id) else {
        return Err(Status::failed_precondition(format!("Can't find reset point for {build_id}")));
    };
    if !point.resettable {
        return Err(Status::failed_precondition(format!("Reset point for {build_id} is not resettable")));
    }
    let expires = point.expire_time.and_then(|time| SystemTime::try_from(time).ok());
    if expires.is_some_and(|expires| expires < SystemTime::now()) {
        return Err(Status::failed_precondition(format!("Reset point for {build_id} is expired")));
    }
    if execution.run_id != point.run_id && current_run_only {
        return Err(Status::failed_precondition(format!("Reset point for {build_id} points to previous run and CurrentRunOnly is set")));
    }
    Ok(point)
}

/// The event's kind, if it is one that tells of a task.
fn task_event(event: &HistoryEvent) -> Option<EventType> {
    let kind = event.event_type();
    matches!(kind, EventType::WorkflowTaskCompleted | EventType::WorkflowTaskScheduled).then_some(kind)
}

/// An execution that cannot be read has failed, even when it is gone. What may pass is tried again.
fn unreadable(status: Status) -> Status {
    match status.code() {
        tonic::Code::NotFound => Status::failed_precondition("failed to get workflow execution history"),
        _ => status,
    }
}

fn no_task() -> Status {
    Status::failed_precondition("unable to find any scheduled or completed task")
}
