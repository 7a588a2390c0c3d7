//! The partitions that this process owns: all or some.

use std::{collections::BTreeMap, sync::Arc};

use klamm_log::Offset;
use klamm_machine::key;
use klamm_messages::klamm::v1::{Command, command::Body};
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use crate::{
    backend::Error,
    log_clock, memory,
    partition::{Failure, Halt, Owned, State, Tried},
    process::Process,
};

/// Source, in the process's health, of problems that the log reports about itself.
pub(crate) const LOG: &str = "log";
/// Source, in the process's health, of the reason why commits fail.
pub(crate) const COMMITS: &str = "commits";

/// Partitions by number.
type Here = BTreeMap<u32, Arc<Owned>>;

/// The partitions that this process owns ("here"). Each is gained and lost independently. What concerns several of them is done here.
pub(crate) struct Partitions {
    process: Arc<Process>,
    here: RwLock<Arc<Here>>,
    /// Lost partitions, until they may be dropped.
    gone: Mutex<Vec<Arc<Owned>>>,
    /// The partitions that are here, each with the offset of its take-over record. The offset tells one ownership from the next.
    take_overs: watch::Sender<BTreeMap<u32, Offset>>,
}

impl Partitions {
    /// Without any partition yet.
    pub(crate) fn new(process: Arc<Process>) -> Self {
        Self { process, here: RwLock::default(), gone: Mutex::default(), take_overs: watch::Sender::default() }
    }

    /// What the partitions share.
    pub(crate) fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Number of all partitions, here or elsewhere.
    pub(crate) fn count(&self) -> u32 {
        self.process.config.topics.partitions
    }

    /// The partition of a workflow id or a schedule id.
    pub(crate) fn of(&self, namespace: &str, id: &str) -> u32 {
        key::partition_of(namespace, id, self.count())
    }

    /// The partition that takes a command.
    pub(crate) fn of_command(&self, command: &Command) -> u32 {
        match command.body {
            Some(Body::Cluster(_)) => 0,
            _ => self.of(&command.namespace, &command.workflow_id),
        }
    }

    /// The partitions that are here now.
    pub(crate) fn here(&self) -> Arc<Here> {
        self.here.read().clone()
    }

    /// The partition, if it is here.
    pub(crate) fn find(&self, number: u32) -> Option<Arc<Owned>> {
        self.here.read().get(&number).cloned()
    }

    /// The partition.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it is not here.
    pub(crate) fn get(&self, number: u32) -> Result<Arc<Owned>, Error> {
        let found = self.find(number);
        found.ok_or_else(|| {
            let lost = self.process.ownership.check().err();
            lost.unwrap_or_else(|| Error::Unavailable(format!("This process does not own partition {number}; try again.")))
        })
    }

    /// Watches the partitions that are here, with the offsets of their take-over records. The value changes whenever one is gained or lost.
    pub(crate) fn take_overs(&self) -> watch::Receiver<BTreeMap<u32, Offset>> {
        self.take_overs.subscribe()
    }

    /// What `look` sees in a partition's tables. Before a caller answers from it, the caller needs
    /// [`Ownership::confirm`](crate::Ownership::confirm).
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the partition is not here or does not work. Also when a row could not be read: then what `look` saw must
    /// not be used.
    pub(crate) fn look<R>(&self, number: u32, look: impl FnOnce(&mut State) -> R) -> Result<R, Error> {
        let owned = self.get(number)?;
        owned.look(look)?.map_err(|error| {
            self.fail(&owned, error.into());
            Error::Unavailable(format!("Partition {number} is being rebuilt; try again."))
        })
    }

    /// The future's result, or Unavailable as soon as the partition has stopped for good or is lost.
    ///
    /// # Errors
    /// The future's own, and [`Error::Unavailable`].
    pub(crate) async fn while_here<T>(&self, number: u32, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let owned = self.get(number)?;
        owned.standing().while_here(future).await
    }

    /// Handles all commands of these partitions, and of the partitions that they send to, if those are here and the log has the commands at
    /// hand. The rest is left to the reading threads.
    pub(crate) fn drive(&self, partitions: Vec<u32>) {
        self.drive_each(partitions, Owned::drive);
    }

    /// As [`Partitions::drive`], but asks the log's broker where needed. For threads that may wait.
    pub(crate) fn drive_waiting(&self, partitions: Vec<u32>) {
        self.drive_each(partitions, Owned::drive_waiting);
    }

    /// Drives all partitions that are here.
    pub(crate) fn drive_all(&self) {
        self.drive(self.here().keys().copied().collect());
    }

