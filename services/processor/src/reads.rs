//! Reads a run's state and history, and a schedule and its decisions, from the owner's memory and store.

use std::{sync::Arc, time::Instant};

use klamm_machine::{Table, TablesExt};
use klamm_messages::{
    klamm::v1::{ScheduleDecision, ScheduleRemains},
    temporal::history::v1::HistoryEvent,
};
use klamm_schedule::tables::{Decisions, Definitions, Progresses, Remains, ScheduleKey};
use klamm_workflow::tables::{History, RunKey, Runs, Workflows};

use crate::{
    backend::{Error, RunSnapshot, ScheduleSnapshot},
    partitions::Partitions,
    runs::has_come_to,
    watchers::Watch,
};

/// Up to so many events are looked up one by one. Most reads ask for new events, which are still in memory, while a scan always goes
/// through the store. (The ids of a run's events have no gap.)
const SINGLY_READ_MAX: usize = 32;

/// Reads from the partitions that are here, and waits for events that do not exist yet.
#[derive(Clone)]
pub(crate) struct Reader {
    partitions: Arc<Partitions>,
}

impl Reader {
    pub(crate) fn new(partitions: Arc<Partitions>) -> Self {
        Self { partitions }
    }

    /// A run's state; see [`Backend::run`](crate::Backend::run).
    pub(crate) fn run(&self, namespace: &str, workflow_id: &str, run_id: &str) -> Result<Option<RunSnapshot>, Error> {
        self.partitions.look(self.partitions.of(namespace, workflow_id), |state| {
            let tables = state.tables();
            let current = tables.get::<Workflows>(&(namespace.to_owned(), workflow_id.to_owned()));
            let current = current.as_ref().map(|row| row.current_run_id.as_str());
            let run_id = match (run_id, current) {
                ("", None) => return None,
                ("", Some(current)) => current,
                (run_id, _) => run_id,
            };
            let run = RunKey::new(namespace, workflow_id, run_id);
            let is_current = current == Some(run_id);
            tables.get::<Runs>(&run).filter(|state| state.started.is_some()).map(|state| RunSnapshot { run, state, is_current })
        })
    }

    /// Events of a run; see [`Backend::history`](crate::Backend::history).
    pub(crate) fn history(&self, run: &RunKey, first: i64, end: i64, limit: usize) -> Result<Vec<Arc<HistoryEvent>>, Error> {
        self.partitions.look(self.partition_of(&run.namespace, &run.workflow_id), |state| {
            let tables = state.tables();
            let count = usize::try_from(end.saturating_sub(first)).unwrap_or(0).min(limit);
            if count <= SINGLY_READ_MAX {
                let mut key = (run.clone(), first);
                let next = || {
                    let event = tables.get::<History>(&key);
                    key.1 = key.1.saturating_add(1);
                    event
                };
                let events: Vec<_> = std::iter::repeat_with(next).take(count).map_while(std::convert::identity).collect();
                if !events.is_empty() {
                    return events;
                }
                // The beginning may be gone: of some runs only the last event is kept.
            }
            let (from, to) = History::range(run, first, end);
            tables.range::<History>(&from, &to, limit).into_iter().map(|(_, event)| event).collect()
        })
    }

    /// A schedule; see [`Backend::schedule`](crate::Backend::schedule).
    pub(crate) fn schedule(&self, namespace: &str, schedule_id: &str) -> Result<Option<ScheduleSnapshot>, Error> {
        self.partitions.look(self.partitions.of(namespace, schedule_id), |state| {
            let tables = state.tables();
            let key = ScheduleKey::new(namespace, schedule_id);
            let both = tables.get::<Definitions>(&key).zip(tables.get::<Progresses>(&key));
            both.map(|(definition, progress)| ScheduleSnapshot { definition, progress })
        })
    }

    /// What is left of a deleted schedule, while its decisions are kept and no other schedule has its id.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) fn deleted_schedule(&self, namespace: &str, schedule_id: &str) -> Result<Option<Arc<ScheduleRemains>>, Error> {
        self.partitions.look(self.partitions.of(namespace, schedule_id), |state| {
            state.tables().get::<Remains>(&ScheduleKey::new(namespace, schedule_id))
        })
    }

    /// A schedule's decisions; see [`Backend::schedule_decisions`](crate::Backend::schedule_decisions).
    pub(crate) fn decisions(
        &self,
        namespace: &str,
        schedule_id: &str,
        first: i64,
        end: i64,
        limit: usize,
    ) -> Result<Vec<Arc<ScheduleDecision>>, Error> {
        let (from, to) = Decisions::range(&ScheduleKey::new(namespace, schedule_id), first, end);
        self.partitions.look(self.partitions.of(namespace, schedule_id), |state| {
            state.tables().range::<Decisions>(&from, &to, limit).into_iter().map(|(_, decision)| decision).collect()
        })
    }

    /// Waits for an event; see [`Backend::wait_for_event`](crate::Backend::wait_for_event).
    pub(crate) async fn await_event(&self, run: &RunKey, event_id: i64, deadline: Instant) -> Result<Option<RunSnapshot>, Error> {
        let watch = self.watch::<Runs>(run, move |state| state.is_none_or(|state| has_come_to(state, event_id)));
        let look = || {
            let snapshot = self.run(&run.namespace, &run.workflow_id, &run.run_id)?;
            let is_met = snapshot.as_ref().is_none_or(|snapshot| has_come_to(&snapshot.state, event_id));
            Ok((snapshot, is_met))
        };
        self.look_until_met(self.partition_of(&run.namespace, &run.workflow_id), &watch, deadline, look).await
    }

    /// Calls `look`, and calls it again whenever the watched row has changed as wanted. Ends when `look` sees what the caller waits for, or
    /// when the deadline has passed. Gives what `look` saw last.
    ///
    /// # Errors
    /// Those of `look`. [`Error::Unavailable`]: the partition is not here, or has ended meanwhile.
    pub(crate) async fn look_until_met<R>(
        &self,
        partition: u32,
        watch: &Watch<'_>,
        deadline: Instant,
        look: impl Fn() -> Result<(R, bool), Error>,
    ) -> Result<R, Error> {
        let looking = async {
            loop {
                let (seen, is_met) = look()?;
                if is_met || tokio::time::timeout_at(deadline.into(), watch.changed()).await.is_err() {
                    return Ok(seen);
                }
            }
        };
        self.partitions.while_here(partition, looking).await
    }

    /// Watches a row. Begin to watch first, then look at the row, then wait: so no change is missed.
    pub(crate) fn watch<T: Table>(&self, key: &T::Key, until: impl Fn(Option<&T::Row>) -> bool + Send + 'static) -> Watch<'_> {
        self.partitions.process().watchers.watch::<T>(key, until)
    }

    /// The result of `reading`, once it is certain that this process owned the partition all the time. If the partition was lost and gained
    /// again meanwhile, the result does not count: another owner may have changed the partition in between.
    ///
    /// # Errors
    /// Those of `reading`. [`Error::Unavailable`]: the partition is not here, or has been lost meanwhile, or nobody knows.
    pub(crate) async fn confirmed<T>(&self, partition: u32, reading: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let owned = self.partitions.get(partition)?;
        let read = reading.await?;
        self.partitions.process().ownership.confirm().await?;
        owned.standing().check_here().map(|()| read)
    }

    /// The partition of a workflow id or a schedule id.
    pub(crate) fn partition_of(&self, namespace: &str, id: &str) -> u32 {
        self.partitions.of(namespace, id)
    }
}
