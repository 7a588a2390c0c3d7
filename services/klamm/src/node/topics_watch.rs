//! Watches over the topics, and reports one that somebody has deleted.

use std::{sync::Arc, time::Duration};

use klamm_engine::Topics;
use klamm_log::Log;
use klamm_supervise::{Part, Severity, Supervisor};
use tokio::task::JoinHandle;

/// How often the topics are checked.
const INTERVAL: Duration = Duration::from_secs(5);
/// Source of the reason that topics are missing.
const SOURCE: &str = "topics";

/// Checks the topics for as long as the task runs.
pub fn watch(log: &Arc<dyn Log>, topics: &Topics, supervisor: &Supervisor) -> JoinHandle<()> {
    let names: Arc<[Arc<str>]> = topics.specs().into_iter().map(|spec| spec.name).collect();
    let (log, watched) = (log.clone(), supervisor.clone());
    let part = supervisor.part("topics-watcher");
    tokio::spawn(part.task(move |part| run(part, log.clone(), names.clone(), watched.clone())))
}

async fn run(part: Part, log: Arc<dyn Log>, names: Arc<[Arc<str>]>, supervisor: Supervisor) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        part.round();
        let (log, names) = (log.clone(), names.clone());
        match part.blocking(move || log.missing_topics(&names)).await {
            Ok(missing) => {
                let text = (!missing.is_empty()).then(|| {
                    let names: Vec<_> = missing.iter().map(|name| &**name).collect();
                    format!("Topics are missing: {}. Their records are lost; see docs/kafka.md.", names.join(", "))
                });
                match text {
                    Some(text) if supervisor.health().report(SOURCE, Severity::Failure, &*text) => tracing::error!("{text}"),
                    Some(_) => {}
                    None => {
                        supervisor.health().clear(SOURCE);
                    }
                }
            }
            // Other parts, which need the broker, report that it is away.
            Err(error) => tracing::debug!(error = %error, "the topics could not be looked for"),
        }
    }
}
