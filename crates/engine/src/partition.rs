//! One partition, which decides the commands of its log.

use std::{
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use klamm_log::{Offset, Output, Record, Stored};
use klamm_machine::{
    Context, Kind, Machine, Outcome, Rejection, Row, Table, Time, Tx, Warning, key,
    table::{decode_row, downcast},
    wakes::{self, Wakes},
};
use klamm_messages::klamm::v1::{Command, CommandSource, LogIdentity, PartitionRecord, PositionRow, WakeRow, command::Body};
use klamm_store::{Error as StoreError, Store};

use crate::{
    Codec, Error, Topics,
    dead_letters::{self, Condemned, Letter},
    fold::Pace,
    outputs::{Cause, Outputs},
    overlay::{Changes, Layer, Overlay},
    positions::Positions,
    scratch::Scratch,
    sources::Sources,
    target::Target,
    topic, written,
};

/// Most bytes of commands that one round of sending takes. One command always goes, however large it is.
const GROUP_BYTES_MAX: usize = 4 << 20;

/// Header of a command whose appender waits for the answer: `<member>/<number>`.
pub const ANSWER_HEADER: &str = "klamm-answer";

/// The newest decision version that this binary can decide. It keeps the rules of the version before, where there is one.
pub const DECISION_VERSION: u32 = 1;

/// What became of one command record.
pub struct Handled<A> {
    /// Offset of the record.
    pub offset: Offset,
    /// The answer for the appender; `None` for records that nobody can wait for (take-overs, repetitions).
    pub answer: Option<Result<Outcome<A>, Rejection>>,
    /// Rows that the command changed, in key order. Rows of history events are left out: a waiting reader watches the run's row.
    pub changes: Changes,
    /// What people are to know.
    pub warnings: Vec<Warning>,
}

impl<A> Handled<A> {
    /// A command that has changed nothing.
    fn without_effect(offset: Offset, answer: Option<Result<Outcome<A>, Rejection>>) -> Self {
        Self { offset, answer, changes: Vec::new(), warnings: Vec::new() }
    }
}

/// Answer, changes and warnings of a decision: the parts of [`Handled`].
type Decided<A> = (Result<Outcome<A>, Rejection>, Changes, Vec<Warning>);

/// A record that goes out at once, ahead of the transaction of the command that causes it: a command to another partition (or to this one), or a
/// task for the consumers of a topic.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Number of this record among all that this partition has sent since it was recovered.
    pub number: u64,
    /// Where it goes.
    pub target: Target,
    /// The record.
    pub record: Record,
    /// Offset of the command that causes it.
    pub cause: Offset,
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
    /// Name of this process.
    pub member: String,
    /// How many commands may wait for their transaction before the owner stops reading.
    pub uncommitted_commands_max: u64,
    /// How many bytes of outputs may wait for their transaction before the owner stops reading.
    pub uncommitted_bytes_max: usize,
    /// How much a recovery's fold takes at a time.
    pub fold_pace: Pace,
    /// Checks at each command what is taken for granted to save time. For tests.
    pub checks: bool,
}

/// What a partition that is [built anew](crate::recover::rebuild) begins with.
pub struct Plan<M, C> {
    pub(crate) number: u32,
    pub(crate) machine: Arc<M>,
    pub(crate) codec: Arc<C>,
    pub(crate) settings: Settings,
    pub(crate) condemned: Condemned,
    /// Commands below this offset were handled, and their appenders answered.
    pub(crate) handled_to: Offset,
}

