//! The scheduler: watches the wake rows of the partitions that its process owns, and appends WakeUp commands to their logs.
//!
//! The scheduler decides nothing. A lost, doubled, stale or early wake-up changes nothing, and only an event removes a wake row. So the
//! scheduler may send a wake-up too often, but must not forget one. It runs on the log's time. Each partition has a task that watches it,
//! so that partitions with many due rows wait for each other only at the log. [`backlog`] decides which of a partition's rows go first.

mod backlog;
mod source;
mod watch;

use std::sync::Arc;

use klamm_machine::Time;
use klamm_supervise::{Supervisor, each_owned};

pub use source::{Due, WakeSource};

/// Most wake-ups under way at a time, over all partitions. The limit keeps a mass of due timers from delaying clients.
pub const IN_FLIGHT_MAX: usize = 512;
/// Each partition may have at least so many wake-ups under way.
const IN_FLIGHT_MIN: usize = 16;

/// Runs until the returned future is dropped. Each partition is watched for as long as this process owns it. `now` is the log's clock. When
/// the watch of a partition panics, it begins anew: it finds the rows again whose wake-ups were under way, and doubled wake-ups change
/// nothing.
pub async fn run<S: WakeSource>(source: Arc<S>, now: impl Fn() -> Time + Clone + Send + 'static, supervisor: Supervisor) {
    let here = source.partitions();
    let count = here.clone();
    each_owned(here, |partition| {
        let in_flight_max = (IN_FLIGHT_MAX / count.borrow().len().max(1)).max(IN_FLIGHT_MIN);
        let (source, now) = (source.clone(), now.clone());
        let part = supervisor.part(format!("scheduler/{partition}"));
        part.task(move |part| watch::watch(source.clone(), part, partition, in_flight_max, now.clone()))
    })
    .await;
}

#[cfg(test)]
mod tests;
