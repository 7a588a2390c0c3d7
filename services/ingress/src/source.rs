//! What the reader asks of others: of the owner of the partitions, and of a schema registry.

use std::{collections::BTreeMap, fmt, future::Future, sync::Arc};

use klamm_log::Offset;
use klamm_messages::klamm::v1::{Command, TriggerState};
use klamm_requests::{limits::Limits, namespaces::Namespaces};
use tokio::sync::watch::Receiver;

use crate::TriggerStatuses;

/// A topic whose records are requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestTopic {
    /// The namespace that all of its requests are about.
    pub namespace: String,
    /// The topic's full name.
    pub topic: Arc<str>,
}

/// Takes commands for the partitions of the command log.
pub trait CommandSink: Send + Sync + 'static {
    /// Watches the partitions that this process owns. Each has a number that tells one ownership of it from the next.
    fn partitions(&self) -> Receiver<BTreeMap<u32, i64>>;
    /// How many partitions the command log has.
    fn partition_count(&self) -> u32;
    /// Where a reader of the topic with this id may begin, by the topic's partitions. A partition that nothing is known of is left out.
    ///
    /// # Errors
    /// A partition of the command log does not work now: ask again.
    fn settled(&self, topic_id: &str) -> Result<BTreeMap<i32, Offset>, Away>;
    /// All namespaces.
    fn namespaces(&self) -> Arc<Namespaces>;
    /// Watches the triggers, by name.
    fn triggers(&self) -> Receiver<Arc<BTreeMap<String, TriggerState>>>;
    /// Where it is noted how triggers are doing.
    fn trigger_statuses(&self) -> Arc<TriggerStatuses>;
    /// The partition that takes a command.
    fn partition_of(&self, command: &Command) -> u32;
    /// Appends the commands to the partition, in their order, and has them decided. After an error some of the first may be in the log: the
    /// same commands are to be given again.
    fn append(&self, partition: u32, commands: Vec<Command>) -> impl Future<Output = Result<(), Away>> + Send;
}

/// Limits of requests.
#[derive(Debug, Clone, Default)]
pub struct AllLimits {
    /// Of namespaces without limits of their own.
    pub usual: Limits,
    /// Of the others, by name.
    pub of_namespaces: BTreeMap<String, Limits>,
}

impl AllLimits {
    /// The limits of a namespace's requests.
    pub fn of(&self, namespace: &str) -> &Limits {
        self.of_namespaces.get(namespace).unwrap_or(&self.usual)
    }
}

/// Something is not there now. What is under way waits for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Away(pub String);

/// By what a record names its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SchemaId {
    /// The id of Confluent's API.
    Id(u32),
    /// The GUID of Confluent's API.
    Guid([u8; 16]),
    /// Apicurio's id of a version of an artifact.
    ApicurioGlobal(u64),
    /// Apicurio's id of a content.
    ApicurioContent(u64),
}

impl fmt::Display for SchemaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "id {id}"),
            Self::ApicurioGlobal(id) => write!(f, "global id {id}"),
            Self::ApicurioContent(id) => write!(f, "content id {id}"),
            Self::Guid(bytes) => {
                f.write_str("GUID ")?;
                for (at, byte) in bytes.iter().enumerate() {
                    let dash = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
                    write!(f, "{dash}{byte:02x}")?;
                }
                Ok(())
            }
        }
    }
}

/// A schema as a registry holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaText {
    /// What it is written in.
    pub kind: SchemaKind,
    /// Its text.
    pub text: String,
    /// What it refers to.
    pub references: Vec<SchemaReference>,
}

impl SchemaText {
    /// A schema of Avro that refers to no other.
    pub fn avro(text: impl Into<String>) -> Self {
        Self { kind: SchemaKind::Avro, text: text.into(), references: Vec::new() }
    }
}

/// What a schema is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaKind {
    /// Avro.
    Avro,
    /// Protobuf.
    Protobuf,
    /// Something that klamm does not read.
    Other,
}

/// What a schema refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaReference {
    /// How the schema names it; of Protobuf, the file that is imported.
    pub name: String,
    /// The subject.
    pub subject: String,
    /// The version of the subject.
    pub version: u32,
}

/// Gives the schemas that producers have registered.
pub trait SchemaSource: Send + Sync + 'static {
    /// The schema with this id; `None`: there is no such schema. May block the thread.
    ///
    /// # Errors
    /// The registry does not answer: ask again.
    fn schema(&self, id: SchemaId) -> Result<Option<SchemaText>, Away>;
    /// A version of a subject: schemas refer to one another by these. `None`: there is no such version. May block the thread.
    ///
    /// # Errors
    /// The registry does not answer: ask again.
    fn version(&self, subject: &str, version: u32) -> Result<Option<SchemaText>, Away>;
    /// The newest version of a subject, with its id. `None`: there is no such subject. May block the thread.
    ///
    /// # Errors
    /// The registry does not answer: ask again.
    fn latest(&self, subject: &str) -> Result<Option<(u32, SchemaText)>, Away>;
    /// Whether there is a registry. Without one, only klamm's own schemas are known.
    fn is_configured(&self) -> bool {
        true
    }
    /// Whether Apicurio's own ids can be asked for.
    fn is_apicurio(&self) -> bool {
        false
    }
}

/// No registry is configured.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSchemas;

impl SchemaSource for NoSchemas {
    fn schema(&self, _: SchemaId) -> Result<Option<SchemaText>, Away> {
        Ok(None)
    }

    fn version(&self, _: &str, _: u32) -> Result<Option<SchemaText>, Away> {
        Ok(None)
    }

    fn latest(&self, _: &str) -> Result<Option<(u32, SchemaText)>, Away> {
        Ok(None)
    }

    fn is_configured(&self) -> bool {
        false
    }
}
