//! Queries on their way: they never touch the log.

use std::collections::{BTreeMap, HashMap};

use klamm_messages::temporal::query::v1::{WorkflowQuery, WorkflowQueryResult};
use klamm_workflow::tables::RunKey;
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Queries that wait for a workflow task of a run may be at most so many (Temporal: history.MaxBufferedQueryCount).
pub const BUFFERED_PER_RUN_MAX: usize = 1;

/// Queries of this process that wait for a worker.
#[derive(Default)]
pub struct Queries {
    /// Query tasks handed out or waiting on a queue, by id.
    direct: Mutex<HashMap<String, oneshot::Sender<WorkflowQueryResult>>>,
    /// Queries that ride on a run's next workflow task.
    buffered: Mutex<HashMap<RunKey, BTreeMap<String, Buffered>>>,
}

struct Buffered {
    query: WorkflowQuery,
    /// Stamp of the workflow task that carries it.
    carried_by: Option<i64>,
    sender: oneshot::Sender<Ride>,
}

/// How a query's ride on a workflow task ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ride {
    /// The worker answered.
    Answered(Box<WorkflowQueryResult>),
    /// The task ended without an answer: ask again.
    Again,
}

impl Queries {
    /// Expects the answer to a query task.
    pub fn expect_direct(&self, id: &str) -> oneshot::Receiver<WorkflowQueryResult> {
        let (sender, receiver) = oneshot::channel();
        self.direct.lock().insert(id.to_owned(), sender);
        receiver
    }

    /// Gives a query task's answer to whoever waits; false when nobody does.
    pub fn answer_direct(&self, id: &str, result: WorkflowQueryResult) -> bool {
        self.direct.lock().remove(id).is_some_and(|sender| sender.send(result).is_ok())
    }

    /// Nobody waits for this query task any more.
    pub fn forget_direct(&self, id: &str) {
        self.direct.lock().remove(id);
    }

    /// Puts a query onto the run's next workflow task; `None` when too many wait already.
    pub fn buffer(&self, run: &RunKey, id: &str, query: WorkflowQuery) -> Option<oneshot::Receiver<Ride>> {
        let mut buffered = self.buffered.lock();
        let queries = buffered.entry(run.clone()).or_default();
        // Those that are on their way with a task don't count: the next task is free for one more.
        if queries.values().filter(|query| query.carried_by.is_none()).count() >= BUFFERED_PER_RUN_MAX {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        queries.insert(id.to_owned(), Buffered { query, carried_by: None, sender });
        Some(receiver)
    }

    /// The query is given up.
    pub fn forget_buffered(&self, run: &RunKey, id: &str) {
        let mut buffered = self.buffered.lock();
        if let Some(queries) = buffered.get_mut(run) {
            queries.remove(id);
            if queries.is_empty() {
                buffered.remove(run);
            }
        }
    }

    /// Queries for the workflow task with this stamp, which a poller has just started.
    pub fn carry(&self, run: &RunKey, stamp: i64) -> BTreeMap<String, WorkflowQuery> {
        let mut buffered = self.buffered.lock();
        let Some(queries) = buffered.get_mut(run) else { return BTreeMap::new() };
        queries
            .iter_mut()
            .map(|(id, query)| {
                query.carried_by = Some(stamp);
                (id.clone(), query.query.clone())
            })
            .collect()
    }

    /// The run's workflow task is completed: these are the answers; what rode on it without one is asked again.
    pub fn landed(&self, run: &RunKey, results: Vec<(String, WorkflowQueryResult)>) {
        let mut buffered = self.buffered.lock();
        let Some(queries) = buffered.get_mut(run) else { return };
        for (id, result) in results {
            if let Some(query) = queries.remove(&id) {
                let _ = query.sender.send(Ride::Answered(Box::new(result)));
            }
        }
        let carried: Vec<_> = queries.iter().filter(|(_, query)| query.carried_by.is_some()).map(|(id, _)| id.clone()).collect();
        for id in carried {
            if let Some(query) = queries.remove(&id) {
                let _ = query.sender.send(Ride::Again);
            }
        }
        if queries.is_empty() {
            buffered.remove(run);
        }
    }
}
