//! What the cluster machine emits.

use klamm_messages::klamm::v1::{ClusterRecord, DeclaredTopics, NamespaceState, TaskQueueState, TriggerState, cluster_record::Record};

use crate::QueueKey;

/// A fact about one thing of the cluster.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A thing as it stands: a record of the topic.
    Record(Box<ClusterRecord>),
    /// A namespace of this name is no more: a tombstone.
    RemoveNamespace(String),
    /// Nothing is configured about a task queue any more: a tombstone.
    RemoveTaskQueue(QueueKey),
    /// A trigger of this name is no more: a tombstone.
    RemoveTrigger(String),
    /// No topics are declared for the namespace of this name any more: a tombstone.
    RemoveTopics(String),
}

impl Event {
    /// The namespace as it stands.
    pub(crate) fn namespace(state: NamespaceState) -> Self {
        Self::Record(Box::new(ClusterRecord { record: Some(Record::Namespace(state)) }))
    }

    /// The configuration of a task queue as it stands.
    pub(crate) fn task_queue(state: TaskQueueState) -> Self {
        Self::Record(Box::new(ClusterRecord { record: Some(Record::TaskQueue(state)) }))
    }

    /// The declared topics of a namespace as they stand.
    pub(crate) fn topics(state: DeclaredTopics) -> Self {
        Self::Record(Box::new(ClusterRecord { record: Some(Record::Topics(state)) }))
    }

    /// A trigger as it stands.
    pub(crate) fn trigger(state: TriggerState) -> Self {
        Self::Record(Box::new(ClusterRecord { record: Some(Record::Trigger(state)) }))
    }
}
