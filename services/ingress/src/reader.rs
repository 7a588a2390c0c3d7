//! Reads one partition of a topic whose records become commands.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_log::{Error as LogError, Log, Offset, ReadBatch, ReadLimit, Stored, Topic};
use klamm_messages::klamm::v1::{NamespaceState, command::Body};
use klamm_requests::{
    namespaces::Namespaces,
    records::{self, Against},
};
use klamm_triggers::{Order, Window};
use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    AllLimits, Away, CommandSink, TriggerStatuses,
    feed::{At, Begin, Feed, mark},
    fetches::{FETCHED, Fetches, Records, Shared},
    in_flight::{InFlight, Room},
    making::Maker,
    pace::{Pace, Paces},
    step::Step,
    waiting::PAUSE_MAX,
};

/// Most bytes of records that are on their way from one source partition, so that a mass of requests never stands in front of other callers.
const FETCHED_BYTES: usize = 4 << 20;
/// Pause between two looks at how many partitions a topic has.
pub(crate) const LOOK: Duration = Duration::from_secs(10);
/// Shortest time between two looks that lag tools are given while there are more records.
const SHOW: Duration = Duration::from_secs(2);
/// A long run of records without effect is made durable after so many of them, or after this time: they cost only the time to read them again.
const UNMARKED_MAX: usize = 10_000;
const MARK_AFTER: Duration = Duration::from_secs(5);
/// At a bounded rate it is told after so long how far the reader has come.
const TELL_AFTER: Duration = Duration::from_secs(1);

/// Reads partitions of topics. Clones share everything.
pub(crate) struct Reader<S> {
    sink: Arc<S>,
    log: Arc<dyn Log>,
    limits: Arc<AllLimits>,
    maker: Maker,
    flow: Flow,
}

/// What readers of this process have in common. Clones share everything.
#[derive(Clone, Default)]
pub(crate) struct Flow {
    pub(crate) paces: Paces,
    pub(crate) in_flight: InFlight,
    pub(crate) fetches: Fetches,
}

impl<S> Clone for Reader<S> {
    fn clone(&self) -> Self {
        Self {
            sink: self.sink.clone(),
            log: self.log.clone(),
            limits: self.limits.clone(),
            maker: self.maker.clone(),
            flow: self.flow.clone(),
        }
    }
}

/// One partition of a topic.
struct Source {
    feed: Feed,
    /// The topic's id.
    topic_id: Arc<str>,
    /// By what its positions are known.
    source_id: String,
    partition: u32,
    /// By what it reads together with others.
    shared: Shared,
    /// Name of its problem in the process's health.
    problem: String,
    /// When lag tools were last told of it.
    shown: Mutex<Option<Instant>>,
    /// Records without effect of which the log does not know yet, and since when.
    unmarked: Mutex<Option<(usize, Instant)>>,
    /// What came of the last records.
    window: Mutex<Window>,
}

/// Why there are no records.
enum Unfetched {
    /// The topic was made anew, or cut off below what was read of it.
    OtherTopic,
    /// That is not known now, and why.
    Away(String),
}

/// Why a reader has stopped within what it has read.
enum Stopped {
    /// So many records are dead letters that something must be wrong.
    Broke,
    /// There is something to tell before the rest, or the trigger is not what it was.
    Early,
}

impl Source {
    fn at(&self) -> At<'_> {
        At { source_id: &self.source_id, partition: self.partition }
    }

    /// Some records had no effect.
    fn note_unmarked(&self, count: usize) {
        let mut unmarked = self.unmarked.lock();
        let (before, since) = unmarked.unwrap_or_else(|| (0, Instant::now()));
        *unmarked = Some((before + count, since));
    }

    /// When the log has to be told of records without effect.
    fn mark_due(&self) -> Option<Instant> {
        let (count, since) = (*self.unmarked.lock())?;
        Some(if count >= UNMARKED_MAX { Instant::now() } else { since + MARK_AFTER })
    }
}

impl<S: CommandSink> Reader<S> {
    pub(crate) fn new(sink: Arc<S>, log: Arc<dyn Log>, limits: Arc<AllLimits>, maker: Maker, flow: Flow) -> Self {
        Self { sink, log, limits, maker, flow }
    }

