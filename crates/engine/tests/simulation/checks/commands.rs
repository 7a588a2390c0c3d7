//! A copy of the command log, and what was answered to each of its records.

use std::collections::BTreeMap;

use klamm_engine::{Handled, Topics, topic};
use klamm_log::{Log, MemoryLog, ReadLimit, Stored};

/// The command log as it stood before any trimming, and its answers.
pub struct Commands {
    /// By partition.
    pub records: Vec<Vec<Stored>>,
    /// By partition and offset.
    answers: BTreeMap<(u32, i64), String>,
}

impl Commands {
    /// Nothing seen of so many partitions.
    pub fn new(partitions: u32) -> Self {
        Self { records: (0..partitions).map(|_| Vec::new()).collect(), answers: BTreeMap::new() }
    }

    /// Copies what has come since the last call; to be called before any trimming.
    pub fn read(&mut self, log: &MemoryLog, topics: &Topics) {
        let commands = topics.full(topic::COMMANDS);
        for (partition, records) in self.records.iter_mut().enumerate() {
            loop {
                let from = records.last().map_or(0, |stored: &Stored| stored.offset + 1);
                let read = log.read(&commands, partition as u32, from, ReadLimit::default()).expect("a log without faults");
                records.extend(read.records);
                if read.next_offset >= read.end_offset {
                    break;
                }
            }
        }
    }

    /// Somebody decided the record: whoever did so before must have said the same. The answer as text, if there is one.
    pub fn decided(&mut self, partition: u32, handled: &Handled<i64>) -> Option<String> {
        let text = format!("{:?}", handled.answer);
        let before = self.answers.entry((partition, handled.offset)).or_insert_with(|| text.clone());
        assert_eq!(*before, text, "command at {partition}/{} was decided twice, differently", handled.offset);
        handled.answer.is_some().then_some(text)
    }
}
