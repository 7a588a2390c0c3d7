//! Table of the configuration of task queues.

use klamm_machine::{Kind, Table, key::KeyBytes, key::prefix_end};
use klamm_messages::{klamm::v1::TaskQueueState, temporal::enums::v1::TaskQueueType};

use crate::namespaces::HASH;

/// Task queues for which something is configured.
#[derive(Debug)]
pub struct TaskQueueConfigs;

/// Names a task queue and one of its sides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueKey {
    /// Name of the namespace.
    pub namespace: String,
    /// Name of the queue.
    pub task_queue: String,
    /// Number of the [`TaskQueueType`].
    pub task_queue_type: i32,
}

impl QueueKey {
    /// Which queue a state is of.
    pub fn of(state: &TaskQueueState) -> Self {
        Self { namespace: state.namespace.clone(), task_queue: state.task_queue.clone(), task_queue_type: state.task_queue_type }
    }
}

impl Table for TaskQueueConfigs {
    const KIND: Kind = Kind::TaskQueueConfig;
    type Key = QueueKey;
    type Row = TaskQueueState;

    fn key(key: &QueueKey) -> Vec<u8> {
        KeyBytes::new(Self::KIND).u32(HASH).str(&key.namespace).str(&key.task_queue).u8(key.task_queue_type as u8).finish()
    }
}

/// Bounds (from, to) of the keys of all configured queues.
pub fn all() -> (Vec<u8>, Vec<u8>) {
    let from = KeyBytes::new(TaskQueueConfigs::KIND).u32(HASH).finish();
    let to = prefix_end(&from);
    (from, to)
}

/// A side's name in keys of the topic.
pub(crate) fn type_name(task_queue_type: i32) -> &'static str {
    match TaskQueueType::try_from(task_queue_type).unwrap_or_default() {
        TaskQueueType::Unspecified => "unspecified",
        TaskQueueType::Workflow => "workflow",
        TaskQueueType::Activity => "activity",
        TaskQueueType::Nexus => "nexus",
    }
}
