//! Refuses polls of workers that ask for worker versioning. SDKs poll again and again and tell nothing to the person who runs them. So the
//! refusal is also shown where people look: in the server's log, and among the pollers of the queue.

use klamm_backend::{Backend, RefusedPoll, TaskQueueSide};
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::{common::v1::WorkerVersionCapabilities, deployment::v1::WorkerDeploymentOptions, taskqueue::v1::TaskQueue};
use klamm_requests::{Fault, Result, validate};

use crate::gateway::Gateway;

/// What a poll tells about its worker. Namespace and identity have been checked.
pub(super) struct Poller<'p> {
    pub(super) namespace: &'p str,
    pub(super) identity: &'p str,
    pub(super) task_queue: Option<&'p TaskQueue>,
    pub(super) capabilities: Option<&'p WorkerVersionCapabilities>,
    pub(super) deployment: Option<&'p WorkerDeploymentOptions>,
}

impl Poller<'_> {
    /// Checks what the poll tells about its worker's version. When it is refused because of versioning, that is noted for people.
    pub(super) fn check_version<B: Backend, V: VisibilityQueries>(&self, gateway: &Gateway<B, V>, side: TaskQueueSide) -> Result<()> {
        let limits = &gateway.config.limits;
        let capabilities = self.capabilities;
        let (build_id, use_versioning) = capabilities.map_or(("", false), |told| (told.build_id.as_str(), told.use_versioning));
        let checked = validate::worker_version::check(build_id, use_versioning, self.deployment, self.task_queue, limits);
        if let Err(Fault::Unimplemented(reason) | Fault::PermissionDenied(reason)) = &checked
            // Not every caller has checked the queue's name. Nothing is noted under a bad name.
            && validate::task_queue::check(self.task_queue.cloned().as_mut(), limits).is_ok()
        {
            gateway.backend.poll_refused(RefusedPoll {
                namespace: self.namespace.to_owned(),
                task_queue: self.task_queue.map(|queue| queue.name.clone()).unwrap_or_default(),
                side,
                identity: self.identity.to_owned(),
                reason: reason.trim_end_matches('.').to_owned(),
                deployment: self.deployment.cloned(),
            });
        }
        checked
    }
}
