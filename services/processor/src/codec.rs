//! Commands and events as Avro records.

mod dead_letters;
mod outcomes;
mod schedules;
mod task_facts;
mod tasks;
mod typed_tasks;

use bytes::Bytes;
use klamm_avro::frame;
use klamm_engine::{Codec, Encoded, Folded, Purpose, topic};
use klamm_machine::{ForeignRecord, LineageRecord, Publication, key};
use klamm_messages::klamm::v1::{
    ClusterRecord, Command, CommandFailed, HeldRecord, HistoryRecord, PartitionRecord, ScheduleRecord, VisibilityDocument,
    history_record::Record,
};
use klamm_workflow::event::key_suffix;

use crate::machines::Event;

/// Key of the records that end transactions.
pub const PARTITION_KEY: &str = "~partition";

/// The encoding of all of klamm's topics: Avro in the registry's framing.
#[derive(Debug, Clone, Copy, Default)]
pub struct AvroCodec;

impl Codec<Event> for AvroCodec {
    fn encode_command(&self, command: &Command) -> Vec<u8> {
        frame::encode(command)
    }

    fn encode_exactly(&self, command: &Command) -> (Vec<u8>, bool) {
        frame::encode_exactly(command)
    }

    fn decode_command(&self, value: &[u8]) -> Result<Command, String> {
        frame::decode(value).map_err(|error| error.to_string())
    }

    fn encode_event(&self, event: &Event) -> Vec<Encoded> {
        match event {
            Event::Workflow(klamm_workflow::Event::Record(record)) => {
                let mut key = key::topic_key([record.namespace.as_str(), &record.workflow_id, &record.run_id]);
                key.push('/');
                key.push_str(&key_suffix(record).unwrap_or_default());
                vec![Encoded::new(topic::HISTORY, key, Some(frame::encode(&**record)))]
            }
            Event::Workflow(klamm_workflow::Event::Delete { namespace, workflow_id, run_id, key_suffixes }) => {
                let run = key::topic_key([namespace.as_str(), workflow_id, run_id]);
                let tombstone = |suffix: &String| Encoded::new(topic::HISTORY, format!("{run}/{suffix}"), None);
                key_suffixes.iter().map(tombstone).collect()
            }
            Event::Schedule(event) => schedules::encode(event),
            Event::Cluster(event) => {
                let key = klamm_cluster::topic_key(event).unwrap_or_default();
                let value = match event {
                    klamm_cluster::Event::Record(record) => Some(frame::encode(&**record)),
                    klamm_cluster::Event::RemoveNamespace(_)
                    | klamm_cluster::Event::RemoveTaskQueue(_)
                    | klamm_cluster::Event::RemoveTopics(_)
                    | klamm_cluster::Event::RemoveTrigger(_) => None,
                };
                vec![Encoded::new(topic::CLUSTER, key, value)]
            }
            Event::Held(event) => {
                let value = match event {
                    klamm_held::Event::Waits(record) => Some(frame::encode(&**record)),
                    klamm_held::Event::Ended { .. } => None,
                };
                vec![Encoded::new(topic::HELD, klamm_held::topic_key(event), value)]
            }
        }
    }

