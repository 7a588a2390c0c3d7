//! Polls that are refused. SDKs try them again and again and report nothing, so the server has to report them.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::backend::RefusedPoll;

/// At most one log line in this time, over all queues. So a worker that polls with ever new names cannot fill the disk.
const LINES_EVERY: Duration = Duration::from_secs(5);

/// When the last log line was written.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<Option<Instant>>);

impl Refusals {
    /// Counts a refused poll, and writes a log line now and then.
    pub(super) fn tell(&self, poll: &RefusedPoll, now: Instant) {
        metrics::counter!("klamm_polls_refused_total").increment(1);
        if !self.may_tell(now) {
            return;
        }
        let RefusedPoll { namespace, task_queue, identity, reason, deployment, .. } = poll;
        let deployment_name = deployment.as_ref().map_or("", |deployment| deployment.deployment_name.as_str());
        tracing::warn!(
            namespace,
            task_queue,
            identity,
            deployment = deployment_name,
            reason,
            "a worker's polls are refused: it gets no tasks"
        );
    }

    fn may_tell(&self, now: Instant) -> bool {
        let mut last = self.0.lock();
        let may = last.is_none_or(|last| now.saturating_duration_since(last) >= LINES_EVERY);
        if may {
            *last = Some(now);
        }
        may
    }
}
