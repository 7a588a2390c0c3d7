//! The activity of a batch operation: goes through the executions page by page.

use std::time::Duration;

use klamm_api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, ListWorkflowExecutionsRequest, PollActivityTaskQueueResponse, RecordActivityTaskHeartbeatRequest,
    RespondActivityTaskCanceledRequest, RespondActivityTaskCompletedRequest, RespondActivityTaskFailedRequest, StartBatchOperationRequest,
    workflow_service_server::WorkflowService,
};
use klamm_messages::temporal::{
    common::v1::{Payloads, WorkflowExecution},
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
};
use klamm_requests::batch::{self, Progress};
use tokio::sync::Mutex;
use tonic::{Code, Status};

use crate::{
    calls::{IDENTITY, call},
    operate,
    pace::{Pace, Settings},
};

/// Executions of a page.
const PAGE: i32 = 1000;
/// Executions that are dealt with at a time (worker.batcherConcurrency).
const CONCURRENCY: usize = 5;
/// Time between heartbeats: a quarter of what may be missing.
const HEARTBEAT: Duration = Duration::from_millis(1250);

/// Why an activity does not go on.
enum Stop {
    /// The workflow is gone: there is nobody to tell.
    Gone,
    /// The workflow asks to cancel.
    Canceled,
    /// It fails, for good or not.
    Failed { message: String, is_final: bool },
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        Self::Failed { message: status.message().to_owned(), is_final: status.code() == Code::InvalidArgument }
    }
}

/// Carries the operation out, or goes on with it, and tells the workflow how it ended.
pub(crate) async fn carry_out<S: WorkflowService>(
    service: &S,
    namespace: &str,
    task: PollActivityTaskQueueResponse,
    settings: Settings,
) -> Result<(), Status> {
    let token = task.task_token.clone();
    let ended = match batch::request_of(task.input.as_ref()).filter(|request| request.namespace == namespace) {
        Some(request) => {
            let known = task.heartbeat_details.as_ref().and_then(|details| details.payloads.first());
            let progress = known.is_some().then(|| batch::from_json(known));
            beating(service, namespace, &token, &request, progress, settings).await
        }
        None => Err(Stop::Failed { message: "the input is no batch operation of this namespace".to_owned(), is_final: true }),
    };
    let namespace = namespace.to_owned();
    let identity = IDENTITY.to_owned();
    let told = match ended {
        Ok(progress) => {
            let result = Some(details(&progress));
            let completed = RespondActivityTaskCompletedRequest { task_token: token, result, identity, namespace, ..Default::default() };
            service.respond_activity_task_completed(call(completed)).await.map(drop)
        }
        Err(Stop::Gone) => Ok(()),
        Err(Stop::Canceled) => {
            let canceled = RespondActivityTaskCanceledRequest { task_token: token, identity, namespace, ..Default::default() };
            service.respond_activity_task_canceled(call(canceled)).await.map(drop)
        }
        Err(Stop::Failed { message, is_final }) => {
            let info = ApplicationFailureInfo {
                r#type: if is_final { "InvalidArgument".to_owned() } else { String::new() },
                non_retryable: is_final,
                ..ApplicationFailureInfo::default()
            };
            let failure = Failure { message, failure_info: Some(FailureInfo::ApplicationFailureInfo(info)), ..Failure::default() };
            let failed =
                RespondActivityTaskFailedRequest { task_token: token, failure: Some(failure), identity, namespace, ..Default::default() };
            service.respond_activity_task_failed(call(failed)).await.map(drop)
        }
    };
    match told {
        // The operation was stopped meanwhile.
        Err(status) if status.code() == Code::NotFound => Ok(()),
        told => told,
    }
}

/// Carries the operation out, with heartbeats meanwhile.
async fn beating<S: WorkflowService>(
    service: &S,
    namespace: &str,
    token: &[u8],
    request: &StartBatchOperationRequest,
    progress: Option<Progress>,
    settings: Settings,
) -> Result<Progress, Stop> {
    let shared = Mutex::new(progress.clone().unwrap_or_default());
    let beats = async {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            let details = Some(details(&*shared.lock().await));
            let beat = RecordActivityTaskHeartbeatRequest {
                namespace: namespace.to_owned(),
                task_token: token.to_vec().into(),
                details,
                identity: IDENTITY.to_owned(),
                ..RecordActivityTaskHeartbeatRequest::default()
            };
            match service.record_activity_task_heartbeat(call(beat)).await {
                Ok(answer) if answer.get_ref().cancel_requested => return Stop::Canceled,
                Ok(_) => {}
                Err(status) if status.code() == Code::NotFound => return Stop::Gone,
                // The next one may come through.
                Err(status) => tracing::warn!(namespace, error = %status, "a batch operation's heartbeat was not taken"),
            }
        }
    };
    tokio::select! {
        biased;
        stop = beats => Err(stop),
        ended = pages(service, namespace, request, progress, &shared, settings) => ended,
    }
}

