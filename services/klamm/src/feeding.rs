//! The visibility index, fed from its topic.

use std::{sync::Arc, time::Duration};

use klamm_engine::{Topics, topic};
use klamm_log::{Clock, Log, SystemClock};
use klamm_visibility::{Feeder, Index};
use tokio::task::JoinHandle;

use crate::{setup_error::SetupError, visibility_source::TopicSource};

/// How often the index takes what is new: a short workflow is then written once.
const FEED_INTERVAL: Duration = Duration::from_millis(200);

/// Feeds the index for as long as the task runs, on a thread for blocking work.
pub fn feed(log: &Arc<dyn Log>, topics: &Topics, index: Index) -> Result<JoinHandle<()>, SetupError> {
    let failed = |error: String| SetupError::new("starting the visibility index", error, "delete visibility.sqlite: it is rebuilt");
    let source = TopicSource::new(log.clone(), topics.full(topic::VISIBILITY)).map_err(|error| failed(error.to_string()))?;
    let mut feeder = Feeder::new(index, source, SystemClock.now_ms()).map_err(|error| failed(error.to_string()))?;
    Ok(tokio::spawn(async move {
        loop {
            let step = tokio::task::spawn_blocking(move || {
                let fed = feeder.step(SystemClock.now_ms());
                (feeder, fed)
            });
            let behind = match step.await {
                Ok((back, fed)) => {
                    feeder = back;
                    fed.inspect_err(|error| tracing::warn!(error = %error, "the visibility index waits"))
                        .is_ok_and(|fed| fed.lag_records > 0)
                }
                Err(error) => {
                    tracing::error!(error = %error, "the visibility index has stopped");
                    return;
                }
            };
            if !behind {
                tokio::time::sleep(FEED_INTERVAL).await;
            }
        }
    }))
}
