//! The place where task queues live, as the owners of partitions see it.

use std::sync::Arc;

use klamm_messages::klamm::v1::{TaskQueueState, TaskRow};

use crate::machines::MachineName;

/// Where task queues live: tasks are offered there, and polls wait there.
///
/// For now it is in the owner's process. Later it may be in another process, so only data goes there and nothing comes back. An offer is
/// valid only as long as its partition is owned: the next owner offers the task again from the partition's task table.
pub trait Home: Send + Sync {
    /// Offers a task that waits. Offering it again changes only where the task is found.
    fn offer(&self, task: Offered);

    /// Takes the task under this key back: it does not wait any more.
    fn take_back(&self, key: &[u8]);

    /// Puts the configuration of a queue in force.
    fn configure(&self, state: &TaskQueueState);

    /// Nothing is configured any more about the queues of a namespace.
    fn forget_configuration(&self, namespace: &str);

    /// Forgets all tasks of a partition that is not owned here any more.
    fn forget(&self, partition: u32);
}

/// A task as its owner offers it.
#[derive(Debug, Clone)]
pub struct Offered {
    /// Where the task comes from.
    pub origin: Origin,
    /// The task's key in the machine's task table.
    pub key: Vec<u8>,
    /// The task's row.
    pub row: Arc<TaskRow>,
}

/// Where a task comes from. To start it for a poll, this machine of this partition is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The partition.
    pub partition: u32,
    /// The machine.
    pub machine: MachineName,
}
