//! Reads one partition of a topic of requests.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_log::{Error as LogError, Log, Offset, ReadBatch, ReadLimit, Stored, Topic};
use klamm_messages::klamm::v1::{Command, NamespaceState};
use klamm_requests::{
    namespaces::Namespaces,
    records::{self, Place},
};
use klamm_supervise::{Health, Part, Severity};
use parking_lot::Mutex;
use prost::Message;
use tokio::task::JoinSet;

use crate::{
    AllLimits, Away, CommandSink, RequestTopic,
    avro::Schemas,
    read::{self, Unread},
};

/// Most records that are on their way from one source partition, so that a mass of requests never stands in front of other callers.
const LIMIT: ReadLimit = ReadLimit { records: 500, bytes: 4 << 20 };
/// Pauses before something is tried again: the first, and the longest.
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Shortest time between two looks that lag tools are given while there are more records.
const SHOW: Duration = Duration::from_secs(2);
/// Name of the consumer group whose offsets show how far a topic has been read.
const GROUP: &str = "klamm.requests";

/// Reads partitions of topics. Clones share everything.
pub(crate) struct Reader<S> {
    sink: Arc<S>,
    log: Arc<dyn Log>,
    schemas: Arc<Schemas>,
    limits: Arc<AllLimits>,
    health: Health,
    part: Part,
}

impl<S> Clone for Reader<S> {
    fn clone(&self) -> Self {
        Self {
            sink: self.sink.clone(),
            log: self.log.clone(),
            schemas: self.schemas.clone(),
            limits: self.limits.clone(),
            health: self.health.clone(),
            part: self.part.clone(),
        }
    }
}

/// One partition of a topic.
struct Source {
    topic: RequestTopic,
    topic_id: String,
    partition: u32,
    /// Name of its problem in the process's health.
    problem: String,
    /// When lag tools were last told of it.
    shown: Mutex<Option<Instant>>,
}

impl<S: CommandSink> Reader<S> {
    pub(crate) fn new(sink: Arc<S>, log: Arc<dyn Log>, schemas: Arc<Schemas>, limits: Arc<AllLimits>, health: Health, part: Part) -> Self {
        Self { sink, log, schemas, limits, health, part }
    }

    /// How many partitions of the command log there are, each with a reader.
    pub(crate) fn owners(&self) -> u32 {
        self.sink.partition_count().max(1)
    }

    /// How many partitions the topic has. `None`: that is not known now.
    pub(crate) async fn partitions(&self, topic: &RequestTopic) -> Option<u32> {
        self.described(topic).await.ok().map(|described| described.spec.partitions)
    }

    async fn described(&self, topic: &RequestTopic) -> Result<Arc<Topic>, LogError> {
        let (log, name) = (self.log.clone(), topic.topic.clone());
        self.part.blocking(move || log.topic(&name)).await
    }

    /// Reads the partition. Never ends.
    pub(crate) async fn read(&self, topic: RequestTopic, partition: u32) {
        let problem = format!("requests/{}/{partition}", topic.topic);
        loop {
            let topic_id = self.until(&problem, || async { self.described(&topic).await.map_err(away) }).await.id.to_string();
            self.log.listen_to(&topic.topic);
            let source = Source { topic: topic.clone(), topic_id, partition, problem: problem.clone(), shown: Mutex::default() };
            let known = self.until(&problem, || async { self.sink.settled(&source.topic_id) }).await;
            let mut from = known.get(&partition.cast_signed()).copied().unwrap_or_default();
            // Ends when the topic's end is not above what was read of it: somebody has made the topic anew, or cut it off.
            while let Some(next) = self.round(&source, from).await {
                from = next;
            }
            self.pause(&problem, "the topic ends before what was read of it: it was made anew, or cut off", PAUSE_MAX).await;
        }
    }

    /// Takes the next records. Gives the offset behind them; `None`: the topic is not what it was.
    async fn round(&self, source: &Source, from: Offset) -> Option<Offset> {
        let (topic, partition) = (&*source.topic.topic, source.partition);
        match klamm_log::wait::readable(&*self.log, topic, partition, from).await {
            Ok(()) => {}
            Err(error) => {
                self.pause(&source.problem, &error.to_string(), PAUSE_MAX).await;
                return Some(from);
            }
        }
        let read = {
            let (log, topic) = (self.log.clone(), source.topic.topic.clone());
            self.part.blocking(move || klamm_log::read_onward(&*log, &topic, partition, from, LIMIT)).await
        };
        let batch = match read {
            Ok(batch) => batch,
            Err(LogError::PastEnd { .. }) => return None,
            Err(error) => {
                self.pause(&source.problem, &error.to_string(), PAUSE_MAX).await;
                return Some(from);
            }
        };
        self.tell_of_loss(source, from, &batch).await;
        let next = batch.next_offset;
        if let Some(newest) = batch.records.last() {
            let lag = batch.end_offset.saturating_sub(next);
            self.take(source, from, &batch.records).await;
            let labels = [("topic", topic.to_owned()), ("partition", partition.to_string())];
            metrics::gauge!("klamm_requests_lag_records", &labels).set(lag as f64);
            metrics::counter!("klamm_requests_total", "namespace" => source.topic.namespace.clone()).increment(batch.records.len() as u64);
            tracing::debug!(topic, partition, offset = newest.offset, "requests taken");
            self.show_position(source, next, lag == 0).await;
        }
        self.health.clear(&source.problem);
        Some(next)
    }

