//! Metrics of polls and of the tasks that polls get. They have Temporal's names, and labels for namespace, task queue and kind of task.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use klamm_machine::Time;
use klamm_messages::temporal::enums::v1::TaskQueueKind;
use parking_lot::RwLock;

use crate::{
    backend::{Poll, TaskQueueSide},
    task_queues::TaskType,
};

/// So many task queues have metrics of their own. Those that come later are added up under [`OTHER`].
pub const TASK_QUEUES_MAX: usize = 200;
/// Label of all task queues beyond [`TASK_QUEUES_MAX`].
pub const OTHER: &str = "_other_";

/// Metrics of all task queues.
#[derive(Default)]
pub(crate) struct QueueMetrics {
    known: RwLock<Known>,
}

/// Metrics of one kind of task, by namespace and task queue.
type ByNamespace = BTreeMap<Box<str>, BTreeMap<Box<str>, Arc<Handles>>>;

#[derive(Default)]
struct Known {
    /// By kind of task, namespace and task queue.
    queues: [ByNamespace; 2],
    count: usize,
}

/// Metrics of one task queue and kind of task.
struct Handles {
    success: metrics::Counter,
    timeouts: metrics::Counter,
    latency: metrics::Histogram,
    schedule_to_start: metrics::Histogram,
}

/// The times of a started task, for metrics.
pub(crate) struct Started {
    /// When the task was scheduled.
    pub(crate) scheduled: Time,
    /// When the task was started.
    pub(crate) started: Time,
}

impl QueueMetrics {
    /// Notes that a poll begins. A poll of a sticky queue counts for the normal queue, since a sticky queue belongs to one worker and has a
    /// name that nobody else knows.
    pub(crate) fn begin(&self, side: TaskQueueSide, poll: &Poll) -> Polling {
        let queue = &poll.task_queue;
        let name =
            if queue.kind == TaskQueueKind::Sticky as i32 && !queue.normal_name.is_empty() { &queue.normal_name } else { &queue.name };
        let handles = { self.known.read().get(side, &poll.namespace, name) };
        Polling { handles: handles.unwrap_or_else(|| self.known.write().make(side, &poll.namespace, name)), began: Instant::now() }
    }
}

impl Known {
    fn get(&self, side: TaskQueueSide, namespace: &str, name: &str) -> Option<Arc<Handles>> {
        self.queues[side as usize].get(namespace)?.get(name).cloned()
    }

    fn make(&mut self, side: TaskQueueSide, namespace: &str, name: &str) -> Arc<Handles> {
        let (namespace, name) = if self.count < TASK_QUEUES_MAX { (namespace, name) } else { (OTHER, OTHER) };
        if let Some(handles) = self.get(side, namespace, name) {
            return handles;
        }
        let handles = Arc::new(Handles::new(side, namespace, name));
        self.queues[side as usize].entry(namespace.into()).or_default().insert(name.into(), handles.clone());
        self.count += 1;
        handles
    }
}

/// The labels of every metric here.
macro_rules! labelled {
    ($kind:ident, $name:literal, $labels:expr) => {
        metrics::$kind!($name, "namespace" => $labels.0.to_owned(), "taskqueue" => $labels.1.to_owned(), "task_type" => $labels.2)
    };
}

impl Handles {
    fn new(side: TaskQueueSide, namespace: &str, name: &str) -> Self {
        let labels = (namespace, name, TaskType::from(side).name());
        Self {
            success: labelled!(counter, "poll_success", labels),
            timeouts: labelled!(counter, "poll_timeouts", labels),
            latency: labelled!(histogram, "poll_latency", labels),
            schedule_to_start: labelled!(histogram, "task_schedule_to_start_latency", labels),
        }
    }
}

/// A poll that is measured. If it is dropped because its caller has gone, it does not count.
pub(crate) struct Polling {
    handles: Arc<Handles>,
    began: Instant,
}

impl Polling {
    /// The poll got a task (a query has no `started`).
    pub(crate) fn got(self, started: Option<Started>) {
        self.handles.success.increment(1);
        self.handles.latency.record(self.began.elapsed().as_secs_f64());
        if let Some(Started { scheduled, started }) = started {
            self.handles.schedule_to_start.record(started.since(scheduled).as_secs_f64());
        }
    }

    /// The poll ended without a task.
    pub(crate) fn empty(self) {
        self.handles.timeouts.increment(1);
        self.handles.latency.record(self.began.elapsed().as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_beyond_the_bound_are_added_up() {
        let mut known = Known::default();
        for number in 0..TASK_QUEUES_MAX {
            known.make(TaskQueueSide::Workflow, "default", &format!("queue-{number}"));
        }
        let other = known.make(TaskQueueSide::Workflow, "default", "one-too-many");
        assert!(Arc::ptr_eq(&other, &known.make(TaskQueueSide::Workflow, "elsewhere", "another")));
        assert!(known.get(TaskQueueSide::Workflow, "default", "queue-7").is_some());
        assert!(known.get(TaskQueueSide::Workflow, OTHER, OTHER).is_some());
        assert!(!Arc::ptr_eq(&other, &known.make(TaskQueueSide::Activity, "default", "queue-7")), "kinds of tasks are told apart");
        assert_eq!(known.count, TASK_QUEUES_MAX + 2);
    }
}
