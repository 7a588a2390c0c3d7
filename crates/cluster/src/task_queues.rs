//! Table of the configuration of task queues.

use klamm_machine::{
    Kind, Table,
    key::{self, KeyBytes, prefix_end},
};
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

/// Beginning of the keys of a namespace's queues.
pub(crate) fn of_namespace(namespace: &str) -> Vec<u8> {
    KeyBytes::new(TaskQueueConfigs::KIND).u32(HASH).str(namespace).finish()
}

/// First part of the topic keys of task queues.
pub(crate) const TOPIC_KIND: &str = "task-queue";

/// Key of a queue on the topic.
pub(crate) fn topic_key(queue: &QueueKey) -> String {
    key::topic_key([TOPIC_KIND, &queue.namespace, type_name(queue.task_queue_type), &queue.task_queue])
}

/// The queue that the rest of a topic key names.
pub(crate) fn of_topic_key(mut parts: impl Iterator<Item = String>) -> Option<QueueKey> {
    let (namespace, kind, task_queue) = (parts.next()?, parts.next()?, parts.next()?);
    let task_queue_type = (0..=TYPE_MAX).find(|number| type_name(*number) == kind)?;
    Some(QueueKey { namespace, task_queue, task_queue_type })
}

/// Highest number of a side.
const TYPE_MAX: i32 = TaskQueueType::Nexus as i32;

/// A side's name in keys of the topic.
pub(crate) fn type_name(task_queue_type: i32) -> &'static str {
    match TaskQueueType::try_from(task_queue_type).unwrap_or_default() {
        TaskQueueType::Unspecified => "unspecified",
        TaskQueueType::Workflow => "workflow",
        TaskQueueType::Activity => "activity",
        TaskQueueType::Nexus => "nexus",
    }
}
