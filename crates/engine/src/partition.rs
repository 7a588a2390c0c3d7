//! One partition being decided.

use std::{
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use klamm_log::{Offset, Output, Record, Stored};
use klamm_machine::{
    Context, Kind, Machine, Outcome, Publication, Rejection, Row, Table, Time, Tx, key,
    table::{decode_row, downcast},
    tx::Effects,
    wakes::{self, Wakes},
};
use klamm_messages::klamm::v1::{Command, CommandFailed, CommandSource, PartitionRecord, PositionRow, WakeRow, command::Body};
use klamm_store::Store;

use crate::{
    Codec, Encoded, Error, Topics,
    outputs::{Cause, Outputs},
    overlay::{Changes, Layer, Overlay},
    positions::Positions,
    scratch::Scratch,
    sources::Sources,
    topic,
};

/// Bytes of commands that are sent side by side, at most (one always goes).
const GROUP_BYTES_MAX: usize = 4 << 20;

/// Header of a command whose appender waits for the answer: `<member>/<number>`.
pub const ANSWER_HEADER: &str = "klamm-answer";
/// Headers of a dead letter: where the record stood and what was wrong with it.
pub const DEAD_LETTER_HEADERS: [&str; 4] = ["klamm-source-topic", "klamm-source-partition", "klamm-source-offset", "klamm-error"];

/// Decision versions that this binary knows: the newest and the one before.
pub const DECISION_VERSION: u32 = 1;

/// What became of one command record.
pub struct Handled<A> {
    /// Its offset.
    pub offset: Offset,
    /// The answer, for whoever appended it; `None` for records that nobody can wait for (take-overs, repetitions).
    pub answer: Option<Result<Outcome<A>, Rejection>>,
    /// Rows that it changed, in key order, but for events of histories (whoever waits for events watches the run).
    pub changes: Changes,
}

/// A command on its way to another partition (or this one).
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Its place among all that this partition has sent since it was recovered.
    pub number: u64,
    /// Partition of the command log.
    pub partition: u32,
    /// The record.
    pub record: Record,
}

/// Outputs of one transaction.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Records in order; the last one is the `~partition` record.
    pub outputs: Vec<Output>,
    /// What the `~partition` record says.
    pub position: PartitionRecord,
}

/// How a partition is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Names of the topics.
    pub topics: Topics,
    /// Id of the commands topic.
    pub commands_topic_id: Arc<str>,
    /// This process.
    pub member: String,
    /// Changes of rows and outputs that may wait for their transaction before the owner stops reading.
    pub uncommitted_commands_max: u64,
    /// Bytes of outputs likewise.
    pub uncommitted_bytes_max: usize,
}

/// One partition: decides commands in the order of their log.
///
/// Invariants: a row reaches the store only after the transaction that holds its events committed; a batch is committed only when all
/// commands that it sends are acked ([`Partition::ready`]).
pub struct Partition<M: Machine, C> {
    number: u32,
    machine: Arc<M>,
    codec: Arc<C>,
    settings: Settings,
    overlay: Overlay,
    store: Arc<Store>,
    outputs: Outputs,
    sources: Sources,
    unsent: VecDeque<Outgoing>,
    /// Number of the next command that is sent.
    next_send: u64,
    /// Number behind the last command that the batch under way has sent.
    barrier: u64,
    /// Where the next command is read.
    next_offset: Offset,
    now: Time,
    decision_version: u32,
    owner: String,
    take_over_offset: Offset,
    commands_in_batch: u64,
    in_flight: Option<Batch>,
    next_output_offsets: BTreeMap<String, i64>,
    /// The mark: no wake row has a key below it.
    wakes_from: Vec<u8>,
}

impl<M: Machine, C: Codec<M::Event>> Partition<M, C> {
    /// The partition as its store stands at `position`; nothing of the uncommitted tail is replayed yet.
    pub fn new(number: u32, machine: Arc<M>, codec: Arc<C>, settings: Settings, store: Arc<Store>, position: PositionRow) -> Self {
        let record = position.partition.unwrap_or_default();
        Self {
            number,
            machine,
            codec,
            overlay: Overlay::new(number, store.clone()),
            store,
            outputs: Outputs::new(record.output_numbers.clone()),
            sources: Sources::from_record(&record.sources),
            unsent: VecDeque::new(),
            next_send: 0,
            barrier: 0,
            next_offset: record.next_command_offset,
            now: record.now.as_ref().map_or(Time::default(), Time::from),
            decision_version: record.decision_version.max(1),
            owner: record.member,
            take_over_offset: record.take_over_offset,
            commands_in_batch: 0,
            in_flight: None,
            next_output_offsets: position.next_offsets,
            wakes_from: wakes::due_range(Time::default()).0,
            settings,
        }
    }

