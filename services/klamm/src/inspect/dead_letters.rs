//! Reads dead letters of triggers, page by page.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use klamm_api::klamm::v1::{DeadLetterInfo, DeadLetterSelection, ReadDeadLettersRequest, TopicHeader};
use klamm_engine::Topics;
use klamm_log::{Error as LogError, Log, Offset, ReadLimit, Stored, Topic};
use klamm_machine::Time;
use klamm_triggers::{Letter, Mark};
use tokio::sync::mpsc;
use tonic::Status;

use super::{
    asking::{ask, status},
    reading,
};

/// What is read at once.
const PAGE: ReadLimit = ReadLimit { records: 500, bytes: 4 << 20 };
/// Most letters that wait for a slow reader.
pub(super) const BUFFER: usize = 16;
/// Most marks of a partition that are held in memory.
const MARKS_MAX: usize = 1_000_000;
/// What may have come of a letter that was replayed.
const CAME: [&str; 3] = ["started", "signalled", "suppressed"];

/// A dead letter.
pub(super) struct Found {
    pub(super) partition: u32,
    pub(super) stored: Stored,
    pub(super) letter: Letter,
    /// What came of it when it was replayed.
    pub(super) replayed: Option<&'static str>,
}

/// The dead letters that a selection names, by partition and offset: those that there are at the beginning.
pub(super) struct DeadLetters {
    log: Arc<dyn Log>,
    topic: Arc<Topic>,
    wanted: Wanted,
    /// Partitions that were not begun yet.
    partitions: VecDeque<u32>,
    now: Option<Partition>,
    left: u64,
}

/// What holds for the letters that are wanted.
struct Wanted {
    /// Only this one.
    offset: Option<Offset>,
    class: String,
    rule: u32,
    /// Only letters from this time on, milliseconds since the epoch.
    since: Option<i64>,
    /// Only those that no replay has dealt with.
    open: bool,
}

/// A partition that is being read.
struct Partition {
    number: u32,
    next: Offset,
    end: Offset,
    page: VecDeque<Stored>,
    /// Which letters were replayed, by offset. The mark of a letter stands behind it.
    marks: BTreeMap<Offset, &'static str>,
}

impl DeadLetters {
    /// Begins to read.
    ///
    /// # Errors
    /// There is no such topic or partition, or the selection contradicts itself.
    pub(super) async fn open(log: &Arc<dyn Log>, topics: &Topics, selection: &DeadLetterSelection) -> Result<Self, Status> {
        let DeadLetterSelection { trigger, partition, offset, class, rule, since, open, limit } = selection;
        let name = topics.full(&Topics::dead_letters(trigger));
        let topic = ask(log, move |log| log.topic(&name).map_err(|error| (name, error))).await;
        let topic = topic.map_err(|(name, error)| match error {
            LogError::UnknownTopic { .. } => Status::not_found(format!("There is no topic {name} of dead letters.")),
            error => status(error),
        })?;
        let partitions = match partition.map(u32::try_from) {
            None if offset.is_some() => return Err(Status::invalid_argument("an offset needs its partition")),
            None => (0..topic.spec.partitions).collect(),
            Some(Ok(partition)) if partition < topic.spec.partitions => [partition].into(),
            Some(_) => return Err(Status::not_found(format!("no such partition of {}", topic.spec.name))),
        };
        let since = since.as_ref().map(|since| Time::from(since).millis());
        let wanted = Wanted { offset: *offset, class: class.clone(), rule: *rule, since, open: *open };
        Ok(Self { log: log.clone(), topic, wanted, partitions, now: None, left: if *limit == 0 { u64::MAX } else { *limit } })
    }

    /// The topic.
    pub(super) fn topic(&self) -> &Topic {
        &self.topic
    }

    /// The next letter; `None`: there are no more.
    ///
    /// # Errors
    /// The log does not answer, or there are too many marks.
    pub(super) async fn next(&mut self) -> Result<Option<Found>, Status> {
        loop {
            if self.left == 0 {
                return Ok(None);
            }
            let Some(now) = &mut self.now else {
                let Some(number) = self.partitions.pop_front() else { return Ok(None) };
                self.now = Some(self.begin(number).await?);
                continue;
            };
            let Some(stored) = now.page.pop_front() else {
                now.page = page(&self.log, &self.topic, now.number, &mut now.next, now.end).await?;
                if now.page.is_empty() && now.next >= now.end {
                    self.now = None;
                }
                continue;
            };
            if let Some(found) = self.wanted.found(now, stored) {
                self.left -= 1;
                return Ok(Some(found));
            }
        }
    }

