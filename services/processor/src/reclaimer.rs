//! Removes what is in deleted namespaces, and then the namespaces.
//!
//! A deleted namespace is a row of the cluster machine. So nothing is forgotten when the process dies: the next owner finds the row and goes
//! on. The rounds append commands that clients could send too. A namespace is empty when a whole sweep over the rows of all partitions has
//! found none of its runs and schedules.
//!
//! The rows of a namespace lie among those of others, so a sweep looks at all rows. It goes on from round to round, and a round looks at so
//! many rows and appends so many commands at most: whatever is deleted, others get their turn.
//!
//! Temporal: service/worker/deletenamespace.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use klamm_machine::{Table, TablesExt, Time, key};
use klamm_messages::klamm::v1::{
    ClusterCommand, Command, DeleteSchedule, DeleteWorkflow, NamespaceState, ReclaimNamespace, RunState, cluster_command, command::Body,
};
use klamm_schedule::tables::{Definitions, Remains};
use klamm_supervise::Part;
use klamm_workflow::tables::Runs;

use crate::{Processor, backend::Error};

/// How often it is looked for deleted namespaces.
const EVERY: Duration = Duration::from_millis(500);
/// Rows that are looked at together, so that others get the partition's lock in between.
const PAGE: usize = 256;
/// Rows that one round looks at.
const ROWS_PER_ROUND: usize = 32 * PAGE;
/// Commands of one round, give or take a page.
const COMMANDS_PER_ROUND: usize = 2 * PAGE;
/// For so long after the deletion a call may still append a command that it began before. (Temporal waits 11 s for its caches.)
const SETTLED_AFTER: Duration = Duration::from_secs(5);
/// Sweeps in a row that have to find nothing.
const EMPTY_SWEEPS: u32 = 2;

/// Empties deleted namespaces until the partitions are lost.
pub async fn run(processor: Arc<Processor>) {
    let part = processor.process.config.supervisor.part("reclaimer");
    part.task(move |part| rounds(processor.clone(), part)).await;
}

