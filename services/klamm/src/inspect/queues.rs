//! Which task queues there are, and what waits on them.

use std::collections::BTreeMap;

use klamm_api::klamm::v1::{ListTaskQueuesRequest, ListTaskQueuesResponse, TaskQueueInfo};
use klamm_processor::Processor;

/// Most queues of one list.
const QUEUES_MAX: usize = 1000;

/// The queues of a namespace, or of all; the largest backlogs first.
pub(super) fn list(processor: &Processor, request: &ListTaskQueuesRequest) -> ListTaskQueuesResponse {
    let mut by_name: BTreeMap<(String, String, String), TaskQueueInfo> = BTreeMap::new();
    for figures in processor.task_queue_figures() {
        let queue = figures.queue;
        if !request.namespace.is_empty() && queue.namespace != request.namespace {
            continue;
        }
        let task_type = queue.task_type.name().to_ascii_lowercase();
        // Queues of several versions of workers show as one.
        let info = by_name.entry((queue.namespace.clone(), queue.name.clone(), task_type.clone())).or_insert_with(|| TaskQueueInfo {
            namespace: queue.namespace,
            name: queue.name,
            task_type,
            ..TaskQueueInfo::default()
        });
        info.backlog_count += figures.backlog_count as u64;
        info.backlog_age_ms = info.backlog_age_ms.max(i64::try_from(figures.backlog_age.as_millis()).unwrap_or(i64::MAX));
        info.pollers += figures.pollers as u64;
    }
    let mut task_queues: Vec<_> = by_name.into_values().collect();
    task_queues.sort_by_key(|queue| std::cmp::Reverse(queue.backlog_count));
    let truncated = task_queues.len() > QUEUES_MAX;
    task_queues.truncate(QUEUES_MAX);
    ListTaskQueuesResponse { task_queues, truncated }
}