    async fn begin(&self, number: u32) -> Result<Partition, Status> {
        let (name, offset, since) = (self.topic.spec.name.clone(), self.wanted.offset, self.wanted.since);
        let (start, end) = ask(&self.log, move |log| {
            let start = log.start_offset(&name, number).map_err(status)?;
            let end = log.end_offset(&name, number).map_err(status)?;
            let start = offset.unwrap_or(start).max(start);
            let start = since.map_or(Ok(start), |since| reading::first_since(log, &name, number, start, since))?;
            Ok::<_, Status>((start, end))
        })
        .await?;
        let mut marks = BTreeMap::new();
        let mut next = start;
        while next < end {
            let records = page(&self.log, &self.topic, number, &mut next, end).await?;
            for mark in records.iter().filter_map(|stored| Mark::read(&stored.record.headers)) {
                marks.insert(mark.offset, CAME.into_iter().find(|came| *came == mark.came).unwrap_or("suppressed"));
            }
            if marks.len() > MARKS_MAX {
                let problem = format!("more than {MARKS_MAX} letters of partition {number} were replayed: ask for those since some time");
                return Err(Status::failed_precondition(problem));
            }
        }
        // One letter needs no more pages.
        let end = offset.map_or(end, |offset| end.min(offset.saturating_add(1)));
        Ok(Partition { number, next: start, end, page: VecDeque::new(), marks })
    }
}

impl Wanted {
    fn found(&self, partition: &Partition, stored: Stored) -> Option<Found> {
        if self.offset.is_some_and(|offset| offset != stored.offset) || self.since.is_some_and(|since| stored.timestamp_ms < since) {
            return None;
        }
        if Mark::read(&stored.record.headers).is_some() {
            return None;
        }
        let (letter, _) = Letter::read(&stored.record.headers);
        let replayed = partition.marks.get(&stored.offset).copied();
        let is_wanted = (self.class.is_empty() || self.class == letter.class)
            && (self.rule == 0 || self.rule == letter.rule)
            && !(self.open && replayed.is_some());
        is_wanted.then(|| Found { partition: partition.number, stored, letter, replayed })
    }
}

/// The records from `next` on, below `end`. Moves `next` behind them.
async fn page(log: &Arc<dyn Log>, topic: &Topic, partition: u32, next: &mut Offset, end: Offset) -> Result<VecDeque<Stored>, Status> {
    let (name, from) = (topic.spec.name.clone(), *next);
    let read = ask(log, move |log| klamm_log::read_onward(log, &name, partition, from, PAGE)).await;
    let batch = match read {
        Ok(batch) => batch,
        // Somebody has made the topic anew, or cut it off.
        Err(LogError::PastEnd { .. }) => {
            *next = end;
            return Ok(VecDeque::new());
        }
        Err(error) => return Err(status(error)),
    };
    let is_last = batch.next_offset <= from || batch.next_offset >= batch.end_offset;
    *next = if is_last { end } else { batch.next_offset };
    Ok(batch.records.into_iter().filter(|stored| stored.offset < end).collect())
}

/// Sends the letters that are asked for.
pub(super) async fn read(
    log: &Arc<dyn Log>,
    topics: &Topics,
    request: ReadDeadLettersRequest,
) -> Result<mpsc::Receiver<Result<DeadLetterInfo, Status>>, Status> {
    let mut letters = DeadLetters::open(log, topics, &request.selection.unwrap_or_default()).await?;
    let (sender, receiver) = mpsc::channel(BUFFER);
    tokio::spawn(async move {
        loop {
            let told = match letters.next().await {
                Ok(Some(found)) => Ok(info(found, request.whole)),
                Ok(None) => return,
                Err(error) => Err(error),
            };
            let is_over = told.is_err();
            if sender.send(told).await.is_err() || is_over {
                return;
            }
        }
    });
    Ok(receiver)
}

fn info(found: Found, whole: bool) -> DeadLetterInfo {
    let Found { partition, stored, letter, replayed } = found;
    let (_, record) = klamm_ingress::original(&stored);
    let header = |(name, value): (String, bytes::Bytes)| TopicHeader { name, value: value.to_vec() };
    DeadLetterInfo {
        partition: partition.cast_signed(),
        offset: stored.offset,
        timestamp: Some(Time::from_millis(stored.timestamp_ms).into()),
        class: letter.class,
        rule: letter.rule,
        stage: letter.stage,
        message: letter.message,
        source_topic: letter.topic,
        source_partition: letter.partition,
        source_offset: letter.offset,
        trigger: letter.trigger,
        key: record.key.map(|key| key.to_vec()),
        value: record.value.filter(|_| whole).map(|value| value.to_vec()),
        headers: if whole { record.headers.into_iter().map(header).collect() } else { Vec::new() },
        value_bytes: letter.value_bytes,
        replayed: replayed.unwrap_or_default().to_owned(),
    }
}
