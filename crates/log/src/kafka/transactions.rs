//! Transactions. Each transactional id has a producer of its own.
//!
//! librdkafka speaks the first version of Kafka's transactions. When the answer to a commit is lost, the next holder settles the commit:
//! its `init_transactions` ends the transaction that was left open, and then it reads the topics to see the outcome.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rdkafka::{
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseProducer, BaseRecord, Producer},
    topic_partition_list::Offset as Place,
};

use super::{
    clients::BATCH_BYTES_MAX,
    core::{Core, TopicState},
    errors::{Doing, is_refusal_of_record},
    partition::Partition,
    producer::headers,
    sheet::{Deliveries, Delivery, Sheet},
};
use crate::{Error, Offset, Output, Stored, Transactional, wakers::wake};

/// After a commit, the broker needs a moment to write its marks; only then readers see the records. If that takes longer than this, an open
/// transaction of somebody else holds the readers up.
const MARKS_TIME_MAX: Duration = Duration::from_secs(1);

/// A poll of the client always lasts as long as it may, even when answers come, and spins for its last part of a millisecond. So polls do
/// not wait here, and a short sleep of this length follows each of them.
const ANSWERS_PAUSE: Duration = Duration::from_micros(300);

/// What a commit has written to one partition.
type Written = (Arc<Partition>, Vec<Stored>);

/// The holder of a transactional id.
struct Holder {
    core: Arc<Core>,
    id: String,
    producer: BaseProducer<Deliveries>,
    end: Option<End>,
}

/// Why a holder commits nothing any more.
enum End {
    Fenced,
    Doubtful,
}

impl Core {
    /// A client that will hold the id once its transactions are initialised.
    pub(super) fn transacting(&self, id: &str) -> Result<BaseProducer<Deliveries>, Error> {
        self.clients.transacting(id, Deliveries(self.clients.context()))
    }

    /// See [`crate::Log::transactional`].
    pub(super) fn hold(self: &Arc<Self>, id: &str) -> Result<Box<dyn Transactional>, Error> {
        let producer = match self.prepared.take(id) {
            Some(producer) => producer,
            None => self.transacting(id)?,
        };
        let deadline = Instant::now() + self.settings().request_timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match producer.init_transactions(left) {
                Ok(()) => break,
                Err(KafkaError::Transaction(error)) if error.is_retriable() && Instant::now() < deadline => {}
                Err(error) => {
                    producer.poll(Duration::ZERO);
                    return Err(self.errors().failed(Doing::Transact(id), &error));
                }
            }
        }
        self.problems().over();
        Ok(Box::new(Holder { core: self.clone(), id: id.to_owned(), producer, end: None }))
    }
}

impl Transactional for Holder {
    fn commit(&mut self, outputs: Vec<Output>) -> Result<Vec<Offset>, Error> {
        match self.end {
            Some(End::Fenced) => return Err(self.fenced()),
            Some(End::Doubtful) => {
                let reason = "an earlier commit of this holder is in doubt: it was to be dropped".to_owned();
                return Err(Error::InDoubt { reason });
            }
            None => {}
        }
        let topics = self.check(&outputs)?;
        if outputs.is_empty() {
            return Ok(Vec::new());
        }
        let began = Instant::now();
        let sheet = Arc::new(Mutex::new(vec![None; outputs.len()]));
        self.write(&topics, &outputs, &sheet)?;
        self.finish()?;
        let places: Option<Vec<_>> =
            sheet.lock().iter().map(|place| place.as_ref().and_then(|place| place.as_ref().ok().copied())).collect();
        let Some(places) = places.filter(|places| places.iter().all(|(offset, _)| *offset >= 0)) else {
            self.end = Some(End::Doubtful);
            let what = "it has committed, at offsets that the broker has forgotten";
            return Err(self.core.errors().in_doubt(Doing::Transact(&self.id), what));
        };
        self.publish(&topics, outputs, &places);
        metrics::counter!("klamm_log_commits_total").increment(1);
        metrics::histogram!("klamm_log_commit_seconds").record(began.elapsed().as_secs_f64());
        Ok(places.into_iter().map(|(offset, _)| offset).collect())
    }
}

impl Holder {
    fn fenced(&self) -> Error {
        Error::Fenced { transactional_id: self.id.clone() }
    }

    /// Whether another holder has come. Either this error says so, or an earlier fatal error of the client does.
    fn is_fenced(&self, error: &KafkaError) -> bool {
        is_fenced(error) || self.producer.client().fatal_error().is_some_and(|(code, _)| is_fencing(code))
    }

