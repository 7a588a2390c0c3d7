//! The visibility topic, as the index's feeder reads it.

use std::sync::Arc;

use klamm_avro::frame;
use klamm_log::{Error, Log, ReadLimit, Stored, read_onward};
use klamm_machine::key;
use klamm_messages::klamm::v1::VisibilityDocument;
use klamm_visibility::{Batch, ChangeBody, Record, SourceError, VisibilitySource};

/// The topic of visibility documents.
#[derive(Clone)]
pub struct TopicSource {
    log: Arc<dyn Log>,
    topic: Arc<str>,
    id: String,
    partitions: u32,
}

impl TopicSource {
    /// The topic of this full name.
    ///
    /// # Errors
    /// The log's, when there is no such topic.
    pub fn new(log: Arc<dyn Log>, topic: Arc<str>) -> Result<Self, Error> {
        let known = log.topic(&topic)?;
        Ok(Self { log, topic, id: known.id.to_string(), partitions: known.spec.partitions })
    }
}

impl VisibilitySource for TopicSource {
    fn topic_id(&self) -> String {
        self.id.clone()
    }

    fn partition_count(&self) -> u32 {
        self.partitions
    }

    fn end(&self, partition: u32) -> Result<i64, SourceError> {
        self.log.end_offset(&self.topic, partition).map_err(|error| SourceError::Unavailable(error.to_string()))
    }

    fn read(&self, partition: u32, from: i64, limit: usize) -> Result<Batch, SourceError> {
        let limit = ReadLimit { records: limit, ..ReadLimit::default() };
        let batch = match read_onward(&*self.log, &self.topic, partition, from, limit) {
            // A read may not know yet of the newest records that other processes wrote. This end includes them.
            Err(Error::PastEnd { .. }) if self.end(partition)? < from => return Err(SourceError::PastEnd),
            read => read.map_err(|error| SourceError::Unavailable(error.to_string()))?,
        };
        let records = batch.records.iter().filter_map(|stored| record(partition, stored)).collect();
        Ok(Batch { records, next_offset: batch.next_offset, end_offset: batch.end_offset })
    }
}

/// The content of a record; `None` when it cannot be read, which is reported.
fn record(partition: u32, stored: &Stored) -> Option<Record> {
    let body = match &stored.record.value {
        Some(value) => match frame::decode::<VisibilityDocument>(value) {
            Ok(document) => ChangeBody::Document(Box::new(document)),
            Err(error) => {
                tracing::error!(partition, offset = stored.offset, error = %error, "a visibility record is passed over");
                return None;
            }
        },
        None => {
            let key = std::str::from_utf8(stored.record.key.as_deref().unwrap_or_default()).ok()?;
            let mut parts = key::topic_key_parts(key).into_iter();
            let (namespace, workflow_id, run_id) = (parts.next()?, parts.next()?, parts.next()?);
            ChangeBody::Deletion { namespace, workflow_id, run_id }
        }
    };
    Some(Record { offset: stored.offset, timestamp_ms: stored.timestamp_ms, body })
}