    fn decode_event(&self, topic: &str, key: &[u8], value: Option<&[u8]>) -> Result<Folded<Event>, String> {
        match (topic, value) {
            (topic::HISTORY, Some(value)) => {
                let record: HistoryRecord = frame::decode(value).map_err(|error| error.to_string())?;
                Ok(match record.record {
                    Some(Record::Partition(record)) => Folded::Partition(Box::new(record)),
                    Some(Record::CommandFailed(_) | Record::Test(_)) | None => Folded::Nothing,
                    Some(_) => Folded::Event(Event::Workflow(klamm_workflow::Event::Record(Box::new(record)))),
                })
            }
            (topic::HISTORY, None) => deletion(key),
            (topic::SCHEDULES, Some(value)) => {
                let record: ScheduleRecord = frame::decode(value).map_err(|error| error.to_string())?;
                Ok(Folded::Event(Event::Schedule(klamm_schedule::Event::Record(Box::new(record)))))
            }
            (topic::SCHEDULES, None) => schedules::tombstone(key),
            (topic::CLUSTER, Some(value)) => {
                let record: ClusterRecord = frame::decode(value).map_err(|error| error.to_string())?;
                Ok(Folded::Event(Event::Cluster(klamm_cluster::Event::Record(Box::new(record)))))
            }
            (topic::CLUSTER, None) => {
                let key = std::str::from_utf8(key).map_err(|_| "the key is not UTF-8".to_owned())?;
                Ok(klamm_cluster::tombstone(key).map_or(Folded::Nothing, |event| Folded::Event(Event::Cluster(event))))
            }
            (topic::HELD, Some(value)) => {
                let record: HeldRecord = frame::decode(value).map_err(|error| error.to_string())?;
                Ok(Folded::Event(Event::Held(klamm_held::Event::Waits(Box::new(record)))))
            }
            (topic::HELD, None) => {
                let key = std::str::from_utf8(key).map_err(|_| "the key is not UTF-8".to_owned())?;
                Ok(klamm_held::tombstone(key).map_or(Folded::Nothing, |event| Folded::Event(Event::Held(event))))
            }
            _ => Ok(Folded::Nothing),
        }
    }

    fn encode_publication(&self, publication: &Publication) -> Encoded {
        match publication {
            Publication::Visibility(document) => {
                let VisibilityDocument { namespace, workflow_id, run_id, .. } = &**document;
                let key = key::topic_key([namespace.as_str(), workflow_id, run_id]);
                Encoded::new(topic::VISIBILITY, key, Some(frame::encode(&**document)))
            }
            Publication::VisibilityDeleted { namespace, workflow_id, run_id } => {
                let key = key::topic_key([namespace.as_str(), workflow_id, run_id]);
                Encoded::new(topic::VISIBILITY, key, None)
            }
            Publication::Outcome { outcome, headers } => outcomes::encode(outcome, headers),
            Publication::Task(task) => tasks::encode(task),
            Publication::DeadLetter(record) => dead_letters::encode(record),
            Publication::Lineage(record) => {
                let LineageRecord { namespace, workflow_id, value } = &**record;
                let headers = vec![("content-type".to_owned(), Bytes::from_static(b"application/json"))];
                let topic = Purpose::Lineage.topic(namespace);
                Encoded { headers, ..Encoded::new(topic, workflow_id.clone(), Some(value.clone().into_bytes())) }
            }
            Publication::Foreign(record) => {
                let ForeignRecord { topic, partition, key, value, headers } = &**record;
                let value = value.as_ref().map(|value| value.to_vec());
                Encoded { headers: headers.clone(), ..Encoded::foreign(topic, *partition, key.clone(), value) }
            }
        }
    }

    fn encode_partition(&self, record: &PartitionRecord) -> Encoded {
        own_record(PARTITION_KEY.to_owned(), Record::Partition(record.clone()))
    }

    fn encode_failed(&self, record: &CommandFailed) -> Encoded {
        own_record(format!("~failed/{}", record.offset), Record::CommandFailed(record.clone()))
    }
}

/// A record about the partition itself.
fn own_record(key: String, record: Record) -> Encoded {
    let value = HistoryRecord { record: Some(record), ..HistoryRecord::default() };
    Encoded::new(topic::HISTORY, key, Some(frame::encode(&value)))
}

/// The end of the run that a tombstone's key names.
fn deletion(key: &[u8]) -> Result<Folded<Event>, String> {
    let key = std::str::from_utf8(key).map_err(|_| "the key is not UTF-8".to_owned())?;
    let mut parts = key::topic_key_parts(key).into_iter();
    let (Some(namespace), Some(workflow_id), Some(run_id), Some(_)) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Ok(Folded::Nothing);
    };
    Ok(Folded::Event(Event::Workflow(klamm_workflow::Event::Delete { namespace, workflow_id, run_id, key_suffixes: Vec::new() })))
}