/// One partition: decides commands in the order of their log.
///
/// Two invariants. A row reaches the store only after the transaction that holds its events has committed. A batch is committed only when
/// all records that it sends are acked ([`Partition::ready`]).
pub struct Partition<M: Machine, C> {
    pub(crate) number: u32,
    machine: Arc<M>,
    pub(crate) codec: Arc<C>,
    pub(crate) settings: Settings,
    overlay: Overlay,
    outputs: Outputs,
    sources: Sources,
    pub(crate) unsent: VecDeque<Outgoing>,
    unsent_bytes: usize,
    /// Number that the next sent record gets.
    next_send: u64,
    /// One above the number of the last record that the batch under way has sent.
    barrier: u64,
    /// Offset of the next command to be handled.
    next_offset: Offset,
    now: Time,
    decision_version: u32,
    owner: String,
    take_over_offset: Offset,
    commands_in_batch: u64,
    pub(crate) in_flight: Option<Batch>,
    in_flight_bytes: usize,
    next_output_offsets: BTreeMap<String, i64>,
    pub(crate) condemned: Condemned,
    /// The log that the store's rows come from.
    log: Option<LogIdentity>,
    /// A lower bound: no wake row has a smaller key.
    wakes_from: Vec<u8>,
}

impl<M: Machine, C: Codec<M::Event>> Partition<M, C> {
    /// The partition as its store holds it at `position`. The uncommitted commands have not been replayed yet.
    pub fn new(number: u32, machine: Arc<M>, codec: Arc<C>, settings: Settings, store: Arc<Store>, position: PositionRow) -> Self {
        let record = position.partition.unwrap_or_default();
        Self {
            number,
            machine,
            codec,
            overlay: Overlay::new(number, store).checking(settings.checks),
            outputs: Outputs::new(record.output_numbers.clone()),
            sources: Sources::from_record(&record.sources),
            unsent: VecDeque::new(),
            unsent_bytes: 0,
            next_send: 0,
            barrier: 0,
            next_offset: record.next_command_offset,
            now: record.now.as_ref().map_or(Time::default(), Time::from),
            decision_version: record.decision_version.max(1),
            owner: record.member,
            take_over_offset: record.take_over_offset,
            commands_in_batch: 0,
            in_flight: None,
            in_flight_bytes: 0,
            next_output_offsets: position.next_offsets,
            condemned: Condemned::default(),
            log: position.log,
            wakes_from: wakes::due_range(Time::default()).0,
            settings,
        }
    }

    /// Number of the partition.
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

    /// The take-over record in force: the member that wrote it, and its offset.
    pub fn owner(&self) -> (&str, Offset) {
        (&self.owner, self.take_over_offset)
    }

