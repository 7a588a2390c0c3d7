//! Appends what a partition's machines send at once: commands to machines of other partitions (or their own), and tasks on the topics of
//! stream task queues.
//!
//! Whoever drives a partition begins to append what its machines have sent, and does not wait. For each target, one group of
//! records is under way at a time. Records that are sent meanwhile go with the next group, so their order is kept. On the embedded log an
//! append is done at once, and so is the group. Otherwise the partition's task ([`crate::awaiting_sends::run`]) awaits the group. When a group has
//! failed and all its appends are settled, the committer's next round begins it again. No later record overtakes it, and receivers drop
//! repetitions. Until then the commit barrier holds the batch back.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use klamm_engine::Target;
use klamm_log::{Appending, Error as LogError, Output};
use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

use super::{
    guarded::{Guarded, State},
    making,
    standing::Mend,
};

/// The sends of one partition.
#[derive(Default)]
pub(crate) struct Sends {
    /// The groups under way, by target.
    groups: Mutex<BTreeMap<Target, Group>>,
    /// Notified when a group is under way and has to be awaited.
    begun: Notify,
    /// Notified when records were acknowledged. The first is for threads, which wait with the partition's lock, the second for tasks.
    acked: (Condvar, Notify),
}

/// Records that are under way to one target.
struct Group {
    count: usize,
    /// Appends that are not settled yet.
    appending: Vec<Appending>,
    outcome: Result<(), LogError>,
}

impl Group {
    /// Whether all appends of the group are settled.
    fn poll(&mut self, context: &mut Context<'_>) -> bool {
        let Self { appending, outcome, .. } = self;
        appending.retain_mut(|appending| match Pin::new(appending).poll(context) {
            Poll::Ready(result) => {
                if let (Err(error), Ok(())) = (result, &*outcome) {
                    *outcome = Err(error);
                }
                false
            }
            Poll::Pending => true,
        });
        appending.is_empty()
    }
}

impl Sends {
    /// Begins to append what the partition's machines have sent. Adds the partitions that have got some already to `targets`.
    pub(crate) fn begin(&self, guarded: &Guarded, targets: &mut Vec<u32>) {
        let mut groups = self.groups.lock();
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let Some(fresh) = guarded.locked().map(|state| state.unsent_groups(|target| groups.contains_key(target))) else { return };
            let mut settled = Vec::new();
            for (target, records) in fresh {
                let count = records.len();
                let (topic, partition) = target.place(&guarded.process.commands_topic);
                let process = &guarded.process;
                let appending = match process.first_uses.to_make(&process.config.topics, topic) {
                    Some(spec) => vec![making::append(process, spec, partition, records)],
                    None => process.log.append_group(topic, partition, records),
                };
                let mut group = Group { count, appending, outcome: Ok(()) };
                if group.poll(&mut context) {
                    settled.push((target, group));
                } else {
                    groups.insert(target, group);
                    self.begun.notify_one();
                }
            }
            if settled.is_empty() || !self.settled(guarded, settled, targets) {
                return;
            }
        }
    }

    /// Notes the outcomes of settled groups, and adds the partitions that have got commands to `targets`. The caller holds the lock of
    /// `groups`, so nobody can begin other groups meanwhile. False when one of the groups has failed.
    fn settled(&self, guarded: &Guarded, settled: Vec<(Target, Group)>, targets: &mut Vec<u32>) -> bool {
        // A partition that is being built anew will send everything again.
        let Some(mut state) = guarded.locked() else { return false };
        let mut all_stand = true;
        for (target, group) in settled {
            match group.outcome {
                Ok(()) => {
                    state.sent_to(&target, group.count);
                    if let Target::Commands(target) = target
                        && target != guarded.number
                        && !targets.contains(&target)
                    {
                        targets.push(target);
                    }
                }
                Err(error) => {
                    all_stand = false;
                    let (topic, target_partition) = target.place(&guarded.process.commands_topic);
                    tracing::warn!(partition = guarded.number, topic, target_partition, error = %error, "what is sent could not be appended: it waits");
                    if let LogError::UnknownTopic { topic } = &error {
                        guarded.process.first_uses.forget(topic);
                    }
                    pass_over_sender(guarded, &mut state, &target, &error);
                }
            }
        }
        drop(state);
        self.tell_acked();
        all_stand
    }

    /// Waits until a group is settled. Gives whether all settled groups were appended, and the partitions that have got commands. `None`
    /// when a new group was begun meanwhile: then call again.
    pub(crate) async fn next_settled(&self, guarded: &Guarded) -> Option<(bool, Vec<u32>)> {
        // The partition's own number is always among them, so that commands that it has sent to itself are read too.
        let mut targets = vec![guarded.number];
        let settled = poll_fn(|context| {
            let mut groups = self.groups.lock();
            let settled: Vec<_> = groups.iter_mut().filter_map(|(target, group)| group.poll(context).then(|| target.clone())).collect();
            if settled.is_empty() {
                return Poll::Pending;
            }
            let settled = settled.into_iter().filter_map(|target| groups.remove_entry(&target)).collect();
            Poll::Ready(self.settled(guarded, settled, &mut targets))
        });
        let all_stand = tokio::select! {
            biased;
            all_stand = settled => all_stand,
            () = self.begun.notified() => return None,
        };
        Some((all_stand, targets))
    }

    /// Waits until everything that the partition has sent so far is appended, or the partition has ended.
    pub(crate) async fn all_sent(&self, guarded: &Guarded) {
        let Some(sends) = guarded.locked().map(|state| state.sends()) else { return };
        let sent = async {
            loop {
                let acked = self.acked.1.notified();
                // A partition that is being built anew sends everything again before it works.
                if guarded.locked().is_none_or(|state| state.has_sent(sends)) {
                    return Ok(());
                }
                acked.await;
            }
        };
        // A partition that has ended sends nothing more, so the result does not matter.
        let _ = guarded.standing.while_here(sent).await;
    }

    /// Blocks the thread until all sends of the batch under way are acknowledged, at most for `timeout`. Gives the batch's outputs. `None`
    /// when there is no batch, or it is not ready.
    pub(crate) fn ready_outputs(&self, guarded: &Guarded, timeout: Duration) -> Option<Vec<Output>> {
        let mut state = guarded.locked()?;
        if state.in_flight().is_some() && state.ready().is_none() {
            self.acked.0.wait_while_for(&mut state, |state| state.ready().is_none(), timeout);
        }
        state.ready().map(|batch| batch.outputs.clone())
    }

    /// Forgets all groups under way, and makes `change` before anybody can begin another group.
    pub(crate) fn forget(&self, change: impl FnOnce()) {
        let mut groups = self.groups.lock();
        groups.clear();
        change();
        drop(groups);
        self.tell_acked();
    }

    fn tell_acked(&self) {
        self.acked.0.notify_all();
        self.acked.1.notify_waiters();
    }
}

/// If the log will never take a sent record (it is too large), breaks the partition: when it is built anew, the command that sent it is
/// passed over.
fn pass_over_sender(guarded: &Guarded, state: &mut State, target: &Target, error: &LogError) {
    if state.condemn_sender(target, error) {
        guarded.standing.breaks(Mend::Partition, &error.to_string());
    }
}