    /// Its number.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Offset of the next command to be handled.
    pub fn next_offset(&self) -> Offset {
        self.next_offset
    }

    /// Log time of the newest command.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Member and offset of the take-over record in force.
    pub fn owner(&self) -> (&str, Offset) {
        (&self.owner, self.take_over_offset)
    }

    /// The tables as they stand, for reads.
    pub fn tables(&self) -> Scratch<'_> {
        Scratch::new(&self.overlay)
    }

    /// True when too much waits for its transaction: read no further until a batch has committed.
    pub fn is_full(&self) -> bool {
        self.commands_in_batch >= self.settings.uncommitted_commands_max || self.outputs.bytes() >= self.settings.uncommitted_bytes_max
    }

    /// Decides one record of the command log. Records below [`Partition::next_offset`] were handled before and give nothing.
    ///
    /// # Errors
    /// [`Error::Version`]: the partition must be released; the record was not handled.
    pub fn handle(&mut self, stored: &Stored) -> Result<Handled<M::Answer>, Error> {
        let offset = stored.offset;
        if offset < self.next_offset {
            return Ok(Handled { offset, answer: None, changes: Vec::new() });
        }
        let now = self.now.max(Time::from_millis(stored.timestamp_ms));
        let value = stored.record.value.as_deref().unwrap_or_default();
        let command = match self.codec.decode_command(value) {
            Ok(command) => command,
            Err(error) => {
                self.advance(offset, now);
                self.dead_letter(stored, error);
                return Ok(Handled { offset, answer: None, changes: Vec::new() });
            }
        };
        let version = self.decision_version.max(command.version);
        if version > DECISION_VERSION {
            return Err(Error::Version { partition: self.number, version, supported: DECISION_VERSION });
        }
        self.advance(offset, now);
        if let Some(Body::TakeOver(take_over)) = &command.body {
            self.decision_version = take_over.decision_version.max(1);
            self.owner = take_over.member.clone();
            self.take_over_offset = offset;
            return Ok(Handled { offset, answer: None, changes: Vec::new() });
        }
        if command.source.as_ref().is_some_and(|source| !self.sources.take(source)) {
            return Ok(Handled { offset, answer: None, changes: Vec::new() });
        }
        let (answer, changes) = self.decide(&command, offset);
        Ok(Handled { offset, answer: Some(answer), changes })
    }

    /// Commands that machines have sent and that are not acked yet, in order.
    pub fn unsent(&self) -> impl Iterator<Item = &Outgoing> {
        self.unsent.iter()
    }

    /// The first of them.
    pub fn first_unsent(&self) -> Option<&Outgoing> {
        self.unsent.front()
    }

    /// The first unsent commands of each target partition that is not busy, in order: as many as one round of sending takes.
    pub fn unsent_groups(&self, is_busy: impl Fn(u32) -> bool) -> BTreeMap<u32, Vec<Record>> {
        let mut groups: BTreeMap<u32, Vec<Record>> = BTreeMap::new();
        let mut bytes = 0;
        for outgoing in self.unsent.iter().filter(|outgoing| !is_busy(outgoing.partition)) {
            bytes += outgoing.record.size();
            if bytes > GROUP_BYTES_MAX && !groups.is_empty() {
                break;
            }
            groups.entry(outgoing.partition).or_default().push(outgoing.record.clone());
        }
        groups
    }

    /// How many commands it has sent since it was recovered, acked or not.
    pub fn sends(&self) -> u64 {
        self.next_send
    }

    /// Whether the first `sends` commands that it has sent are acked.
    pub fn has_sent(&self, sends: u64) -> bool {
        self.unsent.front().is_none_or(|first| first.number >= sends)
    }

    /// The first `count` unsent commands to `target` are durable there.
    pub fn sent_to(&mut self, target: u32, count: usize) {
        let mut left = count;
        self.unsent.retain(|outgoing| {
            let is_sent = left > 0 && outgoing.partition == target;
            left -= usize::from(is_sent);
            !is_sent
        });
    }

    /// Number of commands and of output records that wait for a transaction.
    pub fn waiting(&self) -> (u64, usize) {
        (self.commands_in_batch, self.outputs.len())
    }

    /// Ends the batch: its outputs, to be committed in one transaction once it is [ready](Partition::ready). `None` when nothing waits, or
    /// when a batch is under way.
    pub fn cut(&mut self) -> Option<&Batch> {
        if self.in_flight.is_some() || self.commands_in_batch == 0 {
            return None;
        }
        self.barrier = self.next_send;
        let mut position = PartitionRecord {
            partition: self.number as i32,
            next_command_offset: self.next_offset,
            now: Some(self.now.into()),
            decision_version: self.decision_version,
            member: self.owner.clone(),
            take_over_offset: self.take_over_offset,
            output_numbers: self.outputs.numbers().clone(),
            sources: self.sources.to_record(),
            commands_topic_id: self.settings.commands_topic_id.to_string(),
        };
        // The record counts itself.
        position.output_numbers.insert(topic::HISTORY.to_owned(), self.outputs.next_number(topic::HISTORY));
        let encoded = self.codec.encode_partition(&position);
        let cause = self.cause(self.next_offset - 1);
        self.outputs.push(&self.settings.topics, cause, 0, encoded);
        self.overlay.freeze();
        self.commands_in_batch = 0;
        Some(self.in_flight.insert(Batch { outputs: self.outputs.take(), position }))
    }

    /// The batch under way; it is committed again after a failure that left nothing behind.
    pub fn in_flight(&self) -> Option<&Batch> {
        self.in_flight.as_ref()
    }

    /// The batch under way, when all commands that it sends are acked (the commit barrier): a replay from behind it would not send them again.
    pub fn ready(&self) -> Option<&Batch> {
        self.in_flight.as_ref().filter(|_| self.has_sent(self.barrier))
    }

    /// The batch under way has committed, its records at `offsets`: its rows go to the store.
    ///
    /// # Errors
    /// [`Error::Store`]: nothing was written; call again.
    pub fn committed(&mut self, offsets: &[Offset]) -> Result<(), Error> {
        let Some(batch) = &self.in_flight else { return Ok(()) };
        let mut next_offsets = self.next_output_offsets.clone();
        for (output, offset) in batch.outputs.iter().zip(offsets) {
            if let Some(short) = self.settings.topics.short(&output.topic) {
                let next = next_offsets.entry(short.to_owned()).or_default();
                *next = (*next).max(offset + 1);
            }
        }
        let position =
            PositionRow { next_offsets: next_offsets.clone(), partition: Some(batch.position.clone()), caught_up_at: batch.position.now };
        let mut writes = self.overlay.frozen_writes();
        writes.push((Positions::key(&()), Some(prost::Message::encode_to_vec(&position))));
        self.store.write(self.number as u16, writes)?;
        self.overlay.thaw();
        self.next_output_offsets = next_offsets;
        self.in_flight = None;
        Ok(())
    }

    /// At most `limit` wake rows due at or before `now`, earliest first.
    pub fn due_wakes(&mut self, now: Time, limit: usize) -> Vec<WakeRow> {
        let (first, to) = wakes::due_range(now);
        self.scan_wakes(first, &to, limit).into_iter().map(|(_, row)| WakeRow::clone(&downcast::<Wakes>(row))).collect()
    }

    /// Due time of the earliest wake row, or of the earliest that is due later than a time.
    pub fn next_wake(&mut self, after: Option<Time>) -> Option<Time> {
        let (first, to) = wakes::due_range(Time::from_millis(i64::MAX - 1));
        let from = after.map_or(first, |after| wakes::due_range(after).1);
        let (_, row) = self.scan_wakes(from, &to, 1).pop()?;
        downcast::<Wakes>(row).due.as_ref().map(Time::from)
    }

    /// Wake rows from the mark on. Rows below the first live one never come back (those that the overlay removes go with their batch), and
    /// reading across what is left of them costs more with each; a command that brings an earlier row sets the mark back.
    fn scan_wakes(&mut self, from: Vec<u8>, to: &[u8], limit: usize) -> Vec<(Vec<u8>, Arc<dyn Row>)> {
        let is_from_mark = from <= self.wakes_from;
        let from = from.max(self.wakes_from.clone());
        let rows = self.overlay.scan(&Layer::new(), &from, to, limit, decode_row::<Wakes>);
        if is_from_mark && limit > 0 {
            match rows.first() {
                Some((first, _)) => self.wakes_from.clone_from(first),
                None => self.wakes_from = from.max(to.to_vec()),
            }
        }
        rows
    }

    /// A wake row below the mark has come: the mark goes back to it.
    fn note_wakes(&mut self, changes: &Layer) {
        let kept = changes.iter().filter(|(_, row)| row.is_some()).map(|(key, _)| key);
        let first = kept.filter(|key| key.first() == Some(&(Kind::Wake as u8)) && **key < self.wakes_from).min();
        if let Some(first) = first {
            self.wakes_from.clone_from(first);
        }
    }

    fn cause(&self, offset: Offset) -> Cause {
        Cause { partition: self.number, offset, now: self.now }
    }

    fn advance(&mut self, offset: Offset, now: Time) {
        self.next_offset = offset + 1;
        self.now = now;
        self.commands_in_batch += 1;
    }

    fn decide(&mut self, command: &Command, offset: Offset) -> (Result<Outcome<M::Answer>, Rejection>, Changes) {
        let decided = catch_unwind(AssertUnwindSafe(|| {
            let mut context =
                Context::new(self.now, self.decision_version.max(command.version), &*self.settings.commands_topic_id, self.number, offset);
            let mut scratch = Scratch::new(&self.overlay);
            let mut tx = Tx::new(&*self.machine, &mut scratch, &mut context);
            let outcome = self.machine.decide(&mut tx, command)?;
            let effects = tx.finish();
            let encoded = self.encode(&effects);
            Ok((outcome, encoded, effects.commands, scratch.into_changes()))
        }));
        match decided {
            Ok(Ok((outcome, encoded, commands, changes))) => {
                let cause = self.cause(offset);
                for (index, record) in encoded.into_iter().enumerate() {
                    self.outputs.push(&self.settings.topics, cause, index, record);
                }
                for (n, command) in commands.into_iter().enumerate() {
                    self.send(command, offset, n as u32);
                }
                self.note_wakes(&changes);
                let told = changes.iter().filter(|(key, _)| key.first() != Some(&(Kind::History as u8)));
                let told = told.map(|(key, change)| (key.clone(), change.clone())).collect();
                self.overlay.merge(changes);
                (Ok(outcome), told)
            }
            Ok(Err(rejection)) => (Err(rejection), Vec::new()),
            Err(panic) => {
                let error = panic_text(&*panic);
                tracing::error!(partition = self.number, offset, error, "command skipped: its decision panicked");
                metrics::counter!("klamm_commands_failed_total").increment(1);
                self.record_failure(offset, &error);
                (Err(Rejection::Internal(format!("command at {}/{offset} was skipped: {error}", self.number))), Vec::new())
            }
        }
    }

    fn encode(&self, effects: &Effects<M::Event>) -> Vec<Encoded> {
        let events = effects.events.iter().flat_map(|event| self.codec.encode_event(event));
        events.chain(effects.publications.iter().map(|publication: &Publication| self.codec.encode_publication(publication))).collect()
    }

    fn send(&mut self, mut command: Command, offset: Offset, n: u32) {
        let topic_id = self.settings.commands_topic_id.to_string();
        command.source = Some(CommandSource { topic_id, partition: self.number as i32, offset, n });
        command.version = command.version.max(1);
        let record = command_record(&*self.codec, &command);
        let partition = key::partition_of(&command.namespace, &command.workflow_id, self.settings.topics.partitions);
        self.unsent.push_back(Outgoing { number: self.next_send, partition, record });
        self.next_send += 1;
    }

    fn record_failure(&mut self, offset: Offset, error: &str) {
        let failed = CommandFailed { partition: self.number as i32, offset, error: error.to_owned() };
        let encoded = self.codec.encode_failed(&failed);
        let cause = self.cause(offset);
        self.outputs.push(&self.settings.topics, cause, 0, encoded);
    }

    fn dead_letter(&mut self, stored: &Stored, error: String) {
        tracing::error!(partition = self.number, offset = stored.offset, error, "record of the command log is no command: dead-lettered");
        metrics::counter!("klamm_commands_failed_total").increment(1);
        self.record_failure(stored.offset, &error);
        let key = stored.record.key.as_ref().map(|key| String::from_utf8_lossy(key).into_owned()).unwrap_or_default();
        let value = stored.record.value.as_ref().map(|value| value.to_vec());
        let encoded = Encoded { topic: topic::COMMANDS_DEAD_LETTERS, key, value };
        let cause = self.cause(stored.offset);
        self.outputs.push(&self.settings.topics, cause, 1, encoded);
        let source = [self.settings.topics.full(topic::COMMANDS).to_string(), self.number.to_string(), stored.offset.to_string(), error];
        self.outputs.add_headers(DEAD_LETTER_HEADERS.into_iter().zip(source), &stored.record.headers);
    }
}

/// The record of a command: key `namespace/workflow_id`, framed value.
pub fn command_record<E>(codec: &impl Codec<E>, command: &Command) -> Record {
    Record::new(key::topic_key([command.namespace.as_str(), command.workflow_id.as_str()]), codec.encode_command(command))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_else(|| "panicked".to_owned())
}
