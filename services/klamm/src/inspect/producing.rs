//! Appends a record to a topic that other programs write.

use std::sync::Arc;

use klamm_api::klamm::v1::{ProduceRecordRequest, ProduceRecordResponse};
use klamm_engine::Topics;
use klamm_log::{Error as LogError, Log, Record, Topic};
use klamm_machine::key;
use tonic::Status;

use super::asking::status;

/// How the names of the topics begin that other programs write, without klamm's prefix.
const OTHERS_WRITE: &str = "requests.";

/// Appends the record to the partition that a client of Kafka would choose.
///
/// # Errors
/// The topic is one that only klamm writes, the record is too large, or the log does not take it now.
pub(super) async fn produce(
    log: &Arc<dyn Log>,
    topics: &Topics,
    topic: &Topic,
    request: ProduceRecordRequest,
) -> Result<ProduceRecordResponse, Status> {
    let name = topic.spec.name.clone();
    if topics.short(&name).is_some_and(|short| !short.starts_with(OTHERS_WRITE)) {
        return Err(Status::invalid_argument(format!("only klamm writes {name}")));
    }
    let partition = key::hash(&request.key) % topic.spec.partitions.max(1);
    let headers = request.headers.into_iter().map(|header| (header.name, header.value.into())).collect();
    let timestamp_ms = chrono::Utc::now().timestamp_millis();
    let record = Record { key: Some(request.key.into()), value: Some(request.value.into()), headers, timestamp_ms };
    let appended = log.append_async(&name, partition, record).await.map_err(|error| match error {
        LogError::TooLarge { .. } | LogError::Invalid { .. } => Status::invalid_argument(error.to_string()),
        _ => status(error),
    })?;
    Ok(ProduceRecordResponse { partition: partition.cast_signed(), offset: appended.first_offset })
}
