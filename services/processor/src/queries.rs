//! Queries that wait for a worker. They never touch the log.

use std::collections::{BTreeMap, HashMap};

use klamm_messages::temporal::query::v1::{WorkflowQuery, WorkflowQueryResult};
use klamm_workflow::tables::RunKey;
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// At most so many queries may wait for a workflow task of a run (Temporal: history.MaxBufferedQueryCount).
pub const BUFFERED_PER_RUN_MAX: usize = 1;

/// Queries of this process that wait for a worker.
#[derive(Default)]
pub struct Queries {
    /// Query tasks that wait on a queue or were handed out, by id.
    direct: Mutex<HashMap<String, oneshot::Sender<WorkflowQueryResult>>>,
    /// Queries that ride on a run's next workflow task.
    buffered: Mutex<HashMap<RunKey, BTreeMap<String, Buffered>>>,
}

struct Buffered {
    query: WorkflowQuery,
    /// Started event of a workflow task that does not know of everything that came before the query. The query rides on a later task.
    not_on: Option<i64>,
    /// Started event of the workflow task that carries the query.
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
    /// Registers a query task whose answer somebody waits for.
    pub fn expect_direct(&self, id: &str) -> oneshot::Receiver<WorkflowQueryResult> {
        let (sender, receiver) = oneshot::channel();
        self.direct.lock().insert(id.to_owned(), sender);
        receiver
    }

    /// Gives a query task's answer to the caller that waits. False when nobody waits.
    pub fn answer_direct(&self, id: &str, result: WorkflowQueryResult) -> bool {
        self.direct.lock().remove(id).is_some_and(|sender| sender.send(result).is_ok())
    }

    /// Forgets a query task that nobody waits for any more.
    pub fn forget_direct(&self, id: &str) {
        self.direct.lock().remove(id);
    }

    /// Lets a query wait for the run's next workflow task. `None` when too many wait already. `not_on`: started event of the task under
    /// way, if that task does not know of everything that came before the query.
    pub fn buffer(&self, run: &RunKey, id: &str, query: WorkflowQuery, not_on: Option<i64>) -> Option<oneshot::Receiver<Ride>> {
        let mut buffered = self.buffered.lock();
        let queries = buffered.entry(run.clone()).or_default();
        // Queries that a task carries already don't count: the next task can take one more.
        if queries.values().filter(|query| query.carried_by.is_none()).count() >= BUFFERED_PER_RUN_MAX {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        queries.insert(id.to_owned(), Buffered { query, not_on, carried_by: None, sender });
        Some(receiver)
    }

    /// Forgets a query that its caller has given up.
    pub fn forget_buffered(&self, run: &RunKey, id: &str) {
        let mut buffered = self.buffered.lock();
        if let Some(queries) = buffered.get_mut(run) {
            queries.remove(id);
            if queries.is_empty() {
                buffered.remove(run);
            }
        }
    }

    /// To be called when the run has no workflow task. `completed`: started event of the last completed task. Takes the query out if no
    /// completed task has carried it, so that it can be asked anew. False when its answer has come, or is about to come.
    pub fn leave(&self, run: &RunKey, id: &str, completed: i64) -> bool {
        let mut buffered = self.buffered.lock();
        let Some(queries) = buffered.get_mut(run) else { return false };
        let is_left_behind = queries.get(id).is_some_and(|query| query.carried_by.is_none_or(|started| started > completed));
        if is_left_behind {
            queries.remove(id);
            if queries.is_empty() {
                buffered.remove(run);
            }
        }
        is_left_behind
    }

    /// The queries that ride on the workflow task with this started event, which is about to go to a worker.
    pub fn carry(&self, run: &RunKey, started_event_id: i64) -> BTreeMap<String, WorkflowQuery> {
        let mut buffered = self.buffered.lock();
        let Some(queries) = buffered.get_mut(run) else { return BTreeMap::new() };
        queries
            .iter_mut()
            .filter(|(_, query)| query.not_on.is_none_or(|started| started < started_event_id))
            .map(|(id, query)| {
                query.carried_by = Some(started_event_id);
                (id.clone(), query.query.clone())
            })
            .collect()
    }

    /// The run's workflow task is completed, with these answers. Queries that rode on it and got no answer are asked again.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> RunKey {
        RunKey::new("default", "w", "r")
    }

    fn query() -> WorkflowQuery {
        WorkflowQuery { query_type: "state".to_owned(), ..WorkflowQuery::default() }
    }

    #[test]
    fn a_query_that_was_not_sent_with_the_completed_task_leaves_at_once() {
        let queries = Queries::default();
        let _early = queries.buffer(&run(), "early", query(), None).unwrap();
        assert_eq!(queries.carry(&run(), 3).len(), 1);
        let _late = queries.buffer(&run(), "late", query(), None).unwrap();
        assert!(!queries.leave(&run(), "early", 3), "its answer comes right behind the completion");
        assert!(queries.leave(&run(), "late", 3));
        assert!(!queries.leave(&run(), "late", 3), "it has left");
        queries.landed(&run(), Vec::new());
        assert!(queries.buffered.lock().is_empty());
    }

    #[test]
    fn a_query_rides_on_no_task_that_lacks_what_came_before_it() {
        let queries = Queries::default();
        let _ride = queries.buffer(&run(), "a", query(), Some(3)).unwrap();
        assert!(queries.carry(&run(), 3).is_empty());
        queries.landed(&run(), Vec::new());
        assert_eq!(queries.carry(&run(), 7).len(), 1, "the next one knows it");
        let _left = queries.buffer(&run(), "b", query(), Some(7)).unwrap();
        assert!(queries.carry(&run(), 7).keys().all(|id| id == "a"));
        assert!(queries.leave(&run(), "b", 7), "where no task follows, it is asked anew");
    }

    #[test]
    fn a_query_whose_task_was_never_completed_leaves_at_once() {
        let queries = Queries::default();
        let _ride = queries.buffer(&run(), "a", query(), None).unwrap();
        queries.carry(&run(), 7);
        assert!(queries.leave(&run(), "a", 3), "the run was terminated while the task was under way");
    }

    #[tokio::test]
    async fn answers_land_and_what_rode_without_one_is_asked_again() {
        let queries = Queries::default();
        let answered = queries.buffer(&run(), "a", query(), None).unwrap();
        queries.carry(&run(), 3);
        let silent = queries.buffer(&run(), "b", query(), None).unwrap();
        queries.carry(&run(), 3);
        let waiting = queries.buffer(&run(), "c", query(), None).unwrap();
        assert!(queries.buffer(&run(), "d", query(), None).is_none(), "one waits for the next task already");
        let result = WorkflowQueryResult { result_type: 1, ..WorkflowQueryResult::default() };
        queries.landed(&run(), vec![("a".to_owned(), result.clone())]);
        assert_eq!(answered.await, Ok(Ride::Answered(Box::new(result))));
        assert_eq!(silent.await, Ok(Ride::Again));
        assert_eq!(queries.carry(&run(), 5).into_keys().collect::<Vec<_>>(), ["c"]);
        drop(waiting);
    }
}
