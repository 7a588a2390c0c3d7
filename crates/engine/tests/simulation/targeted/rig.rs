//! One partition, driven by hand.

use std::sync::Arc;

use klamm_engine::{
    Batch, Error, Handled, Topics,
    fold::Pace,
    partition::{Settings, command_record},
    recover::{Owned, recover},
    topic,
};
use klamm_log::{Log, ManualClock, MemoryLog, ReadLimit, Record, Stored, memory};
use klamm_messages::klamm::v1::{Command, TestRecord};
use klamm_store::Store;

use crate::{
    codec::TestCodec,
    instance::{TestPartition, records},
    machine::TestMachine,
    stores::store,
    world::START_MS,
};

/// An owned partition of the test machine.
pub type TestOwned = Owned<TestMachine, TestCodec>;

/// A log of one partition's topics, and what its owners are made of.
pub struct Rig {
    /// Virtual time.
    pub clock: Arc<ManualClock>,
    /// The log.
    pub log: MemoryLog,
    /// Names.
    pub topics: Topics,
    /// Settings of the partition.
    pub settings: Settings,
    /// The store that [`Rig::own`] uses.
    pub store: Arc<Store>,
}

impl Rig {
    /// An empty log and an empty store.
    pub fn new() -> Self {
        Self::with_topic_ids(memory::Settings::default())
    }

    /// The same, of a log with these settings.
    pub fn with_topic_ids(settings: memory::Settings) -> Self {
        Self::made("t.", settings)
    }

    /// The same under another prefix.
    pub fn named(prefix: &str) -> Self {
        Self::made(prefix, memory::Settings::default())
    }

    fn made(prefix: &str, settings: memory::Settings) -> Self {
        crate::quiet_panics();
        let clock = Arc::new(ManualClock::new(START_MS));
        let log = MemoryLog::new(clock.clone(), settings);
        let topics = Topics::new(prefix, 1);
        log.ensure_topics(&topics.specs()).expect("an empty log");
        let settings = Settings {
            topics: topics.clone(),
            commands_topic_id: log.topic(&topics.full(topic::COMMANDS)).expect("made").id.clone(),
            member: "m".to_owned(),
            uncommitted_commands_max: 1_000,
            uncommitted_bytes_max: 1 << 20,
            fold_pace: Pace::default(),
            checks: true,
        };
        Self { clock, log, topics, settings, store: store() }
    }

    /// The same over another log and the same store.
    pub fn over(&self, log: MemoryLog) -> Self {
        let commands_topic_id = log.topic(&self.topics.full(topic::COMMANDS)).expect("made").id.clone();
        let settings = Settings { commands_topic_id, ..self.settings.clone() };
        Self { clock: self.clock.clone(), log, topics: self.topics.clone(), settings, store: self.store.clone() }
    }

    /// Becomes the owner.
    pub fn own(&self) -> TestOwned {
        self.try_own().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Tries to become the owner.
    pub fn try_own(&self) -> Result<TestOwned, Error> {
        recover(0, Arc::new(TestMachine), Arc::new(TestCodec), self.settings.clone(), &self.log, self.store.clone())
    }

    /// Appends a command; its offset.
    pub fn append(&self, command: &Command) -> i64 {
        self.append_record(command_record(&TestCodec, command))
    }

    /// Appends a record to the commands; its offset.
    pub fn append_record(&self, record: Record) -> i64 {
        self.log.append(&self.topics.full(topic::COMMANDS), 0, vec![record]).expect("a log without faults").first_offset
    }

    /// Decides all commands there are.
    pub fn drive(&self, partition: &mut TestPartition) -> Vec<Handled<i64>> {
        let read = self.log.read(&self.topics.full(topic::COMMANDS), 0, partition.next_offset(), ReadLimit::default()).expect("readable");
        read.records.iter().map(|stored| partition.handle(stored).expect("a known version")).collect()
    }

    /// Appends a command, has it decided and sends what it sends; its answer.
    pub fn ask(&self, owned: &mut TestOwned, command: &Command) -> Handled<i64> {
        let offset = self.append(command);
        let handled = self.drive(&mut owned.partition).into_iter().find(|handled| handled.offset == offset).expect("it was decided");
        klamm_engine::recover::send_all(&mut owned.partition, &self.log, &self.topics.full(topic::COMMANDS)).expect("no faults");
        handled
    }

    /// Cuts a batch and commits it.
    pub fn commit(&self, owned: &mut TestOwned) -> Batch {
        let batch = owned.partition.cut().cloned().expect("something waits");
        let offsets = owned.producer.commit(batch.outputs.clone()).expect("no faults");
        owned.partition.committed(&offsets).expect("a store in memory");
        batch
    }

    /// Records of an output topic.
    pub fn outputs(&self, name: &str) -> Vec<Stored> {
        self.log.read(&self.topics.full(name), 0, 0, ReadLimit::default()).expect("readable").records
    }
}

/// Value of an account; `None`: no such row.
pub fn account(partition: &TestPartition, entity: &str) -> Option<i64> {
    row(partition, &crate::machine::account_key(entity)).map(|row| row.value)
}

/// The row under `key`.
pub fn row(partition: &TestPartition, key: &str) -> Option<TestRecord> {
    records(partition).into_iter().find(|row| row.key == key)
}