    fn drive_each(&self, mut partitions: Vec<u32>, drive: impl Fn(&Owned, &mut Vec<u32>) -> Result<(), Halt>) {
        while let Some(number) = partitions.pop() {
            let Some(owned) = self.find(number) else { continue };
            match drive(&owned, &mut partitions) {
                Ok(()) => {}
                // The committer drives every partition in each of its rounds, so the commands are read later.
                Err(Halt::Waits(error)) => tracing::warn!(partition = number, error = %error, "the log could not be read: commands wait"),
                Err(Halt::Failed(failure)) => self.fail(&owned, failure),
            }
        }
    }

    /// Commits what waits in a partition. Does nothing when the partition is not here, when too little waits (unless `everything`), or when
    /// its sends are not acknowledged. Gives whether there was a transaction.
    pub(crate) fn commit(&self, number: u32, everything: bool) -> bool {
        self.find(number).is_some_and(|owned| self.cut(&owned, everything) && self.commit_cut(&owned))
    }

    /// Cuts a batch of what waits in a partition. Gives whether there is a batch to commit.
    pub(crate) fn cut(&self, owned: &Arc<Owned>, everything: bool) -> bool {
        // Begins sends again that have failed.
        let mut targets = Vec::new();
        if let Err(failure) = owned.begin_sends(&mut targets) {
            self.fail(owned, failure);
        }
        self.drive(targets);
        owned.cut(everything).unwrap_or_else(|failure| {
            self.fail(owned, failure);
            false
        })
    }

    /// Commits the batch that was cut. False when its sends are not acknowledged, or the batch is gone.
    pub(crate) fn commit_cut(&self, owned: &Arc<Owned>) -> bool {
        match owned.commit() {
            Ok(Tried::Nothing) => false,
            Ok(Tried::Once { to_drive }) => {
                if to_drive {
                    self.drive(vec![owned.number()]);
                }
                true
            }
            Err(failure) => {
                self.fail(owned, failure);
                true
            }
        }
    }

    /// Gives the partition up, lets it be built anew, or stops it, as `failure` demands.
    pub(crate) fn fail(&self, owned: &Arc<Owned>, failure: Failure) {
        match failure {
            Failure::Lost(reason) => self.lose(owned, reason),
            Failure::Store(error) => owned.breaks(&error),
            Failure::Stopped(why) => owned.stop(&why),
        }
    }

    /// Adds a partition that has been recovered. If the process has given up all partitions already, this one is given up at once too.
    pub(crate) fn gain(&self, owned: Arc<Owned>) {
        let mut here = self.here.write();
        if let Some(reason) = self.process.ownership.lost() {
            owned.lose(reason);
            return;
        }
        Arc::make_mut(&mut here).insert(owned.number(), owned);
        self.tell(&here);
    }

    /// Gives a partition up, and all others too where the process is set up so.
    pub(crate) fn lose(&self, owned: &Arc<Owned>, reason: String) {
        if self.process.config.loses_all_together {
            self.lose_all(reason);
            return;
        }
        tracing::info!(partition = owned.number(), reason, "the partition is given up");
        owned.lose(&reason);
        self.process.home.forget(owned.number());
        self.gone.lock().push(owned.clone());
        let mut here = self.here.write();
        // The process may own the same partition again already: then that one stays.
        if here.get(&owned.number()).is_some_and(|known| Arc::ptr_eq(known, owned)) {
            Arc::make_mut(&mut here).remove(&owned.number());
            self.tell(&here);
        }
    }

    /// Gives all partitions up for good. All who wait get `reason`, and nothing is committed any more.
    pub(crate) fn lose_all(&self, reason: String) {
        tracing::info!(reason, "the partitions are given up");
        self.process.ownership.lose(reason);
        self.process.answers.close();
        let here = {
            let mut here = self.here.write();
            let taken = std::mem::take(&mut *here);
            self.tell(&here);
            taken
        };
        // If they were given up before, the first reason counts.
        let reason = self.process.ownership.lost().unwrap_or_default();
        here.values().for_each(|owned| owned.lose(reason));
        // What they have offered stays where it is: no poll waits here any more, and the queues go with the processor.
        self.gone.lock().extend(here.values().cloned());
        self.clear_health();
    }

    /// Clears this process's reports: the new owner of the partitions reports their state.
    pub(crate) fn clear_health(&self) {
        for source in [COMMITS, LOG, log_clock::SOURCE, memory::SOURCE] {
            self.process.health().clear(source);
        }
    }

    /// Drops lost partitions. This is not done at once when a partition is lost, because dropping its producer may wait for the log's
    /// broker.
    pub(crate) fn bury(&self) {
        let gone = std::mem::take(&mut *self.gone.lock());
        drop(gone);
    }

    fn tell(&self, here: &Here) {
        self.take_overs.send_replace(here.values().map(|owned| (owned.number(), owned.take_over())).collect());
    }
}