async fn rounds(processor: Arc<Processor>, part: Part) {
    let mut reclaimer = Reclaimer::new(processor.clone(), SETTLED_AFTER);
    while processor.process.ownership.lost().is_none() {
        part.round();
        if let Err(error) = reclaimer.round().await {
            tracing::warn!(error = %error, "what is in deleted namespaces is removed later");
        }
        tokio::select! {
            biased;
            () = processor.process.ownership.until_lost() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// What is done in rounds, apart from the task that does it.
pub struct Reclaimer {
    processor: Arc<Processor>,
    settled_after: Duration,
    /// The sweep that is under way.
    sweep: Option<Sweep>,
    /// How many sweeps in a row have found nothing, by the namespace's present name.
    empty_sweeps: BTreeMap<String, u32>,
}

/// A walk over the rows of all partitions.
struct Sweep {
    began: Time,
    /// How many rows it has found of each namespace that was deleted when it began, by the name under which they stand.
    found: BTreeMap<String, usize>,
    partition: u32,
    table: Swept,
    /// Where the table goes on.
    from: Vec<u8>,
}

/// The tables that are swept, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Swept {
    Runs,
    Definitions,
    Remains,
}

/// Rows of a table that were looked at together.
struct Page {
    /// How many they are.
    rows: usize,
    /// Those of deleted namespaces.
    found: Vec<Found>,
    /// Where the table goes on; `None`: these were the last rows.
    next: Option<Vec<u8>>,
}

/// A row of a deleted namespace.
struct Found {
    namespace: String,
    id: String,
    /// What deletes it; `None` while it goes already.
    deletion: Option<Body>,
}

impl Reclaimer {
    /// A reclaimer that believes a namespace to be empty this long after its deletion at the earliest.
    pub fn new(processor: Arc<Processor>, settled_after: Duration) -> Self {
        Self { processor, settled_after, sweep: None, empty_sweeps: BTreeMap::new() }
    }

    /// Goes on with the sweep: asks for the deletion of what it finds in deleted namespaces. Removes the namespaces in which sweeps have
    /// found nothing any more.
    ///
    /// # Errors
    /// Those of a partition that cannot answer now. The next round tries it again.
    pub async fn round(&mut self) -> Result<(), Error> {
        let namespaces = self.processor.process.namespaces.all();
        self.empty_sweeps.retain(|name, _| namespaces.contains_key(name));
        let deleted = || namespaces.values().filter(|namespace| !namespace.deleted_from.is_empty());
        for namespace in deleted().filter(|namespace| namespace.emptied_time.is_some()) {
            self.reclaim(namespace).await?;
        }
        let full: Vec<_> = deleted().filter(|namespace| namespace.emptied_time.is_none()).collect();
        if full.is_empty() {
            self.sweep = None;
            return Ok(());
        }
        let mut sweep = self.sweep.take().unwrap_or_else(|| Sweep::new(self.processor.log_now(), &full));
        let ended = self.go_on(&mut sweep, &full).await;
        if !matches!(ended, Ok(true)) {
            self.sweep = Some(sweep);
            return ended.map(drop);
        }
        for namespace in full {
            // A namespace that was deleted meanwhile waits for the next sweep.
            let Some(found) = sweep.found.get(&namespace.deleted_from) else { continue };
            let is_settled = Time::or_epoch(namespace.delete_time).after(self.settled_after) <= sweep.began;
            let sweeps = self.empty_sweeps.entry(namespace.name.clone()).or_default();
            *sweeps = if *found == 0 && is_settled { *sweeps + 1 } else { 0 };
            if *sweeps >= EMPTY_SWEEPS {
                self.reclaim(namespace).await?;
            }
        }
        Ok(())
    }

    /// Looks at as many rows as a round may. True when the sweep has come to its end.
    async fn go_on(&self, sweep: &mut Sweep, namespaces: &[&NamespaceState]) -> Result<bool, Error> {
        let (mut rows, mut commands) = (0, 0);
        while sweep.partition < self.processor.partition_count() {
            if rows >= ROWS_PER_ROUND || commands >= COMMANDS_PER_ROUND {
                return Ok(false);
            }
            let page = self.page(sweep, namespaces)?;
            rows += page.rows;
            let deletions: Vec<_> = page.found.iter().filter_map(|found| self.deletion(found)).collect();
            commands += deletions.len();
            self.processor.submitter.append_all(sweep.partition, deletions).await?;
            for found in page.found {
                if let Some(count) = sweep.found.get_mut(&found.namespace) {
                    *count += 1;
                }
            }
            sweep.pass(page.next);
            tokio::task::yield_now().await;
        }
        Ok(true)
    }

    /// The rows where the sweep is.
    fn page(&self, sweep: &Sweep, namespaces: &[&NamespaceState]) -> Result<Page, Error> {
        match sweep.table {
            Swept::Runs => self.page_of::<Runs>(sweep, namespaces, of_run),
            Swept::Definitions => self.page_of::<Definitions>(sweep, namespaces, |_, _| Some(of_schedule())),
            Swept::Remains => self.page_of::<Remains>(sweep, namespaces, |_, _| Some(of_schedule())),
        }
    }

    fn page_of<T: Table>(
        &self,
        sweep: &Sweep,
        namespaces: &[&NamespaceState],
        deletion: impl Fn(&T::Row, Time) -> Option<Body>,
    ) -> Result<Page, Error> {
        let to = key::prefix_end(&[T::KIND as u8]);
        let rows = self.processor.partitions.look(sweep.partition, |state| state.tables().range::<T>(&sweep.from, &to, PAGE))?;
        let now = self.processor.log_now();
        let found = rows.iter().filter_map(|(key, row)| {
            let (namespace, id) = key::entity_names(key)?;
            let is_deleted = namespaces.iter().any(|deleted| deleted.deleted_from == namespace);
            is_deleted.then(|| Found { namespace: namespace.to_owned(), id: id.to_owned(), deletion: deletion(row, now) })
        });
        let next = rows.last().filter(|_| rows.len() == PAGE).map(|(last, _)| [last.as_slice(), &[0]].concat());
        Ok(Page { rows: rows.len(), found: found.collect(), next })
    }

    /// The command that deletes what the row stands for.
    fn deletion(&self, found: &Found) -> Option<Command> {
        Some(Command {
            version: 1,
            settings: Some(self.processor.process.settings(&found.namespace)),
            namespace: found.namespace.clone(),
            workflow_id: found.id.clone(),
            body: Some(found.deletion.clone()?),
            ..Command::default()
        })
    }

    /// Tells the cluster machine that nothing is left.
    async fn reclaim(&self, namespace: &NamespaceState) -> Result<(), Error> {
        let reclaim = cluster_command::Command::ReclaimNamespace(ReclaimNamespace { name: namespace.name.clone() });
        let command = Command {
            version: 1,
            workflow_id: namespace.name.clone(),
            body: Some(Body::Cluster(ClusterCommand { command: Some(reclaim) })),
            ..Command::default()
        };
        self.processor.submitter.submit(Box::new(command)).await?;
        if !self.processor.process.namespaces.all().contains_key(&namespace.name) {
            tracing::info!(namespace = namespace.deleted_from, "the deleted namespace is gone");
        }
        Ok(())
    }
}

impl Sweep {
    fn new(began: Time, namespaces: &[&NamespaceState]) -> Self {
        let found = namespaces.iter().map(|namespace| (namespace.deleted_from.clone(), 0)).collect();
        Self { began, found, partition: 0, table: Swept::Runs, from: Swept::Runs.begin() }
    }

    /// Goes on behind a page: in its table, in the next one, or in the next partition.
    fn pass(&mut self, next: Option<Vec<u8>>) {
        self.from = next.unwrap_or_else(|| {
            self.table = match self.table {
                Swept::Runs => Swept::Definitions,
                Swept::Definitions => Swept::Remains,
                Swept::Remains => {
                    self.partition += 1;
                    Swept::Runs
                }
            };
            self.table.begin()
        });
    }
}

impl Swept {
    /// The place before the table's first row.
    fn begin(self) -> Vec<u8> {
        let kind = match self {
            Self::Runs => Runs::KIND,
            Self::Definitions => Definitions::KIND,
            Self::Remains => Remains::KIND,
        };
        vec![kind as u8]
    }
}

/// The command that deletes the run; `None` while it goes already.
fn of_run(run: &RunState, now: Time) -> Option<Body> {
    let delete_time = run.execution.as_ref().and_then(|execution| execution.delete_time.as_ref());
    let goes = delete_time.is_some_and(|time| Time::from(time) <= now);
    (!goes).then(|| Body::DeleteWorkflow(DeleteWorkflow { run_id: run.run_id.clone() }))
}

/// The command that deletes a schedule and what is left of it.
fn of_schedule() -> Body {
    Body::DeleteSchedule(DeleteSchedule { without_remains: true })
}
