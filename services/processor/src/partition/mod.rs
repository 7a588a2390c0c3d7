//! One partition that this process owns. It is recovered, works, fails, is mended and is lost independently of the others.
//!
//! [`Guarded`] is the partition's state behind a lock, with its [`Standing`]: the state is used only while the partition works. [`driving`]
//! handles its commands, [`sends`] appends the commands that it sends, [`commits`] writes its changes, [`mending`] builds it anew. None of
//! these knows other partitions. They name the partitions that have got commands, and say why this partition cannot go on.
//! [`Partitions`](crate::partitions::Partitions) does the rest.

mod commits;
mod diverting;
mod driving;
mod failure;
mod guarded;
mod making;
mod mending;
mod next_look;
mod opening;
mod sends;
mod standing;

use std::{sync::Arc, time::Duration};

use klamm_engine::{Error as EngineError, partition::Settings, recover};
use klamm_log::Offset;
use klamm_machine::Time;
use tokio::sync::Notify;

use commits::Commits;
pub(crate) use commits::Tried;
use driving::Driving;
pub(crate) use driving::Halt;
pub(crate) use failure::Failure;
use guarded::Guarded;
pub(crate) use guarded::State;
use next_look::NextLook;
use sends::Sends;
pub(crate) use standing::{Mend, Standing};

use crate::{backend::Error, codec::AvroCodec, machines::Machines, process::Process};

/// A partition that was recovered and does not work yet.
pub(crate) type Recovered = recover::Owned<Machines, AvroCodec>;

/// One partition, owned.
pub(crate) struct Owned {
    guarded: Guarded,
    sends: Sends,
    commits: Commits,
    next_look: NextLook,
    /// Notified when a callback is to be called.
    callbacks_changed: Notify,
}

impl Owned {
    /// The partition, ready to work.
    pub(crate) fn new(process: Arc<Process>, settings: Settings, recovered: Recovered) -> Self {
        Self {
            guarded: Guarded::new(process, settings, recovered.partition),
            sends: Sends::default(),
            commits: Commits::new(recovered.producer),
            next_look: NextLook::default(),
            callbacks_changed: Notify::new(),
        }
    }

    /// The partition's number.
    pub(crate) fn number(&self) -> u32 {
        self.guarded.number
    }

    /// Offset of this process's take-over record.
    pub(crate) fn take_over(&self) -> Offset {
        self.guarded.take_over
    }

    /// The partition's standing.
    pub(crate) fn standing(&self) -> &Standing {
        &self.guarded.standing
    }

    /// Log time of the partition's newest command; `None` when the partition does not work.
    pub(crate) fn now(&self) -> Option<Time> {
        self.guarded.locked().map(|state| state.now())
    }

    /// The generation of the store that the partition's state uses.
    pub(crate) fn store_generation(&self) -> u64 {
        self.guarded.lock_broken().store_generation()
    }

