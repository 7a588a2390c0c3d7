//! Where the events of a run stand on the history topic.

use std::time::{Duration, Instant};

use klamm_api::klamm::v1::{EventPlace, FindEventsRequest, FindEventsResponse};
use klamm_engine::{Topics, topic};
use klamm_log::{Error as LogError, Log, ReadLimit};
use klamm_machine::{Time, key};
use tonic::Status;

use super::{asking::status, reading};

/// Most events of one answer.
const EVENTS_MAX: u32 = 1000;
/// A search goes on for so long at most. What it has found by then is an answer, with the place where to go on.
const TIME_MAX: Duration = Duration::from_secs(2);

/// Searches the partition of the workflow's id.
pub(super) fn find(log: &dyn Log, topics: &Topics, request: &FindEventsRequest) -> Result<FindEventsResponse, Status> {
    let partition = key::partition_of(&request.namespace, &request.workflow_id, topics.partitions);
    let name = topics.full(topic::HISTORY);
    let limit = if request.limit == 0 { EVENTS_MAX } else { request.limit.min(EVENTS_MAX) } as usize;
    let start = log.start_offset(&name, partition).map_err(status)?;
    // From now on reads go to this end at least, which a process that only stands by might not know otherwise.
    log.end_offset(&name, partition).map_err(status)?;
    let mut offset = match (request.from_offset, &request.since) {
        (Some(offset), _) => offset.max(start),
        (None, Some(since)) => reading::first_since(log, &name, partition, start, Time::from(since).millis())?,
        (None, None) => start,
    };
    let run = key::topic_key([request.namespace.as_str(), &request.workflow_id, &request.run_id]) + "/";
    let began = Instant::now();
    let mut events = Vec::new();
    let next_offset = loop {
        let batch = match log.read(&name, partition, offset, ReadLimit::default()) {
            Ok(batch) => batch,
            Err(LogError::Trimmed { start, .. }) => {
                offset = start;
                continue;
            }
            Err(LogError::PastEnd { .. }) => break None,
            Err(error) => return Err(status(error)),
        };
        for stored in &batch.records {
            let key = stored.record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default();
            // Internal events have keys that are no numbers.
            if let Some(event_id) = key.strip_prefix(&run).and_then(|suffix| suffix.parse().ok())
                && stored.record.value.is_some()
            {
                events.push(EventPlace { event_id, offset: stored.offset, timestamp: Some(Time::from_millis(stored.timestamp_ms).into()) });
            }
        }
        offset = batch.next_offset;
        if batch.next_offset >= batch.end_offset {
            break None;
        }
        if events.len() >= limit || began.elapsed() >= TIME_MAX {
            break Some(offset);
        }
    };
    Ok(FindEventsResponse { topic: name.to_string(), partition: partition as i32, events, next_offset })
}
