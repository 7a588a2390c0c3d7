//! Records in: reads topics of requests and the topics of triggers, and makes commands of their records, each once.
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
mod feed;
mod fetches;
mod formats;
mod framing;
mod in_flight;
mod making;
mod pace;
mod protobuf;
mod read;
mod reader;
mod replaying;
mod schemas;
mod source;
mod status;
mod step;
#[cfg(test)]
mod tests;
mod triggers;
mod waiting;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use klamm_log::Log;
use klamm_supervise::{Part, Supervisor, each_owned};
use tokio::{sync::watch, task::JoinSet};

pub use formats::value_text;
pub use making::{Tried, try_record};
pub use replaying::{Replay, ReplayEffect, original, replay};
pub use source::{AllLimits, Away, CommandSink, NoSchemas, RequestTopic, SchemaId, SchemaKind, SchemaReference, SchemaSource, SchemaText};
pub use status::{TriggerCounts, TriggerStatus, TriggerStatuses};
pub use triggers::DeadLetterTopic;

use crate::{
    feed::Feed,
    fetches::Fetches,
    formats::Formats,
    making::Maker,
    reader::{Flow, LOOK, Reader},
};

/// What is read, and how.
pub struct Config {
    /// The topics of requests.
    pub requests: Vec<RequestTopic>,
    /// Limits of what records ask for.
    pub limits: AllLimits,
    /// The schemas of their values.
    pub schemas: Arc<dyn SchemaSource>,
    /// Where dead letters of triggers go.
    pub dead_letters: DeadLetterTopic,
}

/// Runs until the returned future is dropped. Reads what belongs to the partitions that this process owns.
pub async fn run<S: CommandSink>(sink: Arc<S>, log: Arc<dyn Log>, config: Config, supervisor: Supervisor) {
    run_with(sink, log, config, supervisor, Fetches::default()).await;
}

async fn run_with<S: CommandSink>(sink: Arc<S>, log: Arc<dyn Log>, config: Config, supervisor: Supervisor, fetches: Fetches) {
    let Config { requests: topics, limits, schemas, dead_letters } = config;
    let topics: Arc<[RequestTopic]> = topics.into();
    let (schemas, limits) = (Arc::new(Formats::new(&schemas)), Arc::new(limits));
    let (health, flow) = (supervisor.health().clone(), Flow { fetches, ..Flow::default() });
    let reader = {
        let (sink, log) = (sink.clone(), log.clone());
        move |part: &Part| {
            let maker = Maker::new(schemas.clone(), health.clone(), part.clone(), sink.trigger_statuses());
            Reader::new(sink.clone(), log.clone(), limits.clone(), maker, flow.clone())
        }
    };
    let requests = async {
        if topics.is_empty() {
            std::future::pending::<()>().await;
        }
        each_owned(sink.partitions(), |number| {
            let (reader, topics) = (reader.clone(), topics.clone());
            supervisor.part(format!("requests/{number}")).task(move |part| watch_requests(reader(&part), topics.clone(), part, number))
        })
        .await;
    };
    let triggers = each_owned(sink.partitions(), |number| {
        let (reader, known, log, dead_letters) = (reader.clone(), sink.triggers(), log.clone(), dead_letters.clone());
        supervisor
            .part(format!("triggers/{number}"))
            .task(move |part| triggers::watch(reader(&part), known.clone(), log.clone(), dead_letters.clone(), part, number))
    });
    tokio::join!(requests, triggers);
}

/// The readers of one topic of requests.
struct Reading {
    /// A topic that is made anew has another one.
    topic_id: Arc<str>,
    begun: BTreeSet<u32>,
    /// Requests are read for as long as the process owns the partition, and the topic is what it was.
    stop: watch::Sender<bool>,
}

/// Reads the partitions of all topics that belong to the partition `number` of the command log. Never ends.
async fn watch_requests<S: CommandSink>(reader: Reader<S>, topics: Arc<[RequestTopic]>, part: Part, number: u32) {
    let mut readers = JoinSet::new();
    let mut known: BTreeMap<usize, Reading> = BTreeMap::new();
    loop {
        part.round();
        for (index, topic) in topics.iter().enumerate() {
            let Ok(now) = reader.topic(&topic.topic).await else { continue };
            let reading = known.entry(index).or_insert_with(|| Reading::of(now.id.clone()));
            if reading.topic_id != now.id {
                tracing::warn!(topic = &*topic.topic, "the topic was made anew, and is read from its beginning");
                reading.stop.send_replace(true);
                *reading = Reading::of(now.id.clone());
            }
            for partition in (0..now.spec.partitions).filter(|partition| partition % reader.owners() == number) {
                if reading.begun.insert(partition) {
                    let (reader, feed, stopped) = (reader.clone(), Feed::Requests(topic.clone()), reading.stop.subscribe());
                    readers.spawn(async move { reader.read(feed, partition, stopped).await });
                }
            }
        }
        tokio::select! {
            biased;
            Some(ended) = readers.join_next() => if let Err(error) = ended && error.is_panic() {
                // The part begins anew, and with it all of its readers.
                std::panic::resume_unwind(error.into_panic());
            },
            () = part.fault_asked() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

impl Reading {
    fn of(topic_id: Arc<str>) -> Self {
        Self { topic_id, begun: BTreeSet::new(), stop: watch::Sender::new(false) }
    }
}
