//! Looks at the topics of others to which workflows publish: commands are stamped with what is known of them.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use klamm_engine::LARGE_MESSAGE_BYTES;
use klamm_ingress::{Away, SchemaKind, SchemaSource};
use klamm_log::{Cleanup, Error as LogError, Log};
use klamm_messages::klamm::v1::Destination;
use klamm_requests::{Destinations, destinations::Found};
use klamm_supervise::{Part, Supervisor};
use parking_lot::Mutex;
use tokio::task::JoinHandle;

/// How often the topics are looked at.
const INTERVAL: Duration = Duration::from_secs(5);
/// Longest schema. It goes with each command that publishes.
const SCHEMA_BYTES_MAX: usize = 64 << 10;
/// So much less than its limit may a record of klamm's have, for the headers that tell why its destination did not take it.
const ROOM_FOR_REASON_BYTES: usize = 8 << 10;

/// Looks at all of them, and then again and again for as long as the returned task runs. `None`: there are none.
pub async fn watch(
    log: &Arc<dyn Log>,
    schemas: &Arc<dyn SchemaSource>,
    destinations: Vec<Destinations>,
    supervisor: &Supervisor,
) -> Option<JoinHandle<()>> {
    let destinations: Arc<[Destinations]> = destinations.into_iter().filter(|it| !it.is_empty()).collect();
    if destinations.is_empty() {
        return None;
    }
    let part = supervisor.part("destinations");
    let missing = Missing::default();
    look_at_all(&part, log, schemas, &destinations, &missing).await;
    let (log, schemas) = (log.clone(), schemas.clone());
    Some(tokio::spawn(part.task(move |part| {
        let (log, schemas, destinations, missing) = (log.clone(), schemas.clone(), destinations.clone(), missing.clone());
        async move {
            loop {
                tokio::time::sleep(INTERVAL).await;
                part.round();
                look_at_all(&part, &log, &schemas, &destinations, &missing).await;
            }
        }
    })))
}

/// Topics of which it was said that they are missing.
type Missing = Arc<Mutex<BTreeSet<String>>>;

async fn look_at_all(
    part: &Part,
    log: &Arc<dyn Log>,
    schemas: &Arc<dyn SchemaSource>,
    destinations: &Arc<[Destinations]>,
    missing: &Missing,
) {
    let (log, schemas, destinations, missing) = (log.clone(), schemas.clone(), destinations.clone(), missing.clone());
    part.blocking(move || {
        let topics: BTreeSet<String> = destinations.iter().flat_map(Destinations::topics).collect();
        for topic in topics {
            match look(&*log, &topic) {
                Ok(found) => note(&destinations, &topic, found, &mut missing.lock()),
                // Another look follows, and what is known stays. Other parts report a broker that is away.
                Err(error) => tracing::debug!(topic, error = %error, "a topic to which workflows publish could not be looked at"),
            }
        }
        let subjects: BTreeSet<String> = destinations.iter().flat_map(Destinations::subjects).collect();
        for subject in subjects {
            look_up(&*schemas, &destinations, &subject);
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

/// Asks for the newest schema of a subject. While the registry is away, what is known of it stays.
fn look_up(schemas: &dyn SchemaSource, destinations: &[Destinations], subject: &str) {
    let found = match schemas.latest(subject) {
        Ok(Some((_, schema))) if schema.kind != SchemaKind::Avro => Err("it is none of Avro".to_owned()),
        Ok(Some((_, schema))) if schema.text.len() > SCHEMA_BYTES_MAX => {
            Err(format!("it has {} bytes, more than {SCHEMA_BYTES_MAX}", schema.text.len()))
        }
        Ok(Some((id, schema))) => Ok((id, schema.text.into())),
        Ok(None) => Err("the registry has no such subject".to_owned()),
        Err(Away(why)) => {
            let is_known = |it: &Destination| it.schema.as_ref().is_some_and(|schema| schema.subject == subject && schema.id > 0);
            let knows = destinations.iter().any(|of_namespace| of_namespace.now().iter().any(is_known));
            tracing::debug!(subject, reason = why, "the schema of what workflows publish could not be looked up");
            if knows {
                return;
            }
            Err(why)
        }
    };
    let mut is_news = false;
    destinations.iter().for_each(|of_namespace| is_news |= of_namespace.schema_found(subject, &found));
    match found {
        Ok((id, _)) if is_news => tracing::info!(subject, id, "workflows may publish by this schema"),
        Err(why) if is_news => tracing::warn!(subject, reason = why, "workflows cannot publish by the schema of this subject"),
        _ => {}
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
    use klamm_ingress::{SchemaId, SchemaText};
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

    /// A registry that answers so.
    struct Answers(Result<Option<(u32, SchemaText)>, Away>);

    impl SchemaSource for Answers {
        fn schema(&self, _: SchemaId) -> Result<Option<SchemaText>, Away> {
            Ok(None)
        }

        fn version(&self, _: &str, _: u32) -> Result<Option<SchemaText>, Away> {
            Ok(None)
        }

        fn latest(&self, _: &str) -> Result<Option<(u32, SchemaText)>, Away> {
            self.0.clone()
        }
    }

    #[test]
    fn a_schema_stays_known_while_the_registry_is_away() {
        let named = |name: &str, other: &str| [(name.to_owned(), other.to_owned())];
        let destinations = [Destinations::new(named("a", "t")).with_subjects(named("a", "s"))];
        let known = |answer| {
            look_up(&Answers(answer), &destinations, "s");
            let schema = destinations[0].now()[0].schema.clone().expect("a subject");
            (schema.id, schema.problem)
        };
        let away = || Err(Away("nobody answers".to_owned()));
        assert_eq!(known(away()), (0, "nobody answers".to_owned()));
        assert_eq!(known(Ok(Some((7, SchemaText::avro("\"int\""))))), (7, String::new()));
        assert_eq!(known(away()), (7, String::new()));
        let protobuf = SchemaText { kind: SchemaKind::Protobuf, ..SchemaText::avro("") };
        assert_eq!(known(Ok(Some((8, protobuf)))), (0, "it is none of Avro".to_owned()));
        assert!(known(Ok(Some((9, SchemaText::avro("x".repeat(SCHEMA_BYTES_MAX + 1)))))).1.contains("more than"));
        assert_eq!(known(Ok(None)), (0, "the registry has no such subject".to_owned()));
    }
}
