//! The tasks that await the commands that partitions send to one another.

use std::{collections::BTreeMap, sync::Arc};

use klamm_supervise::Part;
use tokio::task::JoinSet;

use crate::{Processor, partition::Owned, partitions::Partitions};

/// Awaits the sends of every partition, from the moment it is gained. Ends when all partitions are lost. On a log whose appends take time,
/// this must run from the beginning until the last batch has been committed.
pub async fn run(processor: Arc<Processor>) {
    let partitions = &processor.partitions;
    let mut take_overs = partitions.take_overs();
    let mut known = BTreeMap::new();
    let mut tasks = JoinSet::new();
    while processor.process.ownership.lost().is_none() {
        take_overs.mark_unchanged();
        for owned in partitions.here().values() {
            if known.insert(owned.number(), owned.take_over()) != Some(owned.take_over()) {
                tasks.spawn(await_supervised(partitions.clone(), owned.clone()));
            }
        }
        tokio::select! {
            biased;
            changed = take_overs.changed() => if changed.is_err() { break },
            Some(_) = tasks.join_next() => {}
            () = processor.process.ownership.until_lost() => break,
        }
    }
    while tasks.join_next().await.is_some() {}
}

async fn await_supervised(partitions: Arc<Partitions>, owned: Arc<Owned>) {
    let part = partitions.process().config.supervisor.part(format!("sends/{}", owned.number()));
    // A panic may have left something half done, so the partition stops.
    if let Err(panicked) = part.catch_task(await_sends(&partitions, &owned, &part)).await {
        partitions.fail(&owned, panicked.into());
    }
    part.ended();
}

/// Awaits the sends of one partition, until it has stopped for good or is lost.
async fn await_sends(partitions: &Partitions, owned: &Arc<Owned>, part: &Part) {
    loop {
        part.round();
        let next = tokio::select! {
            biased;
            () = owned.standing().until_ended() => return,
            () = part.fault_asked() => continue,
            next = owned.next_settled() => next,
        };
        let Some((all_stand, mut targets)) = next else { continue };
        if all_stand && let Err(failure) = owned.begin_sends(&mut targets) {
            partitions.fail(owned, failure);
        }
        partitions.drive(targets);
    }
}
