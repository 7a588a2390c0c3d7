//! DescribeTaskQueue and ListTaskQueuePartitions.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::UNIX_EPOCH,
};

use klamm_backend::{Backend, TaskQueueFigures, TaskQueueSide};
use klamm_filters::VisibilityQueries;
use klamm_machine::time;
use klamm_messages::temporal::{
    enums::v1::{BuildIdTaskReachability, DescribeTaskQueueMode, TaskQueueKind, TaskQueueType},
    taskqueue::v1::{
        TaskIdBlock, TaskQueuePartitionMetadata, TaskQueueStats, TaskQueueStatus, TaskQueueTypeInfo, TaskQueueVersionInfo,
        TaskQueueVersionSelection, TaskQueueVersioningInfo,
    },
    workflowservice::v1::{
        DescribeTaskQueueRequest, DescribeTaskQueueResponse, ListTaskQueuePartitionsRequest, ListTaskQueuePartitionsResponse,
        describe_task_queue_response::EffectiveRateLimit,
    },
};
use klamm_requests::{Fault, Result, validate};

use crate::{call::Call, gateway::Gateway};

/// The version that stands for workers without one.
const UNVERSIONED: &str = "__unversioned__";

/// Most versions of which a request may ask whether they are needed (limit.reachabilityQueryBuildIds).
const REACHABILITY_BUILD_IDS_MAX: usize = 5;

#[allow(deprecated, reason = "clients still ask in the older modes")]
pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    mut request: DescribeTaskQueueRequest,
) -> Result<DescribeTaskQueueResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    validate::task_queue::check(request.task_queue.as_mut(), gateway.limits_of(&request.namespace))?;
    let queue = request.task_queue.unwrap_or_default();
    let describe = |side| gateway.backend.describe_task_queue(&namespace.name, &queue.name, side);

    if request.api_mode == DescribeTaskQueueMode::Enhanced as i32 {
        if queue.kind == TaskQueueKind::Sticky as i32 {
            return Err(Fault::invalid(
                "Enhanced DescribeTaskQueue is not valid for a sticky queue, use api_mode=UNSPECIFIED or a normal queue.",
            ));
        }
        let types = types_or_both(request.task_queue_types);
        let types_info = |version: &str| {
            let info = types.iter().map(|number| {
                // Workers and tasks belong to no version.
                let description = side(*number).filter(|_| version.is_empty()).map(describe).unwrap_or_default();
                let stats = request.report_stats.then(|| stats(&description.total()));
                (*number, TaskQueueTypeInfo { pollers: if request.report_pollers { description.pollers } else { Vec::new() }, stats })
            });
            info.collect()
        };
        let versions = versions(request.versions, request.report_task_reachability)?;
        let versions_info = versions.into_iter().map(|version| {
            let reachability = if !request.report_task_reachability {
                BuildIdTaskReachability::Unspecified
            } else if version.is_empty() {
                BuildIdTaskReachability::Reachable
            } else {
                BuildIdTaskReachability::Unreachable
            };
            let info = TaskQueueVersionInfo { types_info: types_info(&version), task_reachability: reachability as i32 };
            (version, info)
        });
        return Ok(DescribeTaskQueueResponse { versions_info: versions_info.collect(), ..DescribeTaskQueueResponse::default() });
    }

    let description = side(request.task_queue_type).map(describe).unwrap_or_default();
    let total = request.report_stats.then(|| stats(&description.total()));
    let by_priority: BTreeMap<_, _> = match &total {
        Some(_) => description.by_priority.iter().map(|(priority, figures)| (*priority, stats(figures))).collect(),
        None => BTreeMap::new(),
    };
    let (requests_per_second, source) = description.rate_limit;
    Ok(DescribeTaskQueueResponse {
        task_queue_status: request.include_task_queue_status.then(|| status(&description.total())),
        pollers: description.pollers,
        stats: total,
        stats_by_priority_key: by_priority.into_iter().collect(),
        config: if request.report_config { description.config } else { None },
        effective_rate_limit: Some(EffectiveRateLimit {
            requests_per_second: requests_per_second as f32,
            rate_limit_source: source as i32,
        }),
        versioning_info: (queue.kind != TaskQueueKind::Sticky as i32).then(unversioned),
        ..DescribeTaskQueueResponse::default()
    })
}

