//! A partition without a log: commands go straight to it, and its batches count as committed at once.

use std::sync::Arc;

use klamm_engine::{
    Partition, Topics,
    partition::{Settings, command_record},
};
use klamm_log::{Offset, Stored};
use klamm_machine::Outcome;
use klamm_messages::klamm::v1::{Command, PositionRow};
use klamm_processor::{AvroCodec, Machines, machines::Answered};
use klamm_store::{Settings as StoreSettings, Store};

/// The time of the first command, in milliseconds since the Unix epoch. Each command is one millisecond later.
const BEGIN_MS: i64 = 1_700_000_000_000;

/// The partition, and what its log would say.
pub struct Alone {
    partition: Partition<Machines, AvroCodec>,
    next_offset: Offset,
    next_output: Offset,
}

impl Alone {
    /// A partition of nothing.
    pub fn new() -> Self {
        let settings = Settings {
            topics: Topics::new("klamm.", 1),
            commands_topic_id: "00000000-0000-4000-8000-000000000000".into(),
            member: "bench".to_owned(),
            uncommitted_commands_max: u64::MAX,
            uncommitted_bytes_max: usize::MAX,
            fold_pace: Default::default(),
            checks: false,
        };
        // The disk is never asked, because there is none.
        let store = StoreSettings { reserve_bytes: 0, free_bytes: Some(Arc::new(|| None)), ..StoreSettings::default() };
        let (machines, codec, store) = (Arc::new(Machines::default()), Arc::new(AvroCodec), Arc::new(Store::in_maps(&store)));
        let partition = Partition::new(0, machines, codec, settings, store, PositionRow::default());
        Self { partition, next_offset: 0, next_output: 0 }
    }

    /// Commands so far.
    #[cfg(test)]
    pub fn commands(&self) -> Offset {
        self.next_offset
    }

    /// Handles a command as the process does that has appended it, and gives its answer.
    pub fn handle(&mut self, command: Command) -> Answered {
        let record = command_record(&AvroCodec, &command);
        let stored = Stored { offset: self.next_offset, timestamp_ms: BEGIN_MS + self.next_offset, record };
        self.next_offset += 1;
        let handled = self.partition.handle_known(&stored, Some(Arc::new(command))).expect("the partition goes on");
        let outcome = handled.answer.expect("commands of clients and workers are answered").expect("the command is accepted");
        match outcome {
            Outcome::Answer(answered) => answered,
            Outcome::Refused(rejection) => panic!("refused: {rejection:?}"),
        }
    }

    /// Commits what waits: its outputs get their offsets, its rows go to the store.
    pub fn commit(&mut self) {
        let Some(batch) = self.partition.cut() else { return };
        let begin = self.next_output;
        let end = begin + batch.outputs.len() as Offset;
        self.next_output = end;
        self.partition.committed(&(begin..end).collect::<Vec<_>>()).expect("a store in memory");
    }
}