    /// Finds what can be refused without the broker.
    fn check(&self, outputs: &[Output]) -> Result<BTreeMap<Arc<str>, Arc<TopicState>>, Error> {
        let mut topics: BTreeMap<Arc<str>, Arc<TopicState>> = BTreeMap::new();
        for output in outputs {
            let known = match topics.get(&output.topic) {
                Some(known) => known,
                None => topics.entry(output.topic.clone()).or_insert(self.core.topic(&output.topic)?),
            };
            known.partition(output.partition)?;
            known.topic.check_record(&output.record)?;
        }
        Ok(topics)
    }

    /// Begins a transaction and writes everything.
    fn write(&mut self, topics: &BTreeMap<Arc<str>, Arc<TopicState>>, outputs: &[Output], sheet: &Arc<Sheet>) -> Result<(), Error> {
        let limit = self.core.settings().request_timeout;
        // Takes the events that have gathered since the last transaction.
        self.producer.poll(Duration::ZERO);
        self.producer.begin_transaction().map_err(|error| self.failed(&error))?;
        // librdkafka's batches may be larger than what a topic takes. For such a topic the records are flushed in between.
        let mut batches: BTreeMap<(&str, u32), usize> = BTreeMap::new();
        for (index, output) in outputs.iter().enumerate() {
            let limit_bytes = topics.get(&output.topic).map_or(usize::MAX, |known| known.topic.spec.max_message_bytes);
            if limit_bytes < BATCH_BYTES_MAX {
                let bytes = batches.entry((&output.topic, output.partition)).or_default();
                *bytes += output.record.size();
                if *bytes > limit_bytes {
                    self.flush(limit, outputs, sheet)?;
                    batches.clear();
                    batches.insert((&output.topic, output.partition), output.record.size());
                }
            }
            let delivery = Box::new(Delivery { index, sheet: sheet.clone() });
            let mut record = BaseRecord::with_opaque_to(&output.topic, delivery)
                .partition(output.partition as i32)
                .timestamp(output.record.timestamp_ms);
            record.key = output.record.key.as_deref();
            record.payload = output.record.value.as_deref();
            record.headers = headers(&output.record);
            while let Err((error, refused)) = self.producer.send(record) {
                if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                    return Err(self.aborted(&error, Some(output)));
                }
                self.flush(limit, outputs, sheet)?;
                record = refused;
            }
        }
        self.flush(limit, outputs, sheet)
    }

    /// Waits until the broker has all records, none of them readable yet.
    fn flush(&mut self, limit: Duration, outputs: &[Output], sheet: &Arc<Sheet>) -> Result<(), Error> {
        let flushed = self.await_answers(limit, sheet);
        // A refused batch refuses all its records. The largest record is taken for the cause, of those that were refused for themselves.
        let refused = {
            let places = sheet.lock();
            let refused = places.iter().zip(outputs).filter_map(|(place, output)| match place {
                Some(Err(code)) => Some((*code, output)),
                _ => None,
            });
            refused.max_by_key(|(code, output)| (is_refusal_of_record(*code), output.record.size()))
        };
        match (flushed, refused) {
            (true, None) => Ok(()),
            (_, Some((code, output))) => {
                let error = self.aborted(&KafkaError::MessageProduction(code), Some(output));
                // Purged records did nothing wrong themselves.
                let is_purged = matches!(code, RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight);
                let barred = self.producer.client().context().0.barred.lock().take().filter(|_| is_purged);
                match barred {
                    Some(barred) if !matches!(error, Error::Fenced { .. }) => Err(self.core.errors().barred(&barred)),
                    _ => Err(error),
                }
            }
            (false, None) => Err(self.aborted(&KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut), None)),
        }
    }

    /// Waits until the broker has answered for all records. False when that takes too long. (The client's own `flush` looks only every
    /// 100 ms.)
    fn await_answers(&self, limit: Duration, sheet: &Arc<Sheet>) -> bool {
        let deadline = Instant::now() + limit;
        while self.producer.in_flight_count() > 0 {
            let is_refused = sheet.lock().iter().any(|place| matches!(place, Some(Err(_))));
            if is_refused || Instant::now() >= deadline {
                return is_refused;
            }
            self.producer.poll(Duration::ZERO);
            std::thread::sleep(ANSWERS_PAUSE);
        }
        true
    }

    /// Commits what has been written.
    fn finish(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + self.core.settings().request_timeout;
        loop {
            let error = match self.producer.commit_transaction(deadline.saturating_duration_since(Instant::now())) {
                Ok(()) => {
                    self.core.problems().over();
                    return Ok(());
                }
                Err(error) => error,
            };
            match &error {
                _ if self.is_fenced(&error) => {
                    self.end = Some(End::Fenced);
                    return Err(self.fenced());
                }
                KafkaError::Transaction(inner) if inner.is_retriable() && Instant::now() < deadline => {}
                KafkaError::Transaction(inner) if inner.txn_requires_abort() => return Err(self.aborted(&error, None)),
                _ => {
                    self.end = Some(End::Doubtful);
                    return Err(self.core.errors().in_doubt(Doing::Transact(&self.id), &error.to_string()));
                }
            }
        }
    }

    /// The error for a transaction that could not be begun.
    fn failed(&mut self, error: &KafkaError) -> Error {
        if self.is_fenced(error) {
            self.end = Some(End::Fenced);
            return self.fenced();
        }
        // Nothing of this transaction was written, but only a new holder can tell what became of the transactions before it.
        self.end = Some(End::Doubtful);
        self.core.errors().in_doubt(Doing::Transact(&self.id), &error.to_string())
    }

    /// A record could not be written: this holder commits nothing more. Nobody ever reads anything of the transaction, since no commit was
    /// asked for; the next holder's `init_transactions` aborts it. (Aborting it here is not safe: when the broker's answer comes after the
    /// time of the call has run out, librdkafka is in a state that it does not expect, and ends the process.)
    fn aborted(&mut self, error: &KafkaError, refused: Option<&Output>) -> Error {
        if self.is_fenced(error) {
            self.end = Some(End::Fenced);
            return self.fenced();
        }
        self.end = Some(End::Doubtful);
        metrics::counter!("klamm_log_aborts_total").increment(1);
        let errors = self.core.errors();
        let error = match refused {
            Some(output) => errors.refused_record(&output.topic, output.record.size(), error),
            None => errors.failed(Doing::Transact(&self.id), error),
        };
        match error {
            Error::Unavailable { reason } => Error::InDoubt { reason },
            error => error,
        }
    }

    /// Waits until readers can read the committed records, and keeps them in memory for readers of this process.
    fn publish(&self, topics: &BTreeMap<Arc<str>, Arc<TopicState>>, outputs: Vec<Output>, places: &[(Offset, i64)]) {
        let mut written: BTreeMap<(Arc<str>, u32), Written> = BTreeMap::new();
        for (output, (offset, timestamp_ms)) in outputs.into_iter().zip(places.iter().copied()) {
            let Some(Ok(partition)) = topics.get(&output.topic).map(|known| known.partition(output.partition)) else { continue };
            let (_, records) = written.entry((output.topic, output.partition)).or_insert_with(|| (partition.clone(), Vec::new()));
            let mut record = output.record;
            record.timestamp_ms = timestamp_ms;
            records.push(Stored { offset, timestamp_ms, record });
        }
        let mut waiting: Vec<_> = written.into_values().collect();
        let deadline = Instant::now() + MARKS_TIME_MAX;
        let mut pause = Duration::from_millis(1);
        loop {
            let partitions: Vec<_> = waiting.iter().map(|(partition, _)| &**partition).collect();
            let ends = self.core.bounds(&partitions, Place::End, MARKS_TIME_MAX).unwrap_or_default();
            let mut ends = ends.into_iter();
            waiting.retain_mut(|(partition, records)| {
                let last = records.last().map_or(0, |stored| stored.offset);
                match ends.next() {
                    Some(Ok(end)) if end > last => {
                        let woken = partition.view.lock().committed(std::mem::take(records), end);
                        wake(woken);
                        false
                    }
                    _ => true,
                }
            });
            if waiting.is_empty() {
                return;
            }
            if Instant::now() >= deadline {
                break;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        for (partition, records) in waiting {
            let last = records.last().map_or(0, |stored| stored.offset);
            tracing::warn!(topic = &*partition.topic, partition = partition.number, "committed records cannot be read yet");
            if partition.view.lock().suspects(last + 1) {
                self.core.signal.raise();
            }
        }
    }
}

fn is_fenced(error: &KafkaError) -> bool {
    error.rdkafka_error_code().is_some_and(is_fencing)
}

fn is_fencing(code: RDKafkaErrorCode) -> bool {
    matches!(code, RDKafkaErrorCode::Fenced | RDKafkaErrorCode::ProducerFenced | RDKafkaErrorCode::InvalidProducerEpoch)
}
