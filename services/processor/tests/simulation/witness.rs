//! Sees what is appended, acknowledged and committed, and decides all commands once more.
//!
//! For each partition there is one more of the engine's partitions, the *shadow*, which no fault reaches: it handles the commands in their order,
//! from the first to the last, and commits nothing. So it knows what each command sends, and how the tables have to stand.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
};

use klamm_engine::{Codec, Partition, Target, Topics, fold::Pace, outputs::SEQUENCE_HEADER, partition::Settings, topic};
use klamm_log::{Log, MemoryLog, Offset, Output, ReadLimit, Record, Stored};
use klamm_messages::klamm::v1::PositionRow;
use klamm_processor::{AvroCodec, Machines};
use klamm_store::Store;

use crate::{faults::Faults, member::empty_store};

/// A command that a command has sent: its sender's partition, offset and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sent {
    /// The partition that gets it.
    pub target: u32,
    /// The partition of its sender.
    pub source: u32,
    /// Offset of its sender.
    pub offset: Offset,
    /// Its number among what its sender sends.
    pub n: u32,
}

/// One partition as its command log says.
pub struct Shadow {
    /// Its tables.
    pub partition: Partition<Machines, AvroCodec>,
    /// Its whole command log, trimmed or not.
    pub records: Vec<Stored>,
    /// What it has sent, in order.
    pub sends: Vec<Sent>,
    /// So many of them were found acknowledged.
    acked: usize,
}

/// Sees what the processes do with the log.
pub struct Witness {
    log: MemoryLog,
    faults: Faults,
    topics: Topics,
    /// The store of the shadows.
    pub store: Arc<Store>,
    state: Mutex<State>,
}

struct State {
    shadows: Vec<Shadow>,
    /// Sends of which a process was told that they stand.
    acked: BTreeSet<Sent>,
    /// What must not be. It is kept, because the processor catches panics.
    broken: Vec<String>,
}

impl Witness {
    /// Nothing has happened yet.
    pub fn new(log: &MemoryLog, faults: &Faults, topics: &Topics) -> Self {
        let settings = Settings {
            topics: topics.clone(),
            commands_topic_id: log.topic(&topics.full(topic::COMMANDS)).expect("it was made").id.clone(),
            member: "shadow".to_owned(),
            uncommitted_commands_max: u64::MAX,
            uncommitted_bytes_max: usize::MAX,
            fold_pace: Pace::default(),
            checks: true,
        };
        let store = empty_store();
        let shadow = |number| Shadow {
            partition: Partition::new(number, Arc::default(), Arc::default(), settings.clone(), store.clone(), PositionRow::default()),
            records: Vec::new(),
            sends: Vec::new(),
            acked: 0,
        };
        let shadows = (0..topics.partitions).map(shadow).collect();
        let state = Mutex::new(State { shadows, acked: BTreeSet::new(), broken: Vec::new() });
        Self { log: log.clone(), faults: faults.clone(), topics: topics.clone(), store, state }
    }

    /// A process was told that its append stands.
    pub fn acknowledged(&self, target: u32, record: &Record) {
        if let Some(sent) = sent(target, record) {
            self.state().acked.insert(sent);
        }
    }

    /// A transaction begins. All commands that its batch has sent must be acknowledged: a replay would not send them again.
    pub fn begins(&self, outputs: &[Output]) {
        let (number, next_offset) = position(outputs);
        self.read(number);
        let mut state = self.state();
        let State { shadows, acked, broken } = &mut *state;
        let shadow = &mut shadows[number as usize];
        for sent in shadow.sends[shadow.acked..].iter().take_while(|sent| sent.offset < next_offset) {
            if !acked.contains(sent) {
                broken.push(format!("a transaction of partition {number} up to {next_offset} begins before {sent:?} is acknowledged"));
                return;
            }
            shadow.acked += 1;
        }
    }

    /// What must not be and has been.
    pub fn broken(&self) -> Vec<String> {
        self.state().broken.clone()
    }

    /// The shadow handles what has come to the command log; to be called before any trimming.
    pub fn read(&self, number: u32) {
        let commands = self.topics.full(topic::COMMANDS);
        let mut state = self.state();
        let Shadow { partition, records, sends, .. } = &mut state.shadows[number as usize];
        loop {
            let from = partition.next_offset();
            let read = self.faults.paused(|| self.log.read(&commands, number, from, ReadLimit::default())).expect("a log without faults");
            for stored in read.records {
                partition.handle(&stored).expect("a store without faults");
                records.push(stored);
            }
            let unsent: Vec<_> = partition.unsent().map(|outgoing| (outgoing.target.clone(), outgoing.record.clone())).collect();
            for (target, record) in unsent {
                if let Target::Commands(number) = target {
                    sends.push(sent(number, &record).expect("sent by a machine"));
                }
                partition.sent_to(&target, 1);
            }
            if read.next_offset >= read.end_offset {
                return;
            }
        }
    }

    /// Looks at a shadow as the command log stands now.
    pub fn look<R>(&self, number: u32, look: impl FnOnce(&mut Shadow) -> R) -> R {
        self.read(number);
        look(&mut self.state().shadows[number as usize])
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("one thread")
    }
}

/// What a record of the command log says of its sender, if a machine has sent it.
pub fn sent(target: u32, record: &Record) -> Option<Sent> {
    let command = AvroCodec.decode_command(record.value.as_deref().unwrap_or_default()).ok()?;
    let source = command.source?;
    Some(Sent { target, source: source.partition as u32, offset: source.offset, n: source.n })
}

/// Partition of a batch, and the offset of the first command that is not in it: its last record's number says so.
fn position(outputs: &[Output]) -> (u32, Offset) {
    let header = outputs.last().and_then(|output| output.record.header(SEQUENCE_HEADER)).expect("a batch ends with its position");
    let parts: Vec<i64> = std::str::from_utf8(header).expect("text").split('/').map(|part| part.parse().expect("a number")).collect();
    (parts[0] as u32, parts[2] + 1)
}
