//! What a poller is handed.

use std::{sync::Arc, time::Instant};

use klamm_messages::{klamm::v1::TaskRow, temporal::query::v1::WorkflowQuery};
use klamm_workflow::{answer::StartedReservation, tables::RunKey};

use super::home::Origin;

/// A task or a query for a poller.
#[derive(Debug, Clone)]
pub enum Offer {
    /// A task of a partition's table. A command has to start it.
    Task(Task),
    /// A query. It has to be answered; nothing is started.
    Query(Box<QueryTask>),
    /// A task that has been started for the poll already: the poll rode in the command that scheduled the task.
    Started(Box<StartedReservation>),
}

/// Priority of what has none of its own.
pub const DEFAULT_PRIORITY: i32 = 3;

impl Offer {
    /// 1 (most urgent) to 5.
    pub fn priority(&self) -> i32 {
        match self {
            Self::Task(task) => task.row.priority,
            Self::Query(_) | Self::Started(_) => DEFAULT_PRIORITY,
        }
    }
}

/// A task that waits.
#[derive(Debug, Clone)]
pub struct Task {
    /// Where the task comes from, and who starts it.
    pub origin: Origin,
    /// The task's key in the machine's task table. Key order is dispatch order.
    pub key: Vec<u8>,
    /// The task's row.
    pub row: Arc<TaskRow>,
    /// Since when the task waits.
    pub since: Instant,
}

/// A query that waits for a worker.
#[derive(Debug, Clone)]
pub struct QueryTask {
    /// The query's id.
    pub id: String,
    /// The run that the query asks.
    pub run: RunKey,
    /// The question.
    pub query: WorkflowQuery,
    /// Whether the query is offered on the sticky queue. Then the worker knows the history up to the last completed workflow task.
    pub sticky: bool,
}
