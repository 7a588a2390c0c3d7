//! How a machine's commands and events become records: the engine knows no encoding.

use std::borrow::Cow;

use bytes::Bytes;
use klamm_machine::Publication;
use klamm_messages::klamm::v1::{Command, CommandFailed, PartitionRecord};

/// Topics that the engine writes or reads, by their names without prefix.
pub mod topic {
    /// The command log.
    pub const COMMANDS: &str = "commands";
    /// Events of the workflow machine, and the partitions' own records.
    pub const HISTORY: &str = "history";
    /// Visibility documents.
    pub const VISIBILITY: &str = "visibility";
    /// Events of the schedule machine.
    pub const SCHEDULES: &str = "schedules";
    /// Records of triggers that wait.
    pub const HELD: &str = "held";
    /// Events of the cluster machine (partition 0 alone writes it).
    pub const CLUSTER: &str = "cluster";
    /// Beats of the processes.
    pub const MEMBERS: &str = "members";
    /// Dead letters of the command log.
    pub const COMMANDS_DEAD_LETTERS: &str = "commands.klamm-dlq";
    /// First part of the names of the topics with outcomes of one namespace.
    pub const OUTCOMES: &str = "outcomes";
    /// First part of the names of the topics with dead letters of one trigger.
    pub const DEAD_LETTERS: &str = "dlq";
    /// First part of the names of the topics with requests of one namespace.
    pub const REQUESTS: &str = "requests";
    /// First part of the names of the topics with tasks of one stream task queue of one namespace.
    pub const TASKS: &str = "tasks";
    /// First part of the names of topics with what runs tell as OpenLineage events.
    pub const LINEAGE: &str = "openlineage";
    /// Begins the names of topics that are not klamm's. The rest is the full name.
    pub const FOREIGN: char = '=';
}

/// A record as it goes to an output topic; the engine adds the partition and the header with its number.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// Topic without prefix. Names with a namespace in them are made when they are needed.
    pub topic: Cow<'static, str>,
    /// Record key, plain UTF-8.
    pub key: String,
    /// The record's key where that is another program's: it may be no text, or there may be none. `key` only says which partition gets the
    /// record.
    pub foreign_key: Option<Option<Bytes>>,
    /// Framed value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers behind klamm's own.
    pub headers: Vec<(String, Bytes)>,
    /// The partition, where that was decided with the record. Else the topic and the key say which.
    pub partition: Option<u32>,
}

impl Encoded {
    /// A record without headers.
    pub fn new(topic: impl Into<Cow<'static, str>>, key: String, value: Option<Vec<u8>>) -> Self {
        Self { topic: topic.into(), key, foreign_key: None, value, headers: Vec::new(), partition: None }
    }

    /// A record for a partition of a topic that is not klamm's, by the topic's full name. `key` is the record's whole key.
    pub fn foreign(topic: &str, partition: u32, key: Option<Bytes>, value: Option<Vec<u8>>) -> Self {
        let name = format!("{}{topic}", topic::FOREIGN);
        Self { foreign_key: Some(key), partition: Some(partition), ..Self::new(name, String::new(), value) }
    }
}

/// What a record of a folded topic is.
#[derive(Debug)]
pub enum Folded<E> {
    /// An event of the machine.
    Event(E),
    /// The record that ended a transaction.
    Partition(Box<PartitionRecord>),
    /// A record that changes no state.
    Nothing,
}

/// Encoding and decoding for one machine.
pub trait Codec<E>: Send + Sync + 'static {
    /// A command's framed value.
    fn encode_command(&self, command: &Command) -> Vec<u8>;

    /// As [`Codec::encode_command`], and whether the value decodes to exactly this command. When in doubt, it does not.
    fn encode_exactly(&self, command: &Command) -> (Vec<u8>, bool) {
        (self.encode_command(command), false)
    }
    /// A command from its framed value.
    ///
    /// # Errors
    /// What is wrong with the bytes: the record is dead-lettered and skipped.
    fn decode_command(&self, value: &[u8]) -> Result<Command, String>;
    /// The records of an event. A deletion has many.
    fn encode_event(&self, event: &E) -> Vec<Encoded>;
    /// An event from a record of a folded topic.
    ///
    /// # Errors
    /// What is wrong with the record: the fold reports it and goes on.
    fn decode_event(&self, topic: &str, key: &[u8], value: Option<&[u8]>) -> Result<Folded<E>, String>;
    /// The record of a derived document.
    fn encode_publication(&self, publication: &Publication) -> Encoded;
    /// The record that ends a transaction (topic `history`, key `~partition`).
    fn encode_partition(&self, record: &PartitionRecord) -> Encoded;
    /// The record of a skipped command (topic `history`).
    fn encode_failed(&self, record: &CommandFailed) -> Encoded;
}