    /// Where it is noted how triggers are doing.
    pub(crate) fn statuses(&self) -> &TriggerStatuses {
        &self.maker.statuses
    }

    /// Forgets triggers that there are no more.
    pub(crate) fn keep(&self, is_known: impl Fn(&str) -> bool) {
        self.maker.statuses.keep(&is_known);
        self.flow.paces.keep(&is_known);
        self.flow.in_flight.keep(&is_known);
    }

    /// Nobody waits for anything there any more.
    pub(crate) fn clear_problem(&self, feed: &Feed, partition: u32) {
        self.maker.waiting.health.clear(&feed.problem(partition));
        if let Some(trigger) = feed.trigger() {
            self.maker.statuses.clear(&trigger.name, Some(partition));
            self.maker.statuses.oldest(&trigger.name, partition, None);
        }
    }

    /// How many partitions of the command log there are, each with a reader.
    pub(crate) fn owners(&self) -> u32 {
        self.sink.partition_count().max(1)
    }

    /// The topic as it is by now: somebody may have added partitions, or made it anew.
    ///
    /// # Errors
    /// That is not known now.
    pub(crate) async fn topic(&self, topic: &Arc<str>) -> Result<Arc<Topic>, Away> {
        let (log, name) = (self.log.clone(), topic.clone());
        self.maker.part.blocking(move || log.topic_now(&name)).await.map_err(away)
    }

    /// Reads the partition until `stopped` says so. What was taken then is in the log, and the log knows it.
    pub(crate) async fn read(&self, feed: Feed, partition: u32, mut stopped: watch::Receiver<bool>) {
        let problem = feed.problem(partition);
        loop {
            let topic_id = self.maker.waiting.until(&problem, || self.topic(feed.topic())).await.id.clone();
            self.log.listen_to(feed.topic());
            let source = Source {
                source_id: feed.source_id(&topic_id),
                shared: self.flow.fetches.reader(topic_id.clone(), partition),
                topic_id,
                feed: feed.clone(),
                partition,
                problem: problem.clone(),
                shown: Mutex::default(),
                unmarked: Mutex::default(),
                window: Mutex::default(),
            };
            let known = self.maker.waiting.until(&problem, || async { self.sink.settled(&source.source_id) }).await;
            let mut from = match known.get(&partition.cast_signed()) {
                Some(settled) => *settled,
                None => self.begin(&source).await,
            };
            if let Some(trigger) = feed.trigger() {
                self.maker.statuses.position(&trigger.name, partition, from, from);
            }
            let mut marked = from;
            // Ends when the topic is not what it was: somebody has made it anew, or cut it off below what was read of it.
            loop {
                if *stopped.borrow() {
                    self.note_oldest(&source, None);
                    // Whoever reads on does not see these records again.
                    return if from > marked {
                        self.mark(&source, from).await
                    };
                }
                match self.round(&source, from, &mut stopped).await {
                    Some(next) => from = next,
                    None => break,
                }
                if source.mark_due().is_some_and(|due| due <= Instant::now()) {
                    self.mark(&source, from).await;
                    marked = from;
                }
            }
            self.note_oldest(&source, None);
            self.maker.waiting.pause(&problem, "the topic was made anew, or cut off below what was read of it", PAUSE_MAX).await;
        }
    }

    /// Where reading begins. It is made durable, so that what comes meanwhile is not passed over by the next reader.
    async fn begin(&self, source: &Source) -> Offset {
        let begin = source.feed.begin(&source.topic_id, source.partition);
        if begin == Begin::Start {
            return 0;
        }
        let begin = self.maker.waiting.until(&source.problem, || async {
            let (log, topic, partition) = (self.log.clone(), source.feed.topic().clone(), source.partition);
            let found = self.maker.part.blocking(move || match begin {
                Begin::Time(time_ms) => log.offset_at(&topic, partition, time_ms),
                Begin::Offset(offset) => Ok(offset),
                Begin::Start | Begin::End => log.end_offset(&topic, partition),
            });
            found.await.map_err(away)
        });
        let begin = begin.await;
        self.mark(source, begin).await;
        begin
    }