/// Goes through all pages.
async fn pages<S: WorkflowService>(
    service: &S,
    namespace: &str,
    request: &StartBatchOperationRequest,
    progress: Option<Progress>,
    shared: &Mutex<Progress>,
    settings: Settings,
) -> Result<Progress, Stop> {
    let query = query(request);
    let listed = listed(request);
    let mut progress = match progress {
        Some(progress) => progress,
        None => Progress { total_estimate: estimate(service, namespace, &query, listed.len()).await?, ..Progress::default() },
    };
    shared.lock().await.clone_from(&progress);
    let pace = Pace::new(settings, request.max_operations_per_second);
    loop {
        let (executions, next) = if query.is_empty() {
            (listed.clone(), Vec::new())
        } else {
            let list = ListWorkflowExecutionsRequest {
                namespace: namespace.to_owned(),
                page_size: PAGE,
                next_page_token: progress.page_token.clone().into(),
                query: query.clone(),
            };
            let page = service.list_workflow_executions(call(list)).await?.into_inner();
            let executions = page.executions.into_iter().filter_map(|info| info.execution).collect();
            (executions, page.next_page_token.to_vec())
        };
        let (done, failed) = page(service, request, executions, &pace).await;
        progress.success_count += done;
        progress.error_count += failed;
        progress.current_page += 1;
        progress.page_token = next;
        shared.lock().await.clone_from(&progress);
        if progress.page_token.is_empty() {
            return Ok(progress);
        }
    }
}

/// Deals with the executions of a page, some at a time. How many were dealt with, and how many were given up.
async fn page<S: WorkflowService>(
    service: &S,
    request: &StartBatchOperationRequest,
    executions: Vec<WorkflowExecution>,
    pace: &Pace,
) -> (i64, i64) {
    let waiting = std::sync::Mutex::new(executions.into_iter());
    let take = || waiting.lock().ok().and_then(|mut waiting| waiting.next());
    let lane = || async {
        let (mut done, mut failed) = (0, 0);
        while let Some(execution) = take() {
            match operate::on(service, request, &execution, pace).await {
                Ok(()) => done += 1,
                Err(status) => {
                    tracing::info!(
                        job = request.job_id,
                        workflow_id = execution.workflow_id,
                        error = %status,
                        "a batch operation gave an execution up"
                    );
                    failed += 1;
                }
            }
        }
        (done, failed)
    };
    let counts: [(i64, i64); CONCURRENCY] = tokio::join!(lane(), lane(), lane(), lane(), lane()).into();
    counts.into_iter().fold((0, 0), |sum, lane| (sum.0 + lane.0, sum.1 + lane.1))
}

/// How many executions there are.
async fn estimate<S: WorkflowService>(service: &S, namespace: &str, query: &str, listed: usize) -> Result<i64, Stop> {
    if query.is_empty() {
        return Ok(i64::try_from(listed).unwrap_or(i64::MAX));
    }
    let count = CountWorkflowExecutionsRequest { namespace: namespace.to_owned(), query: query.to_owned() };
    Ok(service.count_workflow_executions(call(count)).await?.into_inner().count)
}

/// The request's query. Most operations are about executions that are running or paused.
fn query(request: &StartBatchOperationRequest) -> String {
    let open_only = request.operation.as_ref().is_none_or(|operation| batch::kind_of(operation).open_only);
    if request.visibility_query.is_empty() || !open_only {
        return request.visibility_query.clone();
    }
    format!("({}) AND (ExecutionStatus = 'Running' OR ExecutionStatus = 'Paused')", request.visibility_query)
}

/// The executions that the request lists.
#[allow(deprecated, reason = "older clients name executions by the deprecated field")]
fn listed(request: &StartBatchOperationRequest) -> Vec<WorkflowExecution> {
    let targets = request
        .target_executions
        .iter()
        .map(|target| WorkflowExecution { workflow_id: target.business_id.clone(), run_id: target.run_id.clone() });
    targets.chain(request.executions.iter().cloned()).collect()
}

fn details(progress: &Progress) -> Payloads {
    Payloads { payloads: vec![batch::json(progress)] }
}
