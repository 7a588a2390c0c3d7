//! Asking a run a query.

use std::time::{Duration, Instant};

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::{RunState, WorkflowTaskPhase},
    temporal::query::v1::WorkflowQuery,
};
use klamm_workflow::tables::RunKey;

use crate::{
    Processor,
    backend::{Error, QueryOutcome, TaskQueueSide},
    queries::Ride,
    reads::is_closed,
    task_queues::QueryTask,
    watchers::Until,
};

/// A worker that has not polled for this long counts as gone (Temporal: matching.queryPollerUnavailableWindow).
const POLLER_WINDOW: Duration = Duration::from_secs(20);
/// How long a query waits for a sticky worker before it goes to the normal queue, when the worker gave no time-out itself.
const STICKY_WAIT: Duration = Duration::from_secs(5);
/// How long a query waits for the answers of a workflow task that is completed.
const LANDING: Duration = Duration::from_secs(1);

impl Processor {
    /// Asks a query; see [`Backend::query`](crate::Backend::query).
    pub(crate) async fn ask(&self, run: &RunKey, query: WorkflowQuery, deadline: Instant) -> Result<QueryOutcome, Error> {
        loop {
            let state = self.state_for_query(run)?;
            let outcome = match has_pending_task(&state) {
                true => self.ask_on_task(run, &query, deadline).await?,
                false => Some(self.ask_directly(run, &state, &query, deadline).await?),
            };
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
        }
    }

    /// Lets the query ride on the run's pending workflow task; `None`: the task has ended without an answer, ask again.
    async fn ask_on_task(&self, run: &RunKey, query: &WorkflowQuery, deadline: Instant) -> Result<Option<QueryOutcome>, Error> {
        let id = uuid::Uuid::new_v4().to_string();
        let Some(mut ride) = self.queries.buffer(run, &id, query.clone()) else {
            return Err(Rejection::BusyWorkflow("query buffer is full".to_owned()).into());
        };
        let _forget = Forget(|| self.queries.forget_buffered(run, &id));
        let watch = self.watchers.watch(run, Until::Change);
        let mut landing: Option<Instant> = None;
        loop {
            let changed = watch.changed();
            if landing.is_none() && !has_pending_task(&*self.state_for_query(run)?) {
                // The completion's answers come right behind it, from whoever completed the task.
                landing = Some(Instant::now() + LANDING);
            }
            let until = landing.unwrap_or(deadline).min(deadline);
            tokio::select! {
                ended = &mut ride => {
                    return Ok(match ended {
                        Ok(Ride::Answered(result)) => Some(QueryOutcome::Answered(result)),
                        Ok(Ride::Again) | Err(_) => None,
                    });
                }
                () = changed => {}
                () = tokio::time::sleep_until(until.into()) => {
                    if Instant::now() >= deadline {
                        return Ok(Some(self.nobody_answered(run)?));
                    }
                    return Ok(None);
                }
            }
        }
    }

    /// Puts the query onto a task queue as a task of its own: the sticky one first, then the normal one.
    async fn ask_directly(&self, run: &RunKey, state: &RunState, query: &WorkflowQuery, deadline: Instant) -> Result<QueryOutcome, Error> {
        if let Some(sticky) = state.sticky.as_ref().filter(|sticky| !sticky.task_queue.is_empty()) {
            let window = Duration::from_secs(10);
            if self.task_queues.has_poller(&run.namespace, &sticky.task_queue, TaskQueueSide::Workflow, window) {
                let wait = klamm_machine::time::duration_or_none(sticky.schedule_to_start_timeout.as_ref()).unwrap_or(STICKY_WAIT);
                let until = deadline.min(Instant::now() + wait);
                if let Some(outcome) = self.ask_queue(run, &sticky.task_queue, true, query, until).await {
                    return Ok(outcome);
                }
            }
        }
        let queue = normal_queue(state);
        match self.ask_queue(run, &queue, false, query, deadline).await {
            Some(outcome) => Ok(outcome),
            None => self.nobody_answered(run),
        }
    }

    async fn ask_queue(&self, run: &RunKey, task_queue: &str, sticky: bool, query: &WorkflowQuery, until: Instant) -> Option<QueryOutcome> {
        let id = uuid::Uuid::new_v4().to_string();
        let answer = self.queries.expect_direct(&id);
        let _forget = Forget(|| {
            self.queries.forget_direct(&id);
            self.task_queues.remove_query(&run.namespace, task_queue, &id);
        });
        let task = QueryTask { id: id.clone(), run: run.clone(), query: query.clone(), sticky };
        self.task_queues.add_query(&run.namespace, task_queue, task);
        let result = tokio::time::timeout_at(until.into(), answer).await.ok()?.ok()?;
        Some(QueryOutcome::Answered(Box::new(result)))
    }

    fn nobody_answered(&self, run: &RunKey) -> Result<QueryOutcome, Error> {
        let queue = normal_queue(&*self.state_for_query(run)?);
        let polled = self.task_queues.has_poller(&run.namespace, &queue, TaskQueueSide::Workflow, POLLER_WINDOW);
        Ok(if polled { QueryOutcome::TimedOut } else { QueryOutcome::NoPoller })
    }

    fn state_for_query(&self, run: &RunKey) -> Result<std::sync::Arc<RunState>, Error> {
        let snapshot = self.read_run(&run.namespace, &run.workflow_id, &run.run_id)?;
        let gone = || Error::Rejected(Rejection::not_found(format!("workflow not found for ID: {}", run.workflow_id)));
        snapshot.map(|snapshot| snapshot.state).ok_or_else(gone)
    }
}

/// Cleans up when the caller goes away or is done.
struct Forget<F: FnMut()>(F);

impl<F: FnMut()> Drop for Forget<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn has_pending_task(state: &RunState) -> bool {
    let phase = state.workflow_task.as_ref().map_or(WorkflowTaskPhase::None, |task| task.phase());
    !is_closed(state) && matches!(phase, WorkflowTaskPhase::Scheduled | WorkflowTaskPhase::Started)
}

fn normal_queue(state: &RunState) -> String {
    let started = state.started.as_ref();
    started.and_then(|started| started.task_queue.as_ref()).map(|queue| queue.name.clone()).unwrap_or_default()
}
