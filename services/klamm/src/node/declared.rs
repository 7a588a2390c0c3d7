//! Topics that are declared while klamm runs. They count from when a process takes the partitions over: it reads them from the log before it
//! decides anything, so that whatever commands say of such topics, the topics are known. When the declarations change, the owner gives
//! the partitions up, and they are taken over anew. Callers wait for as long as that takes.

use std::{sync::Arc, time::Duration};

use klamm_cluster::Event as ClusterEvent;
use klamm_engine::{Codec, Folded, Topics, topic};
use klamm_log::{Error as LogError, Log, ReadLimit};
use klamm_messages::klamm::v1::cluster_record::Record;
use klamm_processor::{AvroCodec, Event, Processor};

use crate::{config::Declared, setup_error::SetupError};

/// Declarations that come within this time count together.
const TOGETHER: Duration = Duration::from_millis(500);

/// The declarations that are committed.
///
/// # Errors
/// The log cannot be read.
pub async fn committed(log: &Arc<dyn Log>, topics: &Topics) -> Result<Declared, SetupError> {
    let (log, name) = (log.clone(), topics.full(topic::CLUSTER));
    let failed = |error: String| SetupError::new("reading declared topics", error, "see the error");
    let read = tokio::task::spawn_blocking(move || read(&*log, &name)).await;
    read.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
}

fn read(log: &dyn Log, topic: &str) -> Result<Declared, LogError> {
    let mut declared = Declared::new();
    let mut from = log.start_offset(topic, 0)?;
    let end = log.end_offset(topic, 0)?;
    while from < end {
        let batch = match klamm_log::read_onward(log, topic, 0, from, ReadLimit::default()) {
            Ok(batch) => batch,
            Err(LogError::PastEnd { .. }) => break,
            Err(error) => return Err(error),
        };
        // Behind the last committed record may stand what was given up.
        if batch.next_offset <= from {
            break;
        }
        from = batch.next_offset;
        for stored in batch.records {
            let key = stored.record.key.as_deref().unwrap_or_default();
            // What cannot be read here is told by whoever folds the topic.
            match AvroCodec.decode_event(topic::CLUSTER, key, stored.record.value.as_deref()) {
                Ok(Folded::Event(Event::Cluster(ClusterEvent::Record(record)))) => {
                    if let Some(Record::Topics(state)) = record.record {
                        declared.insert(state.namespace, state.text);
                    }
                }
                Ok(Folded::Event(Event::Cluster(ClusterEvent::RemoveTopics(namespace)))) => drop(declared.remove(&namespace)),
                _ => {}
            }
        }
    }
    Ok(declared)
}

/// Waits until other topics are declared than these.
pub async fn until_changed(processor: &Processor, used: &Declared) {
    let mut declared = processor.declared_topics();
    let changed = declared.wait_for(|now| {
        let is_used = now.values().all(|state| used.get(&state.namespace).is_some_and(|text| *text == state.text));
        !is_used || now.len() != used.len()
    });
    if changed.await.is_err() {
        // The processor has ended, and its owner hears of that.
        std::future::pending::<()>().await;
    }
    // Several that are declared together count together: none is refused because another one has ended the owner.
    tokio::time::sleep(TOGETHER).await;
}
