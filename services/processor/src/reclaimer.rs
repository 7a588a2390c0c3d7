//! Removes what is in deleted namespaces, and then the namespaces.
//!
//! A deleted namespace is a row of the cluster machine. So nothing is forgotten when the process dies: the next owner finds the row and goes
//! on. The rounds append commands that clients could send too, and count nothing: a namespace is empty when a whole round over all
//! partitions finds none of its runs and schedules.
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
/// For so long after the deletion a call may still append a command that it began before. (Temporal waits 11 s for its caches.)
const SETTLED_AFTER: Duration = Duration::from_secs(5);
/// Rounds in a row that have to find nothing.
const EMPTY_ROUNDS: u32 = 2;

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
    /// How many rounds in a row have found nothing, by the namespace's present name.
    empty_rounds: BTreeMap<String, u32>,
}

impl Reclaimer {
    /// A reclaimer that believes a namespace to be empty this long after its deletion at the earliest.
    pub fn new(processor: Arc<Processor>, settled_after: Duration) -> Self {
        Self { processor, settled_after, empty_rounds: BTreeMap::new() }
    }

    /// Asks for the deletion of what is found in deleted namespaces, and removes those in which nothing is found any more.
    ///
    /// # Errors
    /// Those of a partition that cannot answer now.
    pub async fn round(&mut self) -> Result<(), Error> {
        let namespaces = self.processor.process.namespaces.all();
        self.empty_rounds.retain(|name, _| namespaces.contains_key(name));
        let now = self.processor.log_now();
        for namespace in namespaces.values().filter(|namespace| !namespace.deleted_from.is_empty()) {
            if namespace.emptied_time.is_none() {
                let is_settled = Time::or_epoch(namespace.delete_time).after(self.settled_after) <= now;
                let found = self.sweep(&namespace.deleted_from).await?;
                let rounds = self.empty_rounds.entry(namespace.name.clone()).or_default();
                *rounds = if found == 0 && is_settled { *rounds + 1 } else { 0 };
                if *rounds < EMPTY_ROUNDS {
                    continue;
                }
            }
            self.reclaim(namespace).await?;
        }
        Ok(())
    }

    /// Asks for the deletion of all runs and schedules under this name. Gives how many were found.
    async fn sweep(&self, namespace: &str) -> Result<usize, Error> {
        let mut found = 0;
        for partition in 0..self.processor.partition_count() {
            found += self.sweep_table::<Runs>(partition, namespace, of_run).await?;
            found += self.sweep_table::<Definitions>(partition, namespace, |_, _| Some(of_schedule())).await?;
            found += self.sweep_table::<Remains>(partition, namespace, |_, _| Some(of_schedule())).await?;
        }
        Ok(found)
    }

    /// Asks for the deletion of what the rows of one table in one partition stand for. Gives how many rows there are.
    async fn sweep_table<T: Table>(
        &self,
        partition: u32,
        namespace: &str,
        deletion: impl Fn(&T::Row, Time) -> Option<Body>,
    ) -> Result<usize, Error> {
        let (mut from, to) = (vec![T::KIND as u8], key::prefix_end(&[T::KIND as u8]));
        let mut found = 0;
        loop {
            let page = self.processor.partitions.look(partition, |state| state.tables().range::<T>(&from, &to, PAGE))?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            from = [last.as_slice(), &[0]].concat();
            let now = self.processor.log_now();
            let mut commands = Vec::new();
            for (key, row) in &page {
                let Some((of, id)) = key::entity_names(key).filter(|(of, _)| *of == namespace) else { continue };
                found += 1;
                if let Some(body) = deletion(row, now) {
                    commands.push(Command {
                        version: 1,
                        settings: Some(self.processor.process.settings(of)),
                        namespace: of.to_owned(),
                        workflow_id: id.to_owned(),
                        body: Some(body),
                        ..Command::default()
                    });
                }
            }
            self.processor.submitter.append_all(partition, commands).await?;
            tokio::task::yield_now().await;
        }
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
        self.processor.submitter.submit(command).await?;
        if !self.processor.process.namespaces.all().contains_key(&namespace.name) {
            tracing::info!(namespace = namespace.deleted_from, "the deleted namespace is gone");
        }
        Ok(())
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
