//! Relieves a worker whose polls all wait on its sticky queue while tasks wait on its normal queue.
//!
//! The SDK chooses which queue a worker polls next, and some SDKs choose by the last answer. Go's SDK, for example, keeps polling the
//! sticky queue as long as the last answer from there told of a backlog. When all polls of all workers wait on sticky queues, nobody asks
//! for the tasks on the normal queue until a long poll ends. So an idle sticky poll is ended early, with an empty answer.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::{TaskQueues, id::QueueId, queue::Queue};
use crate::clock::now;

/// A task first waits this long for a poll of its own queue. Between two ended polls of a worker this time has to pass too.
pub(super) const PATIENCE: Duration = Duration::from_millis(250);

impl TaskQueues {
    /// For each worker, ends one idle poll of its sticky queue if tasks have waited on the worker's normal queue, no worker has polled for
    /// them, and the sticky queue holds nothing. To be called now and then.
    pub fn relieve(&self) {
        let now = now();
        let queues: Vec<_> = { self.queues.lock().iter().map(|(id, queue)| (id.clone(), queue.clone())).collect() };
        let starves = |(id, queue): &(QueueId, Arc<Mutex<Queue>>)| queue.lock().starves(now, PATIENCE).then(|| id.clone());
        let starving: HashSet<_> = queues.iter().filter_map(starves).collect();
        if starving.is_empty() {
            return;
        }
        let ended = queues.iter().filter(|(_, queue)| spares(&mut queue.lock(), &starving, now)).count();
        if ended > 0 {
            tracing::debug!(ended, "sticky polls are ended because tasks wait on the normal queues of their workers");
            metrics::counter!("klamm_sticky_polls_ended_total").increment(ended as u64);
        }
    }
}

/// Ends an idle poll of the queue when its worker's normal queue starves.
fn spares(queue: &mut Queue, starving: &HashSet<QueueId>, now: Instant) -> bool {
    queue.normal().is_some_and(|normal| starving.contains(normal)) && queue.spare_poll(now, PATIENCE)
}
