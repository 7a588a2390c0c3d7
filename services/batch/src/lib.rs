//! Carries out batch operations.
//!
//! A batch operation is a workflow with one activity, in the namespace that it is about. So the log keeps the job, heartbeats keep how far
//! it has come, and whatever process owns the partitions goes on with it. This service is the worker of these workflows. It uses the calls
//! that clients use, so an operation does to each execution what a client's call would do, under the same rules.
//!
//! It polls a namespace only while a task waits there ([`Waiting`]). At a time it holds one page of executions of each namespace.
//!
//! Temporal: service/worker/batcher.

mod activities;
mod activity;
mod calls;
mod operate;
mod pace;
mod reset;
mod worker;
mod workflow;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use klamm_api::workflowservice::v1::workflow_service_server::WorkflowService;
use klamm_supervise::{Part, Supervisor};
use tokio::task::JoinSet;

pub use pace::Settings;

/// How often it is asked where tasks wait.
const LOOK: Duration = Duration::from_millis(250);
/// Namespaces that are worked on at a time. The others have their turn later.
const NAMESPACES_MAX: usize = 64;

/// Knows where tasks of batch operations wait.
pub trait Waiting: Send + Sync + 'static {
    /// The namespaces in whose queue of this name a task waits.
    fn namespaces(&self, task_queue: &str) -> Vec<String>;
}

/// Runs until the returned future is dropped.
pub async fn run<S: WorkflowService, W: Waiting>(service: Arc<S>, waiting: Arc<W>, settings: Settings, supervisor: Supervisor) {
    let part = supervisor.part("batch");
    part.task(move |part| look(service.clone(), waiting.clone(), settings, part)).await;
}

/// Looks again and again where tasks wait, and works on each of these namespaces until nothing is to be done there.
async fn look<S: WorkflowService, W: Waiting>(service: Arc<S>, waiting: Arc<W>, settings: Settings, part: Part) {
    let mut working: JoinSet<String> = JoinSet::new();
    let mut namespaces: BTreeMap<String, tokio::task::Id> = BTreeMap::new();
    loop {
        part.round();
        for namespace in waiting.namespaces(klamm_requests::batch::TASK_QUEUE) {
            if namespaces.len() < NAMESPACES_MAX && !namespaces.contains_key(&namespace) {
                let (service, of) = (service.clone(), namespace.clone());
                let task = working.spawn(async move {
                    worker::work(&*service, &of, settings).await;
                    of
                });
                namespaces.insert(namespace, task.id());
            }
        }
        tokio::select! {
            biased;
            Some(ended) = working.join_next_with_id() => match ended {
                Ok((_, namespace)) => _ = namespaces.remove(&namespace),
                // The activity that it worked on is tried again when its heartbeats are missed.
                Err(error) => {
                    tracing::error!(error = %error, "a batch operation was interrupted");
                    namespaces.retain(|_, id| *id != error.id());
                }
            },
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