/// Here every task queue has one partition: itself.
pub(super) async fn handle_partitions<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    mut request: ListTaskQueuePartitionsRequest,
) -> Result<ListTaskQueuePartitionsResponse> {
    let namespaces = gateway.backend.namespaces();
    gateway.namespace(&namespaces, &request.namespace)?;
    validate::task_queue::check(request.task_queue.as_mut(), gateway.limits_of(&request.namespace))?;
    let partition = TaskQueuePartitionMetadata {
        key: request.task_queue.map(|queue| queue.name).unwrap_or_default(),
        owner_host_name: gateway.config.address.clone(),
    };
    Ok(ListTaskQueuePartitionsResponse {
        activity_task_queue_partitions: vec![partition.clone()],
        workflow_task_queue_partitions: vec![partition],
    })
}

/// The versions that a request names; the empty one stands for workers without a version. None stands for the default version, which is that
/// one. (Temporal: matching_engine.go, getBuildIds.)
fn versions(selection: Option<TaskQueueVersionSelection>, reports_reachability: bool) -> Result<BTreeSet<String>> {
    let Some(TaskQueueVersionSelection { build_ids, unversioned, .. }) = selection else { return Ok(BTreeSet::from([String::new()])) };
    if reports_reachability && build_ids.len() > REACHABILITY_BUILD_IDS_MAX {
        return Err(Fault::invalid(format!(
            "Too many build ids queried at once with ReportTaskReachability==true, limit: {REACHABILITY_BUILD_IDS_MAX}"
        )));
    }
    Ok(build_ids.into_iter().chain(unversioned.then(String::new)).collect())
}

/// The types that a request names. None stands for workflow and activity tasks.
pub(super) fn types_or_both(types: Vec<i32>) -> Vec<i32> {
    if types.is_empty() { vec![TaskQueueType::Workflow as i32, TaskQueueType::Activity as i32] } else { types }
}

/// The side of a task queue for a type. Unspecified means workflow tasks. There are no Nexus tasks yet.
pub(super) fn side(task_queue_type: i32) -> Option<TaskQueueSide> {
    match TaskQueueType::try_from(task_queue_type).unwrap_or_default() {
        TaskQueueType::Unspecified | TaskQueueType::Workflow => Some(TaskQueueSide::Workflow),
        TaskQueueType::Activity => Some(TaskQueueSide::Activity),
        TaskQueueType::Nexus => None,
    }
}

fn stats(figures: &TaskQueueFigures) -> TaskQueueStats {
    TaskQueueStats {
        approximate_backlog_count: figures.backlog_count,
        approximate_backlog_age: Some(time::to_proto(figures.backlog_age)),
        tasks_add_rate: figures.tasks_add_rate,
        tasks_dispatch_rate: figures.tasks_dispatch_rate,
        ..TaskQueueStats::default()
    }
}

/// The oldest form of the status. Its levels refer to Temporal's task tables, so they stay 0.
fn status(figures: &TaskQueueFigures) -> TaskQueueStatus {
    TaskQueueStatus {
        backlog_count_hint: figures.backlog_count,
        rate_per_second: f64::from(figures.tasks_dispatch_rate),
        task_id_block: Some(TaskIdBlock::default()),
        ..TaskQueueStatus::default()
    }
}

#[allow(deprecated, reason = "older clients read current_version")]
fn unversioned() -> TaskQueueVersioningInfo {
    TaskQueueVersioningInfo {
        current_version: UNVERSIONED.to_owned(),
        update_time: Some(UNIX_EPOCH.into()),
        ..TaskQueueVersioningInfo::default()
    }
}
