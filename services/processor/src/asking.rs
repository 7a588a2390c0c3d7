//! Sends queries to runs and waits for their answers.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_machine::{Rejection, time::duration_or_none};
use klamm_messages::{
    klamm::v1::{RunState, WorkflowTaskPhase},
    temporal::query::v1::{WorkflowQuery, WorkflowQueryResult},
};
use klamm_workflow::tables::{RunKey, Runs};

use crate::{
    backend::{Error, QueryOutcome},
    clock::now,
    queries::{Queries, Ride},
    reads::Reader,
    runs,
    task_queues::{QueryTask, QueueId, TaskQueues, TaskType},
};

/// A worker that has not polled for this long counts as gone (Temporal: matching.queryPollerUnavailableWindow).
const POLLER_WINDOW: Duration = Duration::from_secs(20);
/// How long a query waits for a sticky worker before it goes to the normal queue, when the worker gave no time-out itself.
const STICKY_WAIT: Duration = Duration::from_secs(5);
/// How long a query that was sent with a workflow task waits for its answer once the task is completed. The answers come right after the
/// completion, unless the worker's call was cut off in between.
const LANDING: Duration = Duration::from_secs(1);

/// Asks runs that are here.
pub(crate) struct Asking {
    reader: Reader,
    queues: Arc<TaskQueues>,
    queries: Arc<Queries>,
}

impl Asking {
    pub(crate) fn new(reader: Reader, queues: Arc<TaskQueues>, queries: Arc<Queries>) -> Self {
        Self { reader, queues, queries }
    }

    /// Asks a query; see [`Backend::query`](crate::Backend::query).
    pub(crate) async fn ask(&self, run: &RunKey, query: WorkflowQuery, deadline: Instant) -> Result<QueryOutcome, Error> {
        loop {
            let state = self.state_for_query(run)?;
            let outcome = match has_pending_task(&state) {
                true => self.ask_on_task(run, &state, &query, deadline).await?,
                false => Some(self.ask_directly(run, &state, &query, deadline).await?),
            };
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
        }
    }

    /// Sends the query with the run's pending workflow task. `None`: the task has ended without an answer, so ask again.
    async fn ask_on_task(
        &self,
        run: &RunKey,
        state: &RunState,
        query: &WorkflowQuery,
        deadline: Instant,
    ) -> Result<Option<QueryOutcome>, Error> {
        let id = uuid::Uuid::new_v4().to_string();
        let Some(mut ride) = self.queries.buffer(run, &id, query.clone(), behind(state)) else {
            return Err(Rejection::BusyWorkflow("query buffer is full".to_owned()).into());
        };
        let _forget = Forget(|| self.queries.forget_buffered(run, &id));
        let watch = self.reader.watch::<Runs>(run, |_| true);
        let mut landing: Option<Instant> = None;
        loop {
            let changed = watch.changed();
            let state = self.state_for_query(run)?;
            if landing.is_none() && !has_pending_task(&state) {
                if self.queries.leave(run, &id, state.last_completed_workflow_task_started_event_id) {
                    return Ok(None);
                }
                landing = Some(now() + LANDING);
            }
            drop(state);
            let until = landing.unwrap_or(deadline).min(deadline);
            tokio::select! {
                biased;
                ended = &mut ride => {
                    return Ok(match ended {
                        Ok(Ride::Answered(result)) => Some(QueryOutcome::Answered(result)),
                        Ok(Ride::Again) | Err(_) => None,
                    });
                }
                () = changed => {}
                () = tokio::time::sleep_until(until.into()) => {
                    if now() >= deadline {
                        // A query that waits for a workflow task times out, whether or not a worker is there (Temporal:
                        // queryworkflow/api.go).
                        return Ok(Some(QueryOutcome::TimedOut));
                    }
                    return Ok(None);
                }
            }
        }
    }

    /// Puts the query onto a task queue as a task of its own: the sticky one first, then the normal one.
    async fn ask_directly(&self, run: &RunKey, state: &RunState, query: &WorkflowQuery, deadline: Instant) -> Result<QueryOutcome, Error> {
        if let Some(name) = runs::sticky_queue(state) {
            let window = Duration::from_secs(10);
            let queue = QueueId { task_type: TaskType::Query, ..QueueId::sticky(&run.namespace, name) };
            if self.queues.has_poller(&queue, window) {
                let wait = state.sticky.as_ref().and_then(|sticky| duration_or_none(sticky.schedule_to_start_timeout.as_ref()));
                let until = deadline.min(now() + wait.unwrap_or(STICKY_WAIT));
                if let Asked::Answered(result) = self.ask_queue(run, &queue, query, until).await {
                    return Ok(QueryOutcome::Answered(result));
                }
            }
        }
        let name = runs::normal_queue(state).map(|queue| queue.name.as_str()).unwrap_or_default();
        let queue = QueueId::normal(&run.namespace, name, TaskType::Query);
        Ok(match self.ask_queue(run, &queue, query, deadline).await {
            Asked::Answered(result) => QueryOutcome::Answered(result),
            Asked::Waiting if !self.queues.has_poller(&queue, POLLER_WINDOW) => QueryOutcome::NoPoller,
            Asked::Waiting | Asked::Taken => {
                // If the run or its partition is gone, the caller gets that error instead.
                self.state_for_query(run)?;
                QueryOutcome::TimedOut
            }
        })
    }

    async fn ask_queue(&self, run: &RunKey, queue: &QueueId, query: &WorkflowQuery, until: Instant) -> Asked {
        let id = uuid::Uuid::new_v4().to_string();
        let answer = self.queries.expect_direct(&id);
        let take_back = || self.queues.remove_query(queue, &id);
        let _forget = Forget(|| {
            self.queries.forget_direct(&id);
            take_back();
        });
        let task = QueryTask { id: id.clone(), run: run.clone(), query: query.clone(), sticky: queue.sticky };
        self.queues.add_query(queue, task);
        match tokio::time::timeout_at(until.into(), answer).await {
            Ok(Ok(result)) => Asked::Answered(Box::new(result)),
            _ if take_back() => Asked::Waiting,
            _ => Asked::Taken,
        }
    }

    fn state_for_query(&self, run: &RunKey) -> Result<Arc<RunState>, Error> {
        let snapshot = self.reader.run(&run.namespace, &run.workflow_id, &run.run_id)?;
        let gone = || Error::Rejected(Rejection::not_found(format!("workflow not found for ID: {}", run.workflow_id)));
        snapshot.map(|snapshot| snapshot.state).ok_or_else(gone)
    }
}

/// What came of a query that was put onto a queue.
enum Asked {
    /// A worker answered.
    Answered(Box<WorkflowQueryResult>),
    /// A worker has got the query, and has not answered in time.
    Taken,
    /// No poll has taken the query.
    Waiting,
}

/// Runs a function when dropped: it cleans up when the caller goes away or is done.
struct Forget<F: FnMut()>(F);

impl<F: FnMut()> Drop for Forget<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Started event of the workflow task under way, when something has happened since the task began (such as a signal that was acknowledged
/// before the query). The worker of this task does not know of it yet, so the query must ride on a later task.
fn behind(state: &RunState) -> Option<i64> {
    let task = state.workflow_task.as_ref().filter(|task| task.phase() == WorkflowTaskPhase::Started)?;
    (!state.buffered_events.is_empty()).then_some(task.started_event_id)
}

/// A workflow task on which a query can ride.
fn has_pending_task(state: &RunState) -> bool {
    !runs::is_closed(state) && runs::has_pending_task(state)
}
