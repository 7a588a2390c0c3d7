//! What a poller is handed.

use std::sync::Arc;

use klamm_messages::{klamm::v1::TaskRow, temporal::query::v1::WorkflowQuery};
use klamm_workflow::{answer::StartedReservation, tables::RunKey};

/// A task or a query for a poller.
#[derive(Debug, Clone)]
pub enum Offer {
    /// A task of a partition's table: to be started by a command.
    Task(Task),
    /// A query: to be answered, nothing starts.
    Query(Box<QueryTask>),
    /// A task that has been started for the poll already: it rode in the command that scheduled it.
    Started(Box<StartedReservation>),
}

/// A task that waits.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its key in the task table; key order is dispatch order.
    pub key: Vec<u8>,
    /// What it is about.
    pub row: Arc<TaskRow>,
}

/// A query that waits for a worker.
#[derive(Debug, Clone)]
pub struct QueryTask {
    /// Its id.
    pub id: String,
    /// The run that is asked.
    pub run: RunKey,
    /// The question.
    pub query: WorkflowQuery,
    /// Offered over the sticky queue: the worker knows the history up to the last completed workflow task.
    pub sticky: bool,
}
