//! The scheduler: watches the wake rows of the partitions that its process owns, and appends WakeUp commands to their logs.
//!
//! The scheduler decides nothing. A lost, doubled, stale or early wake-up changes nothing, and only an event removes a wake row. So the
//! scheduler may send a wake-up too often, but must not forget one. It runs on the log's time. Each partition has a task that watches it,
//! so that partitions with many due rows wait for each other only at the log. [`backlog`] decides which of a partition's rows go first.

mod backlog;
mod source;
mod watch;

use std::{collections::BTreeMap, sync::Arc};

use klamm_machine::Time;
use klamm_supervise::Supervisor;
use tokio::task::{AbortHandle, JoinSet};

pub use source::{Due, WakeSource};

/// Most wake-ups under way at a time, over all partitions. The limit keeps a mass of due timers from delaying clients.
pub const IN_FLIGHT_MAX: usize = 512;
/// Each partition may have at least so many wake-ups under way.
const IN_FLIGHT_MIN: usize = 16;

/// Runs until the returned future is dropped. Each partition is watched for as long as this process owns it. `now` is the log's clock. When
/// the watch of a partition panics, it begins anew: it finds the rows again whose wake-ups were under way, and doubled wake-ups change
/// nothing.
pub async fn run<S: WakeSource>(source: Arc<S>, now: impl Fn() -> Time + Clone + Send + 'static, supervisor: Supervisor) {
    let mut here = source.partitions();
    let mut tasks = JoinSet::new();
    let mut watches: BTreeMap<u32, (i64, AbortHandle)> = BTreeMap::new();
    loop {
        let partitions = here.borrow_and_update().clone();
        watches.retain(|partition, (ownership, watch)| {
            let is_kept = partitions.get(partition) == Some(ownership);
            if !is_kept {
                watch.abort();
            }
            is_kept
        });
        let in_flight_max = (IN_FLIGHT_MAX / partitions.len().max(1)).max(IN_FLIGHT_MIN);
        for (partition, ownership) in partitions {
            watches.entry(partition).or_insert_with(|| {
                let (source, now, part) = (source.clone(), now.clone(), supervisor.part(format!("scheduler/{partition}")));
                let watching = part.task(move |part| watch::watch(source.clone(), part, partition, in_flight_max, now.clone()));
                (ownership, tasks.spawn(watching))
            });
        }
        tokio::select! {
            biased;
            told = here.changed() => if told.is_err() {
                // The sender is gone, so no partition comes or goes any more. The watches go on.
                std::future::pending::<()>().await;
            },
            Some(_) = tasks.join_next() => {}
        }
    }
}

#[cfg(test)]
mod tests;
