//! Reads: a run's state and history, a schedule and its decisions, as they stand in the owner's memory and store.

use std::{sync::Arc, time::Instant};

use klamm_machine::{TablesExt, key};
use klamm_messages::{
    klamm::v1::{RunState, ScheduleDecision},
    temporal::{enums::v1::WorkflowExecutionStatus, history::v1::HistoryEvent},
};
use klamm_schedule::tables::{Decisions, Definitions, Progresses, ScheduleKey};
use klamm_workflow::tables::{History, RunKey, Runs, Workflows};

use crate::{
    Processor,
    backend::{Error, RunSnapshot, ScheduleSnapshot},
    watchers::Until,
};

/// Up to so many events are looked up one by one: new ones, which are asked for most, are still in memory, and a scan goes through the store
/// anyway. Events of a run have no gap.
const SINGLY_READ_MAX: usize = 32;

impl Processor {
    /// A run's state; see [`Backend::run`](crate::Backend::run).
    pub(crate) fn read_run(&self, namespace: &str, workflow_id: &str, run_id: &str) -> Result<Option<RunSnapshot>, Error> {
        let partition = self.read(key::partition_of(namespace, workflow_id, self.partition_count()))?;
        let tables = partition.tables();
        let current = tables.get::<Workflows>(&(namespace.to_owned(), workflow_id.to_owned()));
        let current = current.as_ref().map(|row| row.current_run_id.as_str());
        let run_id = match (run_id, current) {
            ("", None) => return Ok(None),
            ("", Some(current)) => current,
            (run_id, _) => run_id,
        };
        let run = RunKey::new(namespace, workflow_id, run_id);
        let is_current = current == Some(run_id);
        Ok(tables.get::<Runs>(&run).filter(|state| state.started.is_some()).map(|state| RunSnapshot { run, state, is_current }))
    }

    /// Events of a run; see [`Backend::history`](crate::Backend::history).
    pub(crate) fn read_history(&self, run: &RunKey, first: i64, end: i64, limit: usize) -> Result<Vec<Arc<HistoryEvent>>, Error> {
        let partition = self.read(key::partition_of(&run.namespace, &run.workflow_id, self.partition_count()))?;
        let tables = partition.tables();
        let count = usize::try_from(end - first).unwrap_or(0).min(limit);
        if count <= SINGLY_READ_MAX {
            let mut key = (run.clone(), first);
            let next = || {
                let event = tables.get::<History>(&key);
                key.1 += 1;
                event
            };
            return Ok(std::iter::repeat_with(next).take(count).map_while(std::convert::identity).collect());
        }
        let (from, to) = History::range(run, first, end);
        Ok(tables.range::<History>(&from, &to, limit).into_iter().map(|(_, event)| event).collect())
    }

    /// A schedule; see [`Backend::schedule`](crate::Backend::schedule).
    pub(crate) fn read_schedule(&self, namespace: &str, schedule_id: &str) -> Result<Option<ScheduleSnapshot>, Error> {
        let partition = self.read(key::partition_of(namespace, schedule_id, self.partition_count()))?;
        let tables = partition.tables();
        let key = ScheduleKey::new(namespace, schedule_id);
        let both = tables.get::<Definitions>(&key).zip(tables.get::<Progresses>(&key));
        Ok(both.map(|(definition, progress)| ScheduleSnapshot { definition, progress }))
    }

    /// A schedule's decisions; see [`Backend::schedule_decisions`](crate::Backend::schedule_decisions).
    pub(crate) fn read_decisions(
        &self,
        namespace: &str,
        schedule_id: &str,
        first: i64,
        end: i64,
        limit: usize,
    ) -> Result<Vec<Arc<ScheduleDecision>>, Error> {
        let partition = self.read(key::partition_of(namespace, schedule_id, self.partition_count()))?;
        let (from, to) = Decisions::range(&ScheduleKey::new(namespace, schedule_id), first, end);
        Ok(partition.tables().range::<Decisions>(&from, &to, limit).into_iter().map(|(_, decision)| decision).collect())
    }

    /// Waits for an event; see [`Backend::wait_for_event`](crate::Backend::wait_for_event).
    pub(crate) async fn await_event(&self, run: &RunKey, event_id: i64, deadline: Instant) -> Result<Option<RunSnapshot>, Error> {
        let until = Until::Event(event_id);
        let watch = self.watchers.watch(run, until);
        loop {
            let snapshot = self.read_run(&run.namespace, &run.workflow_id, &run.run_id)?;
            let done = snapshot.as_ref().is_none_or(|snapshot| until.is_met(&snapshot.state));
            if done || tokio::time::timeout_at(deadline.into(), watch.changed()).await.is_err() {
                return Ok(snapshot);
            }
        }
    }
}

/// True when the run has ended.
pub(crate) fn is_closed(state: &RunState) -> bool {
    !matches!(state.status(), WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused)
}