    /// The tables as they are now, for reads.
    pub fn tables(&self) -> Scratch<'_> {
        Scratch::new(&self.overlay)
    }

    /// Where a reader of a source topic may begin: all commands of the records below these offsets, by the topic's partitions, are in the
    /// log. As far as the commands of this partition tell; partitions of which they tell nothing are left out.
    pub fn settled(&self, topic_id: &str) -> BTreeMap<i32, Offset> {
        self.sources.settled(topic_id)
    }

    /// True when too much waits for a transaction. The owner must read no further until a batch has committed.
    pub fn is_full(&self) -> bool {
        self.commands_in_batch >= self.settings.uncommitted_commands_max || self.outputs.bytes() >= self.settings.uncommitted_bytes_max
    }

    /// Bytes that are held in memory until they are committed or sent, about. These are the outputs of both batches, the changed rows, and
    /// the records to be sent.
    pub fn uncommitted_bytes(&self) -> usize {
        self.outputs.bytes() + self.in_flight_bytes + self.overlay.uncommitted_bytes() + self.unsent_bytes
    }

    /// Why the tables cannot be trusted any more; `Ok` while they can. After reading from them, the caller must ask this before it uses
    /// what it read.
    ///
    /// # Errors
    /// [`Error::Store`]: the partition has to be [built anew](crate::recover::rebuild).
    pub fn check(&self) -> Result<(), Error> {
        self.overlay.damage().map_or(Ok(()), |error| Err(error.clone().into()))
    }

    /// The generation of the store that the tables come from.
    pub fn store_generation(&self) -> u64 {
        self.overlay.store_generation()
    }

    /// What a new partition in place of this one is [built](crate::recover::rebuild) from. This one handles no records any more.
    pub fn plan(&self) -> Plan<M, C> {
        self.overlay.retire();
        Plan {
            number: self.number,
            machine: self.machine.clone(),
            codec: self.codec.clone(),
            settings: self.settings.clone(),
            condemned: self.condemned.clone(),
            handled_to: self.next_offset,
        }
    }

    /// Decides one record of the command log. A record below [`Partition::next_offset`] was handled before and gives no answer.
    ///
    /// # Errors
    /// The record was not handled. [`Error::Version`]: the partition must be released. [`Error::Store`]: it must be built anew.
    pub fn handle(&mut self, stored: &Stored) -> Result<Handled<M::Answer>, Error> {
        self.handle_known(stored, None)
    }

    /// As [`Partition::handle`]. `known` is the command to which the record decodes, where the caller has it.
    ///
    /// # Errors
    /// As [`Partition::handle`].
    pub fn handle_known(&mut self, stored: &Stored, known: Option<Arc<Command>>) -> Result<Handled<M::Answer>, Error> {
        self.check()?;
        let offset = stored.offset;
        if offset < self.next_offset {
            return Ok(Handled::without_effect(offset, None));
        }
        let mut now = self.now.max(Time::from_millis(stored.timestamp_ms));
        let value = stored.record.value.as_deref().unwrap_or_default();
        if self.settings.checks
            && let Some(known) = &known
        {
            assert_eq!(self.codec.decode_command(value).as_ref(), Ok(&**known), "the command at {offset} is another one than its record's");
        }
        let command = known.map_or_else(|| self.codec.decode_command(value).map(Arc::new), Ok);
        let command = match command.and_then(|command| self.check_own(&command).map(|()| command)) {
            Ok(command) => command,
            Err(error) => {
                self.advance(offset, now);
                self.dead_letter(stored, &error);
                return Ok(Handled::without_effect(offset, None));
            }
        };
        // When somebody sets the log's clock back, its timestamps are too early. So a command also carries the newest log time that its
        // appender knew.
        now = now.max(Time::or_epoch(command.log_time));
        let version = self.decision_version.max(command.version);
        if version > DECISION_VERSION {
            return Err(Error::Version { partition: self.number, version, supported: DECISION_VERSION });
        }
        self.advance(offset, now);
        if let Some(Body::TakeOver(take_over)) = &command.body {
            self.decision_version = take_over.decision_version.max(1);
            self.owner = take_over.member.clone();
            self.take_over_offset = offset;
            return Ok(Handled::without_effect(offset, None));
        }
        if command.source.as_ref().is_some_and(|source| !self.sources.take(source)) {
            return Ok(Handled::without_effect(offset, None));
        }
        if self.condemned.contains_key(&offset) {
            let error = "the log takes no record of the size of what it causes";
            self.dead_letter(stored, error);
            return Ok(Handled::without_effect(offset, Some(Err(skipped(self.number, offset, error)))));
        }
        match self.decide(&command, offset) {
            Ok((answer, changes, warnings)) => Ok(Handled { offset, answer: Some(answer), changes, warnings }),
            Err(error) => {
                self.next_offset = offset;
                Err(error.into())
            }
        }
    }

    /// Records that machines have sent and that are not acked yet, in order.
    pub fn unsent(&self) -> impl Iterator<Item = &Outgoing> {
        self.unsent.iter()
    }

    /// The first record of [`Partition::unsent`].
    pub fn first_unsent(&self) -> Option<&Outgoing> {
        self.unsent.front()
    }

    /// For each target that is not busy, its first unsent records in order: as many as one round of sending takes.
    pub fn unsent_groups(&self, is_busy: impl Fn(&Target) -> bool) -> BTreeMap<Target, Vec<Record>> {
        let mut groups: BTreeMap<Target, Vec<Record>> = BTreeMap::new();
        let mut bytes = 0;
        for outgoing in self.unsent.iter().filter(|outgoing| !is_busy(&outgoing.target)) {
            bytes += outgoing.record.size();
            if bytes > GROUP_BYTES_MAX && !groups.is_empty() {
                break;
            }
            groups.entry(outgoing.target.clone()).or_default().push(outgoing.record.clone());
        }
        groups
    }

    /// How many records this partition has sent since it was recovered, acked or not.
    pub fn sends(&self) -> u64 {
        self.next_send
    }

    /// Whether the first `sends` records that this partition has sent are acked.
    pub fn has_sent(&self, sends: u64) -> bool {
        self.unsent.front().is_none_or(|first| first.number >= sends)
    }

    /// Takes note that the first `count` unsent records to `target` are durable there.
    pub fn sent_to(&mut self, target: &Target, count: usize) {
        let mut left = count;
        self.unsent.retain(|outgoing| {
            let is_sent = left > 0 && outgoing.target == *target;
            left -= usize::from(is_sent);
            if is_sent {
                self.unsent_bytes = self.unsent_bytes.saturating_sub(outgoing.record.size());
            }
            !is_sent
        });
    }

    /// How many commands, and how many output records, wait for a transaction.
    pub fn waiting(&self) -> (u64, usize) {
        (self.commands_in_batch, self.outputs.len())
    }

    /// Ends the batch that is being filled. The caller commits its outputs in one transaction once the batch is [ready](Partition::ready).
    /// `None` when no command waits, or when another batch is under way.
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
        // The `~partition` record is an output on `history` too, so it counts itself.
        position.output_numbers.insert(topic::HISTORY.to_owned(), self.outputs.next_number(topic::HISTORY));
        let encoded = self.codec.encode_partition(&position);
        let cause = self.cause(self.next_offset - 1);
        self.outputs.push(&self.settings.topics, cause, 0, encoded);
        self.overlay.freeze();
        self.commands_in_batch = 0;
        self.in_flight_bytes = self.outputs.bytes();
        Some(self.in_flight.insert(Batch { outputs: self.outputs.take(), position }))
    }

    /// The batch under way. After a failed commit that left nothing on the topics, the same batch is committed again.
    pub fn in_flight(&self) -> Option<&Batch> {
        self.in_flight.as_ref()
    }

    /// The batch under way, once all records that it sends are acked (the commit barrier). The barrier is needed because after the commit
    /// a replay begins behind the batch, so it would not send these records again.
    pub fn ready(&self) -> Option<&Batch> {
        self.in_flight.as_ref().filter(|_| self.has_sent(self.barrier))
    }

    /// Takes note that the batch under way has committed and that its records stand at `offsets`. Writes its rows to the store.
    ///
    /// # Errors
    /// [`Error::Store`]: nothing was written; call again.
    pub fn committed(&mut self, offsets: &[Offset]) -> Result<(), Error> {
        let Some(batch) = &self.in_flight else { return Ok(()) };
        let mut next_offsets = self.next_output_offsets.clone();
        for (output, offset) in batch.outputs.iter().zip(offsets) {
            let topics = &self.settings.topics;
            if let Some(short) = topics.short(&output.topic).filter(|_| !topics.is_shared(&output.topic)) {
                let next = next_offsets.entry(short.to_owned()).or_default();
                *next = (*next).max(offset + 1);
            }
        }
        let folded = Topics::folded(self.number);
        let numbers = batch.position.output_numbers.iter().filter(|(name, _)| folded.contains(&name.as_str()));
        let position = PositionRow {
            next_offsets: next_offsets.clone(),
            partition: Some(batch.position.clone()),
            caught_up_at: batch.position.now,
            folded_numbers: numbers.map(|(name, number)| (name.clone(), *number)).collect(),
            log: self.log.clone(),
        };
        self.overlay.write_frozen((Positions::key(&()), prost::Message::encode_to_vec(&position)))?;
        self.overlay.thaw();
        self.next_output_offsets = next_offsets;
        self.in_flight = None;
        self.in_flight_bytes = 0;
        Ok(())
    }

    /// At most `limit` wake rows due at or before `now`, earliest first. With `after`: of those due later than that.
    pub fn due_wakes(&mut self, after: Option<Time>, now: Time, limit: usize) -> Vec<WakeRow> {
        let (first, to) = wakes::due_range(now);
        let from = after.map_or(first, |after| wakes::due_range(after).1);
        self.scan_wakes(from, &to, limit).into_iter().map(|(_, row)| Arc::unwrap_or_clone(downcast::<Wakes>(row))).collect()
    }

    /// Due time of the earliest wake row. With `after`: of the earliest wake row that is due later than `after`.
    pub fn next_wake(&mut self, after: Option<Time>) -> Option<Time> {
        let (first, to) = wakes::due_range(Time::from_millis(i64::MAX - 1));
        let from = after.map_or(first, |after| wakes::due_range(after).1);
        let (_, row) = self.scan_wakes(from, &to, 1).pop()?;
        downcast::<Wakes>(row).due.as_ref().map(Time::from)
    }

    /// Scans wake rows. The scan begins at the mark (`wakes_from`) or later, because RocksDB would otherwise walk over all deleted rows,
    /// and they become more and more. When the scan began at the mark or below, the mark moves up to the first row found. A command that
    /// adds an earlier row lowers the mark again ([`Partition::note_wakes`]).
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

    /// Lowers the mark to the earliest wake row that a command added, if that row lies below the mark.
    fn note_wakes(&mut self, changes: &Layer) {
        let kept = changes.iter().filter(|(_, row)| row.is_some()).map(|(key, _)| key);
        let first = kept.filter(|key| key.first() == Some(&(Kind::Wake as u8)) && **key < self.wakes_from).min();
        if let Some(first) = first {
            self.wakes_from.clone_from(first);
        }
    }

    /// Fails when the command does not belong to this partition. A command of another partition must not be decided here. It would write rows that
    /// everybody looks for in the other partition, and no rebuild would find them. Commands of the cluster belong to partition 0, take-over
    /// records to every partition.
    fn check_own(&self, command: &Command) -> Result<(), String> {
        let Command { namespace, workflow_id, body, .. } = command;
        let partition = match body {
            Some(Body::TakeOver(_)) => return Ok(()),
            Some(Body::Cluster(_)) => 0,
            _ => key::partition_of(namespace, workflow_id, self.settings.topics.partitions),
        };
        if partition != self.number {
            let key = key::topic_key([namespace.as_str(), workflow_id]);
            return Err(format!("the command is of partition {partition}, by its key {key:?}, and stands on partition {}", self.number));
        }
        match body {
            Some(Body::WakeUp(wake_up)) if wake_up.namespace != *namespace || wake_up.id != *workflow_id => {
                Err(format!("the wake-up is for {:?} of namespace {:?}, and not for what its key names", wake_up.id, wake_up.namespace))
            }
            _ => Ok(()),
        }
    }

    fn cause(&self, offset: Offset) -> Cause {
        Cause { partition: self.number, offset, now: self.now }
    }

    fn dead_letter(&mut self, stored: &Stored, error: &str) {
        let letter = self.condemned.get(&stored.offset).copied().unwrap_or(Letter::Whole);
        let cause = self.cause(stored.offset);
        dead_letters::pass_over(&mut self.outputs, &self.settings.topics, &*self.codec, cause, letter, stored, error);
    }

    fn advance(&mut self, offset: Offset, now: Time) {
        self.next_offset = offset + 1;
        self.now = now;
        self.commands_in_batch += 1;
    }

    /// # Errors
    /// The store's, when a row could not be read. Then the machine has decided without that row, so its decision (or panic) is dropped.
    fn decide(&mut self, command: &Command, offset: Offset) -> Result<Decided<M::Answer>, StoreError> {
        let decided = catch_unwind(AssertUnwindSafe(|| {
            let mut context =
                Context::new(self.now, self.decision_version.max(command.version), &*self.settings.commands_topic_id, self.number, offset);
            let mut scratch = Scratch::new(&self.overlay);
            let mut tx = Tx::new(&*self.machine, &mut scratch, &mut context);
            let outcome = self.machine.decide(&mut tx, command)?;
            let mut effects = tx.finish();
            let warnings = std::mem::take(&mut effects.warnings);
            let encoded = written::encode(&*self.codec, &self.settings.topics, self.number, &effects);
            let tasks = written::at_once(&*self.codec, &self.settings.topics, self.number, self.now, &effects);
            let commands = effects.commands.into_iter().zip(0..).map(|(command, n)| self.outgoing(command, offset, n));
            let sent: Vec<_> = commands.chain(tasks).collect();
            written::check_sizes(&self.settings.topics, self.number, offset, &encoded, &sent)?;
            Ok((outcome, encoded, sent, scratch.into_changes(), warnings))
        }));
        if let Some(error) = self.overlay.damage() {
            return Err(error.clone());
        }
        Ok(match decided {
            Ok(Ok((outcome, encoded, sent, changes, warnings))) => {
                let cause = self.cause(offset);
                for (index, record) in encoded.into_iter().enumerate() {
                    self.outputs.push(&self.settings.topics, cause, index, record);
                }
                for (target, record) in sent {
                    self.unsent_bytes += record.size();
                    self.unsent.push_back(Outgoing { number: self.next_send, target, record, cause: offset });
                    self.next_send += 1;
                }
                self.note_wakes(&changes.rows);
                let told = changes.rows.iter().filter(|(key, _)| key.first() != Some(&(Kind::History as u8)));
                let told = told.map(|(key, change)| (key.clone(), change.clone())).collect();
                self.overlay.merge(changes);
                (Ok(outcome), told, warnings)
            }
            Ok(Err(rejection)) => (Err(rejection), Vec::new(), Vec::new()),
            Err(panic) => {
                let error = panic_text(&*panic);
                tracing::error!(partition = self.number, offset, error, "command skipped: its decision panicked");
                metrics::counter!("klamm_commands_failed_total").increment(1);
                let cause = self.cause(offset);
                dead_letters::record_failure(&mut self.outputs, &self.settings.topics, &*self.codec, cause, &error);
                (Err(skipped(self.number, offset, &error)), Vec::new(), Vec::new())
            }
        })
    }

    /// The `n`-th command that the command at `offset` sends: its target, and its record.
    fn outgoing(&self, mut command: Command, offset: Offset, n: u32) -> (Target, Record) {
        let topic_id = self.settings.commands_topic_id.to_string();
        command.source = Some(CommandSource { topic_id, partition: self.number as i32, offset, n, settled: 0 });
        command.version = command.version.max(1);
        command.log_time = Some(self.now.into());
        let partition = key::partition_of(&command.namespace, &command.workflow_id, self.settings.topics.partitions);
        (Target::Commands(partition), command_record(&*self.codec, &command))
    }
}

/// The record of a command: key `namespace/workflow_id`, framed value.
pub fn command_record<E>(codec: &impl Codec<E>, command: &Command) -> Record {
    Record::new(command_key(command), codec.encode_command(command))
}

/// As [`command_record`], and whether the record decodes to exactly this command.
pub fn exact_record<E>(codec: &impl Codec<E>, command: &Command) -> (Record, bool) {
    let (value, is_exact) = codec.encode_exactly(command);
    (Record::new(command_key(command), value), is_exact)
}

fn command_key(command: &Command) -> String {
    key::topic_key([command.namespace.as_str(), command.workflow_id.as_str()])
}

/// The answer to the appender of a skipped command.
fn skipped(partition: u32, offset: Offset, error: &str) -> Rejection {
    Rejection::Internal(format!("command at {partition}/{offset} was skipped: {error}"))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_else(|| "panicked".to_owned())
}
