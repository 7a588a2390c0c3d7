//! Outputs: numbered without gap, each once, the same in every attempt.

use std::collections::BTreeMap;

use klamm_engine::{Batch, Topics, outputs::SEQUENCE_HEADER, topic};
use klamm_log::{Log, MemoryLog, ReadLimit, Record, Stored};
use klamm_messages::klamm::v1::{HistoryRecord, PartitionRecord, history_record::Record as Body};
use prost::Message;

use super::shared::Shared;
use crate::codec::PARTITION_KEY;

/// Topics that are written.
const TOPICS: [&str; 5] = [topic::HISTORY, topic::SCHEDULES, topic::CLUSTER, topic::VISIBILITY, topic::COMMANDS_DEAD_LETTERS];

/// What an output is by: topic, partition and offset of its command, index among that command's outputs.
type Cause = (String, u32, i64, usize);

/// Key, value, headers but the number, and timestamp (dead letters have their log's).
type Content = (Vec<u8>, Option<Vec<u8>>, Vec<(String, Vec<u8>)>, i64);

/// All outputs seen.
#[derive(Default)]
pub struct Outputs {
    /// Of every batch ever cut, committed or not, but for `~partition` records.
    cut: BTreeMap<Cause, Content>,
    /// What stands on the log, compacted away or not, by short topic and partition.
    pub standing: BTreeMap<(&'static str, u32), Vec<Stored>>,
    /// Newest `~partition` record of each partition.
    positions: BTreeMap<u32, PartitionRecord>,
    /// Where reading goes on.
    next: BTreeMap<(&'static str, u32), i64>,
    /// Outputs on topics of namespaces.
    shared: Shared,
}

/// The parts of a sequence header.
pub(super) struct Sequence {
    pub(super) partition: u32,
    pub(super) number: i64,
    offset: i64,
    index: usize,
}

impl Outputs {
    /// A batch was cut: each of its records is what any earlier attempt at the same command made.
    pub fn cut(&mut self, batch: &Batch, topics: &Topics) {
        for output in &batch.outputs {
            let short = topics.short(&output.topic).expect("a topic of ours");
            self.same(short, &output.record);
        }
        let last = batch.outputs.last().expect("a batch ends with its position");
        assert_eq!(last.record.key.as_deref(), Some(PARTITION_KEY.as_bytes()), "the last record of a batch");
    }

    fn same(&mut self, short: &str, record: &Record) {
        if record.key.as_deref() == Some(PARTITION_KEY.as_bytes()) {
            return;
        }
        let sequence = sequence(record);
        let cause = (short.to_owned(), sequence.partition, sequence.offset, sequence.index);
        let headers = record.headers.iter().filter(|(name, _)| name != SEQUENCE_HEADER).map(|(name, value)| (name.clone(), value.to_vec()));
        let timestamp_ms = if short == topic::COMMANDS_DEAD_LETTERS { 0 } else { record.timestamp_ms };
        let key = record.key.as_deref().unwrap_or_default().to_vec();
        let content = (key, record.value.as_ref().map(|value| value.to_vec()), headers.collect(), timestamp_ms);
        let before = self.cut.entry(cause.clone()).or_insert_with(|| content.clone());
        assert_eq!(*before, content, "the output of {cause:?} changed");
    }

    /// Reads what has come to stand since the last call; to be called before any compaction.
    pub fn read(&mut self, log: &MemoryLog, topics: &Topics) {
        for short in TOPICS {
            for partition in 0..if short == topic::CLUSTER { 1 } else { topics.partitions } {
                loop {
                    let from = self.next.get(&(short, partition)).copied().unwrap_or_default();
                    let read = log.read(&topics.full(short), partition, from, ReadLimit::default()).expect("a log without faults");
                    for stored in read.records {
                        self.stands(short, partition, stored);
                    }
                    self.next.insert((short, partition), read.next_offset);
                    if read.next_offset >= read.end_offset {
                        break;
                    }
                }
            }
        }
        for stored in self.shared.read(log, topics) {
            self.same(&stored.0, &stored.1);
        }
    }

    /// Checks what stands on topics of namespaces, once no transaction is open: one that is open hides what others have committed behind it.
    pub fn check_shared(&self) {
        self.shared.check(&self.positions);
    }

    fn stands(&mut self, short: &'static str, partition: u32, stored: Stored) {
        self.same(short, &stored.record);
        let sequence = sequence(&stored.record);
        let before = self.standing.entry((short, partition)).or_default();
        assert_eq!(sequence.partition, partition, "{short}/{partition}: an output of another partition");
        assert_eq!(sequence.number, before.len() as i64, "{short}/{partition}: numbers are dense and each is there once");
        before.push(stored.clone());
        if short != topic::HISTORY {
            return;
        }
        let position = position(&stored.record);
        let decided = self.positions.get(&partition).map_or(0, |position| position.next_command_offset);
        if let Some(position) = position {
            assert_eq!(position.output_numbers.get(topic::HISTORY), Some(&sequence.number), "a position counts itself");
            assert!(position.next_command_offset > decided, "positions move on");
            self.positions.insert(partition, position);
        } else {
            assert!(sequence.offset >= decided, "{partition}: the outputs of command {} come after those up to {decided}", sequence.offset);
        }
    }

    /// Values of the records that stand under `key`.
    pub fn count(&self, short: &'static str, partition: u32, is: impl Fn(&Record) -> bool) -> usize {
        self.standing.get(&(short, partition)).map_or(0, |records| records.iter().filter(|stored| is(&stored.record)).count())
    }
}

/// The `~partition` record that a record of history is.
pub fn position(record: &Record) -> Option<PartitionRecord> {
    match HistoryRecord::decode(record.value.as_deref()?).ok()?.record? {
        Body::Partition(position) => Some(position),
        _ => None,
    }
}

pub(super) fn sequence(record: &Record) -> Sequence {
    let header = record.header(SEQUENCE_HEADER).expect("every output has its number");
    let text = std::str::from_utf8(header).expect("text");
    let parts: Vec<i64> = text.split('/').map(|part| part.parse().expect("a number")).collect();
    let [partition, number, offset, index] = parts[..] else { panic!("{SEQUENCE_HEADER}: {text}") };
    Sequence { partition: partition as u32, number, offset, index: index as usize }
}
