//! Commands from machine to machine, on their way to their partitions.
//!
//! Whoever drives a partition begins to append what its machines have sent, and does not wait. To each target partition one group is on
//! its way at a time, in order; what is sent meanwhile goes with the next one. Where an append is done at once (embedded log), so is the
//! group; else the partition's task in [`run`] awaits it. A group that fails is begun again by the committer's next round, when all of it
//! has been settled: nothing overtakes it, and receivers drop repetitions. The commit barrier holds the batch back meanwhile.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use klamm_log::{Appending, Error as LogError, Output};
use parking_lot::{Condvar, Mutex};
use tokio::{sync::Notify, task::JoinSet};

use crate::{Processor, processor::Slot};

/// The sends of one partition.
#[derive(Default)]
pub(crate) struct Sends {
    /// By target partition.
    groups: Mutex<BTreeMap<u32, Group>>,
    /// There is something to await.
    begun: Notify,
    /// Something has been acked: for waiting on a thread, with the partition's lock, and in a task.
    acked: (Condvar, Notify),
}

/// Commands on their way to one partition.
struct Group {
    count: usize,
    /// Appends that are not settled.
    appending: Vec<Appending>,
    outcome: Result<(), LogError>,
}

impl Group {
    /// Whether all of it is settled.
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

/// Awaits what the partitions send; ends when the partitions are lost. On a log whose appends take their time it must run from the
/// beginning, until the last batch has been committed.
pub async fn run(processor: Arc<Processor>) {
    let mut partitions = JoinSet::new();
    for number in 0..processor.partition_count() {
        let processor = processor.clone();
        partitions.spawn(async move { processor.await_sends(number).await });
    }
    while partitions.join_next().await.is_some() {}
}

impl Processor {
    /// Begins to append what the machines of a partition have sent, and names the partitions that have got something already.
    pub(crate) fn begin_sends(&self, slot: &Slot, targets: &mut Vec<u32>) {
        let mut groups = slot.sends.groups.lock();
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let fresh = slot.partition.lock().unsent_groups(|target| groups.contains_key(&target));
            let mut settled = Vec::new();
            for (target, records) in fresh {
                let count = records.len();
                let appending = self.log.append_group(&self.commands_topic, target, records);
                let mut group = Group { count, appending, outcome: Ok(()) };
                if group.poll(&mut context) {
                    settled.push((target, group));
                } else {
                    groups.insert(target, group);
                    slot.sends.begun.notify_one();
                }
            }
            if settled.is_empty() || !self.settled(slot, settled, targets) {
                return;
            }
        }
    }

    /// Takes note of groups that are settled, while no others can be begun, and names the partitions that have got them; false when one of
    /// them has failed.
    fn settled(&self, slot: &Slot, settled: Vec<(u32, Group)>, targets: &mut Vec<u32>) -> bool {
        let mut partition = slot.partition.lock();
        let mut all_stand = true;
        for (target, group) in settled {
            match group.outcome {
                Ok(()) => {
                    partition.sent_to(target, group.count);
                    if target != partition.number() && !targets.contains(&target) {
                        targets.push(target);
                    }
                }
                Err(error) => {
                    all_stand = false;
                    tracing::warn!(partition = partition.number(), target, error = %error, "commands to another partition wait");
                }
            }
        }
        drop(partition);
        slot.sends.acked.0.notify_all();
        slot.sends.acked.1.notify_waiters();
        all_stand
    }

    /// Awaits what one partition sends.
    async fn await_sends(&self, number: u32) {
        let slot = &self.slots[number as usize];
        while self.ownership.lost().is_none() {
            // What it has sent to itself is read, too.
            let mut targets = vec![number];
            let settled = poll_fn(|context| {
                let mut groups = slot.sends.groups.lock();
                let settled: Vec<_> = groups.iter_mut().filter_map(|(target, group)| group.poll(context).then_some(*target)).collect();
                if settled.is_empty() {
                    return Poll::Pending;
                }
                let settled = settled.into_iter().filter_map(|target| Some((target, groups.remove(&target)?))).collect();
                Poll::Ready(self.settled(slot, settled, &mut targets))
            });
            let all_stand = tokio::select! {
                all_stand = settled => all_stand,
                () = slot.sends.begun.notified() => continue,
            };
            if all_stand {
                self.begin_sends(slot, &mut targets);
            }
            self.drive(targets);
        }
    }

    /// Waits until all that a partition has sent so far stands, or the partitions are lost.
    pub(crate) async fn all_sent(&self, number: u32) {
        let slot = &self.slots[number as usize];
        let sends = slot.partition.lock().sends();
        let sent = async {
            loop {
                let acked = slot.sends.acked.1.notified();
                if slot.partition.lock().has_sent(sends) {
                    return Ok(());
                }
                acked.await;
            }
        };
        // Lost ones send no more.
        let _ = self.ownership.while_owned(sent).await;
    }

    /// Waits on a thread, at most `timeout`, until all that the batch under way sends is acked, and gives its outputs; `None` when there is
    /// no batch, or it is not ready.
    pub(crate) fn ready_outputs(&self, slot: &Slot, timeout: Duration) -> Option<Vec<Output>> {
        let mut partition = slot.partition.lock();
        if partition.in_flight().is_some() && partition.ready().is_none() {
            slot.sends.acked.0.wait_while_for(&mut partition, |partition| partition.ready().is_none(), timeout);
        }
        partition.ready().map(|batch| batch.outputs.clone())
    }
}