    /// Has the log know that all records below `next` are dealt with.
    async fn mark(&self, source: &Source, next: Offset) {
        let command = mark(&source.feed, &source.at(), next);
        let target = self.sink.partition_of(&command);
        self.maker.waiting.until(&source.problem, || self.sink.append(target, vec![command.clone()])).await;
        *source.unmarked.lock() = None;
    }

    /// Takes the next records. Gives the offset behind them; `None`: the topic is not what it was.
    async fn round(&self, source: &Source, from: Offset, stopped: &mut watch::Receiver<bool>) -> Option<Offset> {
        let (topic, partition) = (&**source.feed.topic(), source.partition);
        let due = source.mark_due().unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        let readable = tokio::select! {
            biased;
            readable = klamm_log::wait::readable(&*self.log, topic, partition, from) => readable,
            _ = stopped.changed() => return Some(from),
            () = tokio::time::sleep_until(due.into()) => return Some(from),
        };
        match readable {
            Ok(()) => {}
            Err(error) => {
                self.maker.waiting.pause(&source.problem, &error.to_string(), PAUSE_MAX).await;
                return Some(from);
            }
        }
        let mut room = tokio::select! {
            biased;
            room = self.room(&source.feed) => room,
            _ = stopped.changed() => return Some(from),
        };
        let most = room.as_ref().map_or(FETCHED, |room| room.records);
        let batch = match source.shared.read(from, most, |most| self.fetch(source, from, most)).await {
            Ok(batch) => batch,
            Err(Unfetched::OtherTopic) => return None,
            Err(Unfetched::Away(why)) => {
                self.maker.waiting.pause(&source.problem, &why, PAUSE_MAX).await;
                return Some(from);
            }
        };
        let records = batch.all();
        if let Some(room) = &mut room {
            room.shrink(records.len());
        }
        self.tell_of_loss(source, from, &batch).await;
        let mut next = batch.next_offset;
        if !records.is_empty() {
            self.note_oldest(source, records.first());
            let ended = self.take(source, from, records, stopped).await;
            drop(room);
            if let Some((at, why)) = ended {
                next = at;
                if matches!(why, Stopped::Broke) {
                    self.break_off(source, at).await;
                    // All readers of the trigger end when the pause is known here. Meanwhile nothing more is read.
                    let _ = tokio::time::timeout(LOOK, stopped.changed()).await;
                }
            }
            let lag = batch.end_offset.saturating_sub(next);
            match &source.feed {
                Feed::Requests(requests) => {
                    let labels = [("topic", topic.to_owned()), ("partition", partition.to_string())];
                    metrics::gauge!("klamm_requests_lag_records", &labels).set(lag as f64);
                    metrics::counter!("klamm_requests_total", "namespace" => requests.namespace.clone()).increment(records.len() as u64);
                }
                Feed::Trigger(declared) => {
                    let labels = [("trigger", declared.trigger.name.clone()), ("partition", partition.to_string())];
                    metrics::gauge!("klamm_trigger_lag_records", &labels).set(lag as f64);
                }
            }
            tracing::debug!(topic, partition, next, "records taken");
            self.show_position(source, next, lag == 0).await;
        }
        // Of those that were not fetched yet, nobody knows how old they are. (Behind the last record there may be the mark of a transaction.)
        self.note_oldest(source, records.iter().find(|it| it.offset >= next));
        self.maker.waiting.health.clear(&source.problem);
        if let Some(trigger) = source.feed.trigger() {
            self.maker.statuses.position(&trigger.name, partition, next, batch.end_offset.max(next));
        }
        Some(next)
    }

    fn note_oldest(&self, source: &Source, oldest: Option<&Stored>) {
        if let Some(trigger) = source.feed.trigger() {
            self.maker.statuses.oldest(&trigger.name, source.partition, oldest.map(|stored| stored.timestamp_ms));
        }
    }