    /// Fails when the partition takes no commands.
    ///
    /// # Errors
    /// Why the partition takes no commands.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.guarded.check()
    }

    /// Whether the partition takes commands, as far as is known.
    pub(crate) fn is_able(&self) -> bool {
        self.guarded.is_able()
    }

    /// What `look` sees in the partition's tables.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the partition does not work. The inner error: a row could not be read, so what `look` saw must not be
    /// used.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&mut State) -> R) -> Result<Result<R, EngineError>, Error> {
        self.guarded.look(look)
    }

    /// Offers the partition's tasks and announces its namespaces.
    pub(crate) fn open(&self) {
        opening::open(&self.guarded);
    }

    /// Handles the commands that the log has at hand, and leaves the rest to the reading threads. Adds the partitions that have got
    /// commands from this one to `targets`.
    ///
    /// # Errors
    /// Why it stopped early.
    pub(crate) fn drive(&self, targets: &mut Vec<u32>) -> Result<(), Halt> {
        self.catching(|| self.driving().drive(targets))
    }

    /// As [`Owned::drive`], but asks the log's broker where needed. For threads that may wait.
    ///
    /// # Errors
    /// As [`Owned::drive`].
    pub(crate) fn drive_waiting(&self, targets: &mut Vec<u32>) -> Result<(), Halt> {
        self.catching(|| self.driving().drive_waiting(targets))
    }

    fn driving(&self) -> Driving<'_> {
        let Self { guarded, sends, next_look, callbacks_changed, .. } = self;
        Driving { guarded, sends, next_look, callbacks_changed }
    }

    /// Begins to append the commands that the partition's machines have sent. Adds the partitions that have got some already to `targets`.
    ///
    /// # Errors
    /// Why the partition cannot go on as it is.
    pub(crate) fn begin_sends(&self, targets: &mut Vec<u32>) -> Result<(), Failure> {
        self.catching(|| {
            self.sends.begin(&self.guarded, targets);
            Ok(())
        })
    }

    /// Waits until a group of sent commands is settled. Gives whether all settled groups were appended, and the partitions that have got
    /// commands. `None` when a new group was begun meanwhile: then call again.
    pub(crate) async fn next_settled(&self) -> Option<(bool, Vec<u32>)> {
        self.sends.next_settled(&self.guarded).await
    }

    /// Waits until everything that the partition has sent so far is appended, or the partition has ended.
    pub(crate) async fn all_sent(&self) {
        self.sends.all_sent(&self.guarded).await;
    }

    /// Cuts a batch of what waits, unless a batch is under way already or too little waits. With `everything`, any command is enough. Gives
    /// whether there is a batch to commit.
    ///
    /// # Errors
    /// Why the partition cannot go on as it is.
    pub(crate) fn cut(&self, everything: bool) -> Result<bool, Failure> {
        self.catching(|| Ok(self.commits.cut(&self.guarded, everything)))
    }

    /// Commits the batch that was cut.
    ///
    /// # Errors
    /// Why the partition cannot go on as it is.
    pub(crate) fn commit(&self) -> Result<Tried, Failure> {
        self.catching(|| self.commits.commit(&self.guarded, &self.sends))
    }

    /// Why the partition's commits have been failing, if they have for `patience` or longer.
    pub(crate) fn commits_fail_for(&self, patience: Duration) -> Option<String> {
        self.commits.failing_for(patience)
    }

    /// Builds the partition anew. When that fails, it is tried again after a pause.
    ///
    /// # Errors
    /// Why the partition has to be given up.
    pub(crate) fn rebuild(&self) -> Result<(), Failure> {
        self.catching(|| mending::rebuild(&self.guarded, &self.sends, &self.commits))
    }

    /// When the scheduler looks at the partition's wake rows next.
    pub(crate) fn next_look(&self) -> &NextLook {
        &self.next_look
    }

    /// Notified when a callback of the partition is to be called.
    pub(crate) fn callbacks_changed(&self) -> &Notify {
        &self.callbacks_changed
    }

    /// The partition's tables cannot be trusted any more. The partition stops until it has been built anew.
    pub(crate) fn breaks(&self, error: &klamm_store::Error) {
        self.guarded.breaks(error);
    }

    /// Stops the partition for good. It answers Unavailable until the process is restarted.
    pub(crate) fn stop(&self, why: &str) {
        if self.standing().stop(why) {
            self.guarded.forget();
        }
    }

    /// Gives the partition up: from now on another process owns it, or nobody does. All who wait for it get `reason`.
    pub(crate) fn lose(&self, reason: &str) {
        self.standing().lose(reason);
        self.guarded.forget();
        self.guarded.part.ended();
    }

    /// Runs something. After a panic the partition cannot go on.
    fn catching<T, E: From<Failure>>(&self, run: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.guarded.part.catch(run).unwrap_or_else(|panicked| Err(Failure::from(panicked).into()))
    }
}
