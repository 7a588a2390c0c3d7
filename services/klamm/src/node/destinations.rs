//! Looks at the topics of others to which workflows publish: commands are stamped with what is known of them.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use klamm_engine::LARGE_MESSAGE_BYTES;
use klamm_log::{Cleanup, Error as LogError, Log};
use klamm_requests::{Destinations, destinations::Found};
use klamm_supervise::{Part, Supervisor};
use parking_lot::Mutex;
use tokio::task::JoinHandle;

/// How often the topics are looked at.
const INTERVAL: Duration = Duration::from_secs(5);
/// So much less than its limit may a record of klamm's have, for the headers that tell why its destination did not take it.
const ROOM_FOR_REASON_BYTES: usize = 8 << 10;

/// Looks at all of them, and then again and again for as long as the returned task runs. `None`: there are none.
pub async fn watch(log: &Arc<dyn Log>, destinations: Vec<Destinations>, supervisor: &Supervisor) -> Option<JoinHandle<()>> {
    let destinations: Arc<[Destinations]> = destinations.into_iter().filter(|it| !it.is_empty()).collect();
    if destinations.is_empty() {
        return None;
    }
    let part = supervisor.part("destinations");
    let missing = Missing::default();
    look_at_all(&part, log, &destinations, &missing).await;
    let log = log.clone();
    Some(tokio::spawn(part.task(move |part| {
        let (log, destinations, missing) = (log.clone(), destinations.clone(), missing.clone());
        async move {
            loop {
                tokio::time::sleep(INTERVAL).await;
                part.round();
                look_at_all(&part, &log, &destinations, &missing).await;
            }
        }
    })))
}

/// Topics of which it was said that they are missing.
type Missing = Arc<Mutex<BTreeSet<String>>>;

async fn look_at_all(part: &Part, log: &Arc<dyn Log>, destinations: &Arc<[Destinations]>, missing: &Missing) {
    let (log, destinations, missing) = (log.clone(), destinations.clone(), missing.clone());
    part.blocking(move || {
        let topics: BTreeSet<String> = destinations.iter().flat_map(Destinations::topics).collect();
        for topic in topics {
            match look(&*log, &topic) {
                Ok(found) => note(&destinations, &topic, found, &mut missing.lock()),
                // Another look follows, and what is known stays. Other parts report a broker that is away.
                Err(error) => tracing::debug!(topic, error = %error, "a topic to which workflows publish could not be looked at"),
            }
        }
    })
    .await;
}

fn note(destinations: &[Destinations], topic: &str, found: Found, missing: &mut BTreeSet<String>) {
    let mut is_news = false;
    destinations.iter().for_each(|of_namespace| is_news |= of_namespace.found(topic, found));
    if found == Found::default() {
        // Also when it was never there: then nothing has changed, and somebody has to hear of it once.
        if missing.insert(topic.to_owned()) {
            tracing::warn!(topic, "workflows are to publish to a topic that is missing: klamm.publish fails, and is tried again");
        }
        return;
    }
    missing.remove(topic);
    if is_news {
        tracing::info!(topic, partitions = found.partitions, "workflows may publish to this topic");
    }
}

/// What a topic is; the default when it is missing.
fn look(log: &dyn Log, topic: &str) -> Result<Found, LogError> {
    // What is known of a topic may be older than its deletion.
    if !log.missing_topics(&[topic.into()])?.is_empty() {
        return Ok(Found::default());
    }
    let found = match log.topic(topic) {
        Ok(found) => found,
        Err(LogError::UnknownTopic { .. }) => return Ok(Found::default()),
        Err(error) => return Err(error),
    };
    let bytes = found.spec.max_message_bytes.min(LARGE_MESSAGE_BYTES - ROOM_FOR_REASON_BYTES);
    Ok(Found {
        partitions: found.spec.partitions,
        record_bytes_max: u32::try_from(bytes).unwrap_or(u32::MAX),
        needs_key: matches!(found.spec.cleanup, Cleanup::Compact { .. }),
    })
}

#[cfg(test)]
mod tests {
    use klamm_log::{MemoryLog, SystemClock, TopicSpec, memory::Settings};

    use super::*;

    #[test]
    fn a_topic_is_known_by_its_settings_and_a_missing_one_counts_as_none() {
        let log = MemoryLog::new(Arc::new(SystemClock), Settings::default());
        let specs = [TopicSpec::kept("kept", 3), TopicSpec { max_message_bytes: usize::MAX, ..TopicSpec::compacted("compacted", 2) }];
        log.ensure_topics(&specs).expect("topics");
        let found = |topic| look(&log, topic).expect("an answer");
        assert_eq!(found("kept"), Found { partitions: 3, record_bytes_max: 1 << 20, needs_key: false });
        let compacted = found("compacted");
        assert!(compacted.needs_key && (compacted.record_bytes_max as usize) < LARGE_MESSAGE_BYTES);
        assert_eq!(found("other"), Found::default());
    }
}