    /// Fetches the next records.
    async fn fetch(&self, source: &Source, from: Offset, most: usize) -> Result<ReadBatch, Unfetched> {
        let (log, topic, partition) = (self.log.clone(), source.feed.topic().clone(), source.partition);
        let limit = ReadLimit { records: most, bytes: FETCHED_BYTES };
        let read = self.maker.part.blocking(move || klamm_log::read_onward(&*log, &topic, partition, from, limit)).await;
        let batch = match read {
            Ok(batch) => batch,
            Err(LogError::PastEnd { .. }) => return Err(Unfetched::OtherTopic),
            Err(error) => return Err(Unfetched::Away(error.to_string())),
        };
        // Records of another topic of the same name are none of this source.
        match self.topic(source.feed.topic()).await {
            Ok(now) if now.id == source.topic_id => Ok(batch),
            Ok(_) => Err(Unfetched::OtherTopic),
            Err(Away(why)) => Err(Unfetched::Away(why)),
        }
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
            let (log, topic, partition, group) = (self.log.clone(), source.feed.topic().clone(), source.partition, source.feed.group());
            self.maker.part.blocking(move || log.show_positions(&group, &topic, &[(partition, next)])).await;
        }
    }

    /// Makes commands of the records, and has them taken. Gives the offset to go on with if that is not behind the last of them.
    async fn take(
        &self,
        source: &Source,
        settled: Offset,
        stored: &[Stored],
        stopped: &mut watch::Receiver<bool>,
    ) -> Option<(Offset, Stopped)> {
        let limits = self.limits.of(source.feed.namespace());
        let (namespace, namespaces) = self.maker.waiting.until(&source.problem, || async { self.terms(source) }).await;
        let against = Against { namespace: &namespace, namespaces: &namespaces, limits };
        let (pace, break_at) = (self.pace(&source.feed), source.feed.trigger().and_then(|trigger| trigger.break_at));
        let order = source.feed.trigger().map_or(Order::Key, |trigger| trigger.flow.order);
        let begun = Instant::now();
        let mut step = Step::default();
        let mut without_effect = 0;
        let mut ended = None;
        for stored in stored {
            let Some(mut command) = self.maker.command(&source.feed, &source.at(), stored, &against, &source.problem).await else {
                without_effect += 1;
                continue;
            };
            let is_dead = matches!(command.body, Some(Body::DeadLetter(_)));
            if break_at.is_some_and(|share| !source.window.lock().takes(is_dead, share)) {
                ended = Some((stored.offset, Stopped::Broke));
                break;
            }
            if let Some(source) = &mut command.source {
                source.settled = settled;
            }
            let target = self.sink.partition_of(&command);
            step.push(stored.offset, target, command, order);
            if let Some(pace) = pace.filter(|pace| step.count >= pace.step()) {
                if let Some(not_taken) = self.take_step(source, std::mem::take(&mut step), Some(pace), stopped).await {
                    ended = Some((not_taken, Stopped::Early));
                    break;
                }
                // At a slow pace the last record may be hours away, and people want to know how far it is.
                if begun.elapsed() >= TELL_AFTER {
                    ended = Some((stored.offset + 1, Stopped::Early));
                    break;
                }
            }
        }
        if without_effect > 0 {
            source.note_unmarked(without_effect);
            if let Some(trigger) = source.feed.trigger() {
                self.maker.statuses.count(&trigger.name, |counts| counts.filtered += without_effect as u64);
            }
        }
        match self.take_step(source, step, pace, stopped).await {
            Some(not_taken) => Some((not_taken, Stopped::Early)),
            None => ended,
        }
    }

    /// Has the commands taken, as soon as the pace allows. Gives the offset of the first one if the reader is stopped before that.
    async fn take_step(&self, source: &Source, step: Step, pace: Option<Pace>, stopped: &mut watch::Receiver<bool>) -> Option<Offset> {
        let Step { first, count, groups } = step;
        let first = first?;
        if let (Some(pace), Some(trigger)) = (pace, source.feed.trigger()) {
            let at = self.flow.paces.next(&trigger.name, pace, count, Instant::now());
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(at.into()) => {}
                _ = stopped.changed() => return Some(first),
            }
        }
        if source.feed.trigger().is_some_and(|trigger| trigger.flow.order == Order::Partition) {
            for (target, commands) in groups {
                self.maker.waiting.until(&source.problem, || self.sink.append(target, commands.clone())).await;
            }
            return None;
        }
        let mut appending = JoinSet::new();
        for (target, commands) in groups {
            let (reader, problem) = (self.clone(), source.problem.clone());
            appending.spawn(async move { reader.maker.waiting.until(&problem, || reader.sink.append(target, commands.clone())).await });
        }
        // A panic goes on here: the part begins anew, and reads the records again.
        appending.join_all().await;
        None
    }

    /// How fast this process may go, if that is bounded.
    fn pace(&self, feed: &Feed) -> Option<Pace> {
        let rate = feed.trigger()?.flow.rate?;
        Some(Pace::new(rate, self.share()))
    }

    /// The part of klamm's partitions that this process owns.
    fn share(&self) -> f64 {
        let owned = self.sink.partitions().borrow().len();
        owned as f64 / f64::from(self.owners())
    }

    /// Room for the next records. `None`: how many are on their way is not bounded.
    async fn room(&self, feed: &Feed) -> Option<Room> {
        let trigger = feed.trigger()?;
        let most = f64::from(trigger.flow.max_in_flight?) * self.share();
        Some(self.flow.in_flight.room(&trigger.name, most as usize, FETCHED).await)
    }

    /// Pauses the trigger, because too many of its records are dead letters.
    async fn break_off(&self, source: &Source, at: Offset) {
        let Some(trigger) = source.feed.trigger() else { return };
        let (count, dead) = source.window.lock().counts();
        let (topic, partition) = (&trigger.topic, source.partition);
        let reason = format!("Too many dead letters: {dead} of the last {count} records. {topic} {partition}/{at} would be the next.");
        tracing::error!(trigger = trigger.name, reason, "the trigger stops");
        let command = records::pause_trigger(&trigger.name, reason);
        let target = self.sink.partition_of(&command);
        self.maker.waiting.until(&source.problem, || self.sink.append(target, vec![command.clone()])).await;
        *source.window.lock() = Window::default();
    }

    /// What the source's commands are checked against.
    fn terms(&self, source: &Source) -> Result<(NamespaceState, Arc<Namespaces>), Away> {
        let namespaces = self.sink.namespaces();
        let name = source.feed.namespace();
        let namespace = namespaces.get(name).cloned().ok_or_else(|| Away(format!("there is no namespace {name}; records wait for it")))?;
        if source.feed.trigger().is_some() {
            records::takes_work(name, &namespaces, self.limits.of(name)).map_err(Away)?;
        }
        Ok((namespace, namespaces))
    }

    /// Records that nobody can read any more were never taken.
    async fn tell_of_loss(&self, source: &Source, from: Offset, batch: &Records) {
        // Without a hole before the first record nothing is lost, and the broker need not be asked.
        let found = batch.all().first().map_or(batch.next_offset, |first| first.offset);
        if from == 0 || found == from {
            return;
        }
        // A hole may also be a compacted record or a mark of a transaction, so only the topic's start tells.
        let (log, topic, partition) = (self.log.clone(), source.feed.topic().clone(), source.partition);
        let Ok(start) = self.maker.part.blocking(move || log.start_offset(&topic, partition)).await else { return };
        if from < start && batch.all().first().is_none_or(|first| first.offset >= start) {
            let (topic, partition) = (&**source.feed.topic(), source.partition);
            tracing::error!(topic, partition, from, to = start, "records were removed from their topic before klamm had read them");
            match &source.feed {
                Feed::Requests(requests) => {
                    metrics::counter!("klamm_requests_lost_total", "namespace" => requests.namespace.clone()).increment(1);
                }
                Feed::Trigger(declared) => {
                    metrics::counter!("klamm_trigger_lost_total", "trigger" => declared.trigger.name.clone()).increment(1);
                }
            }
        }
    }
}

fn away(error: LogError) -> Away {
    Away(error.to_string())
}
