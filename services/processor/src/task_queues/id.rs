//! What names a task queue.

use std::borrow::Cow;

use klamm_messages::{
    klamm::v1::{TaskKind, TaskRow},
    temporal::{enums::v1::TaskQueueKind, taskqueue::v1::TaskQueue},
};

use crate::backend::TaskQueueSide;

/// What a task wants of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskType {
    /// To go on with a workflow.
    Workflow,
    /// To run an activity.
    Activity,
    /// To answer a query of a workflow.
    Query,
    /// To carry out a Nexus operation.
    Nexus,
}

impl TaskType {
    /// The type's name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Workflow => "Workflow",
            Self::Activity => "Activity",
            Self::Query => "Query",
            Self::Nexus => "Nexus",
        }
    }
}

impl From<TaskQueueSide> for TaskType {
    fn from(side: TaskQueueSide) -> Self {
        match side {
            TaskQueueSide::Workflow => Self::Workflow,
            TaskQueueSide::Activity => Self::Activity,
        }
    }
}

/// A version of workers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerVersion {
    /// The deployment that the version belongs to.
    pub deployment: String,
    /// The version's build id.
    pub build_id: String,
}

/// Names a task queue. Tasks and polls with the same id meet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId {
    /// Namespace.
    pub namespace: String,
    /// What the queue's tasks want of a worker.
    pub task_type: TaskType,
    /// The queue's name. Workers make up the names of sticky queues.
    pub name: String,
    /// Whether this is the queue of one worker, for the workflows that this worker has in its cache.
    pub sticky: bool,
    /// Only workers of this version get the queue's tasks. `None`: workers of any version do.
    pub version: Option<WorkerVersion>,
}

impl QueueId {
    /// A queue that all workers share.
    pub fn normal(namespace: impl Into<String>, name: impl Into<String>, task_type: TaskType) -> Self {
        Self { namespace: namespace.into(), task_type, name: name.into(), sticky: false, version: None }
    }

    /// One worker's own queue of workflow tasks.
    pub fn sticky(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { sticky: true, ..Self::normal(namespace, name, TaskType::Workflow) }
    }

    /// The queue that a message of Temporal's API names.
    pub fn of(namespace: &str, queue: &TaskQueue, task_type: TaskType) -> Self {
        Self { sticky: queue.kind == TaskQueueKind::Sticky as i32, ..Self::normal(namespace, &queue.name, task_type) }
    }

    /// The queue that a task was scheduled on.
    pub fn of_task(row: &TaskRow) -> Self {
        Self { sticky: row.sticky, ..Self::normal(&row.namespace, &row.task_queue, type_of(row)) }
    }

    /// The queue that a task of a sticky queue goes to when its worker is gone.
    pub fn normal_of_task(row: &TaskRow) -> Self {
        Self::normal(&row.namespace, &row.normal_task_queue, type_of(row))
    }

    /// The queue whose polls take the tasks of this one. There are no polls for queries: the workers that poll for workflow tasks answer
    /// them.
    pub fn polled(&self) -> Cow<'_, Self> {
        match self.task_type {
            TaskType::Query => Cow::Owned(Self { task_type: TaskType::Workflow, ..self.clone() }),
            TaskType::Workflow | TaskType::Activity | TaskType::Nexus => Cow::Borrowed(self),
        }
    }
}

fn type_of(row: &TaskRow) -> TaskType {
    if row.kind == TaskKind::Activity as i32 { TaskType::Activity } else { TaskType::Workflow }
}
