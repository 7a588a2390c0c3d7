//! The test machine's commands and events as plain protobuf.

use klamm_engine::{Codec, Encoded, Folded, Purpose, tasks_topic, topic};
use klamm_machine::{Publication, key::topic_key};
use klamm_messages::klamm::v1::{Command, CommandFailed, HistoryRecord, PartitionRecord, history_record::Record};
use prost::Message;

use crate::machine::{Event, NAMESPACE};

/// Key of the records that end transactions.
pub const PARTITION_KEY: &str = "~partition";

/// No framing, no registry.
pub struct TestCodec;

impl Codec<Event> for TestCodec {
    fn encode_command(&self, command: &Command) -> Vec<u8> {
        command.encode_to_vec()
    }

    fn decode_command(&self, value: &[u8]) -> Result<Command, String> {
        Command::decode(value).map_err(|error| error.to_string())
    }

    fn encode_event(&self, event: &Event) -> Vec<Encoded> {
        vec![match event {
            Event::Set(row) => encoded(topic_of(&row.key), row.key.clone(), Record::Test(row.clone())),
            Event::Delete(key) => Encoded::new(topic_of(key), key.clone(), None),
        }]
    }

    fn decode_event(&self, _: &str, key: &[u8], value: Option<&[u8]>) -> Result<Folded<Event>, String> {
        let Some(value) = value else { return Ok(Folded::Event(Event::Delete(String::from_utf8_lossy(key).into_owned()))) };
        Ok(match HistoryRecord::decode(value).map_err(|error| error.to_string())?.record {
            Some(Record::Partition(record)) => Folded::Partition(Box::new(record)),
            Some(Record::Test(row)) => Folded::Event(Event::Set(row)),
            _ => Folded::Nothing,
        })
    }

    fn encode_publication(&self, publication: &Publication) -> Encoded {
        let document = match publication {
            Publication::Visibility(document) => document,
            Publication::Task(task) => {
                let topic = tasks_topic(NAMESPACE, &task.token.activity_type);
                return Encoded::new(topic, task.token.workflow_id.clone(), Some(task.token.encode_to_vec()));
            }
            Publication::VisibilityDeleted { .. } => unreachable!("the test machine deletes no document"),
            Publication::DeadLetter(_) => unreachable!("the test machine has no triggers"),
            Publication::Lineage(_) => unreachable!("the test machine tells nothing of itself"),
            Publication::Foreign(_) => unreachable!("the test machine publishes nothing on topics of others"),
            Publication::Outcome { outcome, headers } => {
                let headers = headers.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
                let topic = Purpose::Outcomes.topic(&outcome.namespace);
                return Encoded { headers, ..Encoded::new(topic, outcome.workflow_id.clone(), Some(outcome.encode_to_vec())) };
            }
        };
        let key = topic_key([document.namespace.as_str(), &document.workflow_id, &document.run_id]);
        Encoded::new(topic::VISIBILITY, key, Some(document.encode_to_vec()))
    }

    fn encode_partition(&self, record: &PartitionRecord) -> Encoded {
        encoded(topic::HISTORY, PARTITION_KEY.to_owned(), Record::Partition(record.clone()))
    }

    fn encode_failed(&self, record: &CommandFailed) -> Encoded {
        encoded(topic::HISTORY, format!("~failed/{}", record.offset), Record::CommandFailed(record.clone()))
    }
}

/// Rows are spread over the topics: accounts are on the first, timers on a second, notes on the one that partition 0 alone writes.
fn topic_of(key: &str) -> &'static str {
    match key.split_once('/') {
        Some(("timer", _)) => topic::SCHEDULES,
        Some(("note", _)) => topic::CLUSTER,
        _ => topic::HISTORY,
    }
}

fn encoded(topic: &'static str, key: String, record: Record) -> Encoded {
    let value = HistoryRecord { record: Some(record), ..HistoryRecord::default() };
    Encoded::new(topic, key, Some(value.encode_to_vec()))
}
