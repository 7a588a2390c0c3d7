//! Records in: reads the topics of requests, and makes commands of their records, each once.
//!
//! Each partition of a source topic is read by the process that owns the partition of the command log with its number (modulo the number of
//! partitions). Each record becomes one command, in the order of the source partition. A command carries the record's place
//! ([`klamm_requests::records`]), by which its partition drops repetitions, and the offset below which everything is in the log already
//! (`settled`). So klamm's own partitions hold the truth about how far a source has been read: a reader that begins anew asks them, reads
//! from there, and sends some commands again. The offsets of a consumer group are a copy for lag tools.
//!
//! What is wrong with a record is answered. What is wrong with the rest of the world (no broker, no registry, no namespace, partitions that
//! are full) makes the reader wait: nothing is skipped.

mod avro;
mod read;
mod reader;
mod source;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use klamm_log::Log;
use klamm_supervise::{Part, Supervisor, each_owned};
use tokio::task::JoinSet;

pub use source::{AllLimits, Away, CommandSink, NoSchemas, RequestTopic, SchemaSource};

use crate::{avro::Schemas, reader::Reader};

/// Pause between two looks at how many partitions a topic has.
const LOOK: Duration = Duration::from_secs(10);

/// Runs until the returned future is dropped. Reads what belongs to the partitions that this process owns.
pub async fn run<S: CommandSink>(
    sink: Arc<S>,
    log: Arc<dyn Log>,
    topics: Vec<RequestTopic>,
    limits: AllLimits,
    schemas: Arc<dyn SchemaSource>,
    supervisor: Supervisor,
) {
    if topics.is_empty() {
        std::future::pending::<()>().await;
    }
    let topics: Arc<[RequestTopic]> = topics.into();
    let (schemas, limits) = (Arc::new(Schemas::new(schemas)), Arc::new(limits));
    let health = supervisor.health().clone();
    each_owned(sink.partitions(), |number| {
        let (sink, log, topics, schemas) = (sink.clone(), log.clone(), topics.clone(), schemas.clone());
        let (limits, health) = (limits.clone(), health.clone());
        supervisor.part(format!("requests/{number}")).task(move |part| {
            let reader = Reader::new(sink.clone(), log.clone(), schemas.clone(), limits.clone(), health.clone(), part.clone());
            watch(reader, topics.clone(), part, number)
        })
    })
    .await;
}

/// Reads the partitions of all topics that belong to the partition `number` of the command log. Never ends.
async fn watch<S: CommandSink>(reader: Reader<S>, topics: Arc<[RequestTopic]>, part: Part, number: u32) {
    let mut reading = JoinSet::new();
    let mut begun = std::collections::BTreeSet::new();
    loop {
        part.round();
        for (index, topic) in topics.iter().enumerate() {
            let Some(partitions) = reader.partitions(topic).await else { continue };
            for partition in (0..partitions).filter(|partition| partition % reader.owners() == number) {
                if begun.insert((index, partition)) {
                    let (reader, topic) = (reader.clone(), topic.clone());
                    reading.spawn(async move { reader.read(topic, partition).await });
                }
            }
        }
        tokio::select! {
            biased;
            Some(ended) = reading.join_next() => if let Err(error) = ended && error.is_panic() {
                // The part begins anew, and with it all of its readers.
                std::panic::resume_unwind(error.into_panic());
            },
            () = part.fault_asked() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