    /// Tells lag tools how far the partition has been read; not after each batch, unless there are no more records.
    async fn show_position(&self, source: &Source, next: Offset, is_at_end: bool) {
        let is_due = {
            let mut shown = source.shown.lock();
            let is_due = is_at_end || shown.is_none_or(|shown| shown.elapsed() >= SHOW);
            if is_due {
                *shown = Some(Instant::now());
            }
            is_due
        };
        if is_due {
            let (log, topic, partition) = (self.log.clone(), source.topic.topic.clone(), source.partition);
            self.part.blocking(move || log.show_positions(GROUP, &topic, &[(partition, next)])).await;
        }
    }

    /// Makes commands of the records, and has them taken.
    async fn take(&self, source: &Source, settled: Offset, stored: &[Stored]) {
        let limits = self.limits.of(&source.topic.namespace);
        let (namespace, namespaces) = self.until(&source.problem, || async { self.terms(source) }).await;
        let mut groups: BTreeMap<u32, Vec<Command>> = BTreeMap::new();
        for stored in stored {
            let envelope = read::envelope(&stored.record);
            let schema = match read::schema_id(&stored.record, &envelope) {
                Some(id) => Some(self.until(&source.problem, || self.schemas.get(&self.part, id)).await),
                None => None,
            };
            let request = read::request(&stored.record, &envelope, schema.as_deref());
            let place = Place {
                topic: source.topic.topic.to_string(),
                topic_id: source.topic_id.clone(),
                partition: source.partition,
                offset: stored.offset,
            };
            let request = request.map_err(|Unread(why)| why);
            let mut command = records::command(request, &envelope, &place, &namespace, limits, &namespaces);
            if command.encoded_len() > limits.command_bytes {
                command = records::too_large(command, limits, &namespace);
            }
            if let Some(source) = &mut command.source {
                source.settled = settled;
            }
            groups.entry(self.sink.partition_of(&command)).or_default().push(command);
        }
        let mut appending = JoinSet::new();
        for (target, commands) in groups {
            let (reader, problem) = (self.clone(), source.problem.clone());
            appending.spawn(async move { reader.until(&problem, || reader.sink.append(target, commands.clone())).await });
        }
        // A panic goes on here: the part begins anew, and reads the records again.
        appending.join_all().await;
    }

    /// What requests of the source's namespace are checked against.
    fn terms(&self, source: &Source) -> Result<(NamespaceState, Arc<Namespaces>), Away> {
        let namespaces = self.sink.namespaces();
        let name = &source.topic.namespace;
        let namespace = namespaces.get(name).cloned().ok_or_else(|| Away(format!("there is no namespace {name}; requests wait for it")))?;
        Ok((namespace, namespaces))
    }

    /// Records that nobody can read any more were never taken.
    async fn tell_of_loss(&self, source: &Source, from: Offset, batch: &ReadBatch) {
        // Without a hole before the first record nothing is lost, and the broker need not be asked.
        let found = batch.records.first().map_or(batch.next_offset, |first| first.offset);
        if from == 0 || found == from {
            return;
        }
        // A hole may also be a compacted record or a mark of a transaction, so only the topic's start tells.
        let (log, topic, partition) = (self.log.clone(), source.topic.topic.clone(), source.partition);
        let Ok(start) = self.part.blocking(move || log.start_offset(&topic, partition)).await else { return };
        if from < start && batch.records.first().is_none_or(|first| first.offset >= start) {
            let Source { topic, partition, .. } = source;
            tracing::error!(
                topic = &*topic.topic,
                partition,
                from,
                to = start,
                "requests were removed from their topic before klamm had read them"
            );
            metrics::counter!("klamm_requests_lost_total", "namespace" => topic.namespace.clone()).increment(1);
        }
    }

    /// Tries until it is done. The process's health says what it waits for.
    async fn until<T, F: Future<Output = Result<T, Away>>>(&self, problem: &str, mut attempt: impl FnMut() -> F) -> T {
        let mut pause = PAUSE;
        loop {
            match attempt().await {
                Ok(done) => return done,
                Err(Away(why)) => self.pause(problem, &why, pause).await,
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn pause(&self, problem: &str, why: &str, pause: Duration) {
        tracing::warn!(reader = problem, reason = why, "requests wait");
        self.health.report(problem.to_owned(), Severity::Warning, why.to_owned());
        tokio::time::sleep(pause).await;
    }
}

fn away(error: LogError) -> Away {
    Away(error.to_string())
}
