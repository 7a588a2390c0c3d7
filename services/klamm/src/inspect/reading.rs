//! Reads a topic for people: from an offset on, from a time on, only the last records, or new records as they come.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use klamm_api::klamm::v1::{ReadTopicRequest, TopicHeader, TopicRecord};
use klamm_log::{Error as LogError, Log, Offset, ReadBatch, ReadLimit, Stored, Topic};
use klamm_machine::Time;
use tokio::sync::mpsc;
use tonic::Status;

use super::asking::{ask, status};
use crate::node::readable::until_beyond;

/// How often a following reader looks for new records.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(100);
/// Number of offsets in which a partition's last records are first looked for. While they hold too few records, the number is doubled.
const FIRST_TAIL: i64 = 256;
/// Most bytes of last records. They are held in memory until all are found.
const TAIL_BYTES_MAX: usize = 64 << 20;

/// Sends records to a reader until there are no more; for ever when the reader follows.
pub(super) async fn read(
    log: &Arc<dyn Log>,
    topic: &Topic,
    partitions: Vec<u32>,
    request: ReadTopicRequest,
    sender: &mpsc::Sender<Result<TopicRecord, Status>>,
) -> Result<(), Status> {
    let name = &topic.spec.name;
    let wanted = Wanted { since: request.since.as_ref().map(|since| Time::from(since).millis()), key_part: request.key_filter };
    let (asked, wants, from, count) = (name.clone(), wanted.clone(), request.from_offset, request.tail);
    let (mut positions, newest) = ask(log, move |log| begin(log, &asked, &partitions, from, count, &wants)).await?;
    for (partition, stored) in newest {
        if sender.send(Ok(record(partition, stored))).await.is_err() {
            return Ok(());
        }
    }
    if request.tail > 0 && !request.follow {
        return Ok(());
    }
    let mut left = if request.limit == 0 { u64::MAX } else { request.limit };
    loop {
        let mut found = false;
        for (partition, offset) in &mut positions {
            loop {
                let (asked, number, from) = (name.clone(), *partition, *offset);
                let batch = match ask(log, move |log| log.read(&asked, number, from, ReadLimit::default())).await {
                    Ok(batch) => batch,
                    Err(LogError::Trimmed { start, .. }) => {
                        *offset = start;
                        continue;
                    }
                    Err(LogError::PastEnd { .. }) => break,
                    Err(error) => return Err(status(error)),
                };
                *offset = batch.next_offset;
                found |= !batch.records.is_empty();
                for stored in batch.records.into_iter().filter(|stored| wanted.is(stored)) {
                    if left == 0 || sender.send(Ok(record(*partition, stored))).await.is_err() {
                        return Ok(());
                    }
                    left -= 1;
                }
                // A reader that looks for a rare key gets nothing for long, and may have gone meanwhile.
                if left == 0 || sender.is_closed() {
                    return Ok(());
                }
                if batch.next_offset >= batch.end_offset {
                    break;
                }
            }
        }
        if !request.follow || sender.is_closed() {
            return Ok(());
        }
        if !found {
            until_beyond(log, name, positions.iter().copied(), FOLLOW_INTERVAL).await;
        }
    }
}

/// Which records the reader wants.
#[derive(Clone)]
struct Wanted {
    /// Only records from this time on, milliseconds since the epoch.
    since: Option<i64>,
    key_part: String,
}

impl Wanted {
    fn is(&self, stored: &Stored) -> bool {
        let key = stored.record.key.as_deref().unwrap_or_default();
        self.since.is_none_or(|since| stored.timestamp_ms >= since)
            && (self.key_part.is_empty() || String::from_utf8_lossy(key).contains(&self.key_part))
    }
}

/// Where to go on reading in each partition.
type Positions = Vec<(u32, Offset)>;

/// Finds where reading begins. If the reader asks for the last `count` records, also gives these records.
fn begin(
    log: &dyn Log,
    topic: &str,
    partitions: &[u32],
    from: Option<Offset>,
    count: u64,
    wanted: &Wanted,
) -> Result<(Positions, Vec<(u32, Stored)>), Status> {
    let mut positions = Positions::new();
    for &partition in partitions {
        // The answer is fresh, and from now on reads go to it at least. Without it they might end before what others have just written.
        log.end_offset(topic, partition).map_err(status)?;
        let start = log.start_offset(topic, partition).map_err(status)?;
        let from = from.unwrap_or(start).max(start);
        let from = wanted.since.map_or(Ok(from), |since| first_since(log, topic, partition, from, since))?;
        positions.push((partition, from));
    }
    let newest = match usize::try_from(count) {
        Ok(0) => Vec::new(),
        count => tail(log, topic, &mut positions, count.unwrap_or(usize::MAX), wanted)?,
    };
    Ok((positions, newest))
}

/// The records at `from` or later; `None` when there are none. Records that were trimmed are passed over.
fn read_at(log: &dyn Log, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<Option<ReadBatch>, Status> {
    let mut from = from;
    loop {
        match log.read(topic, partition, from, limit) {
            Ok(batch) if batch.records.is_empty() && batch.next_offset < batch.end_offset && batch.next_offset > from => {
                from = batch.next_offset;
            }
            Ok(batch) => return Ok(Some(batch).filter(|batch| !batch.records.is_empty())),
            Err(LogError::Trimmed { start, .. }) => from = start,
            Err(LogError::PastEnd { .. }) => return Ok(None),
            Err(error) => return Err(status(error)),
        }
    }
}

/// The offset of the first record whose time is `since` or later. The search relies on times that go up along a partition, as they nearly
/// always do. Where they go back, the first such record may be missed.
pub(super) fn first_since(log: &dyn Log, topic: &str, partition: u32, start: Offset, since: i64) -> Result<Offset, Status> {
    let (mut low, mut high) = (start, log.end_offset(topic, partition).map_err(status)?);
    let one = ReadLimit { records: 1, ..ReadLimit::default() };
    while low < high {
        let middle = low + (high - low) / 2;
        match read_at(log, topic, partition, middle, one)?.and_then(|batch| batch.records.into_iter().next()) {
            Some(stored) if stored.timestamp_ms < since => low = stored.offset + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// The last `count` wanted records of all partitions together, in the order of their times. `positions` say how far back each partition may
/// be read; afterwards they are the partitions' ends.
fn tail(log: &dyn Log, topic: &str, positions: &mut Positions, count: usize, wanted: &Wanted) -> Result<Vec<(u32, Stored)>, Status> {
    let mut found = Vec::new();
    for (partition, position) in positions {
        let end = log.end_offset(topic, *partition).map_err(status)?;
        let mut width = FIRST_TAIL.max(i64::try_from(count).unwrap_or(i64::MAX));
        let newest = loop {
            let from = end.saturating_sub(width).max(*position);
            let newest = newest_in(log, topic, *partition, from, end, count, wanted)?;
            // Compaction, markers of transactions and the filter leave gaps. If there are too few records, the search goes further back.
            if newest.len() >= count || from <= *position {
                break newest;
            }
            width = width.saturating_mul(2);
        };
        found.extend(newest.into_iter().map(|stored| (*partition, stored)));
        *position = end.max(*position);
        found.sort_by_key(|(partition, stored)| (stored.timestamp_ms, *partition, stored.offset));
        found.drain(..found.len().saturating_sub(count));
        check_size(found.iter().map(|(_, stored)| stored))?;
    }
    Ok(found)
}

fn check_size<'a>(records: impl Iterator<Item = &'a Stored>) -> Result<(), Status> {
    let bytes: usize = records.map(|stored| stored.record.size()).sum();
    match bytes > TAIL_BYTES_MAX {
        true => Err(Status::invalid_argument(format!("the last records are more than {} MiB: ask for fewer", TAIL_BYTES_MAX >> 20))),
        false => Ok(()),
    }
}

/// The last `count` records between two offsets.
pub(super) fn newest(log: &dyn Log, topic: &str, from: Offset, end: Offset, count: usize) -> Result<VecDeque<Stored>, Status> {
    newest_in(log, topic, 0, from, end, count, &Wanted { since: None, key_part: String::new() })
}

/// The last `count` wanted records between two offsets.
fn newest_in(
    log: &dyn Log,
    topic: &str,
    partition: u32,
    from: Offset,
    end: Offset,
    count: usize,
    wanted: &Wanted,
) -> Result<VecDeque<Stored>, Status> {
    let mut newest = VecDeque::new();
    let mut offset = from;
    while offset < end
        && let Some(batch) = read_at(log, topic, partition, offset, ReadLimit::default())?
    {
        offset = batch.next_offset;
        for stored in batch.records.into_iter().filter(|stored| stored.offset < end && wanted.is(stored)) {
            newest.push_back(stored);
            if newest.len() > count {
                newest.pop_front();
            }
        }
        check_size(newest.iter())?;
    }
    Ok(newest)
}

fn record(partition: u32, stored: Stored) -> TopicRecord {
    let (value_json, decode_error) = match &stored.record.value {
        None => (String::new(), String::new()),
        Some(value) => match klamm_avro::json::to_json(value) {
            Ok(json) => (json.to_string(), String::new()),
            Err(error) => match json_of_others(value) {
                Some(json) => (json, String::new()),
                None => (String::new(), error.to_string()),
            },
        },
    };
    TopicRecord {
        partition: partition as i32,
        offset: stored.offset,
        timestamp: Some(Time::from_millis(stored.timestamp_ms).into()),
        key: String::from_utf8_lossy(stored.record.key.as_deref().unwrap_or_default()).into_owned(),
        headers: stored.record.headers.iter().map(|(name, value)| TopicHeader { name: name.clone(), value: value.to_vec() }).collect(),
        tombstone: stored.record.value.is_none(),
        value: stored.record.value.map(|value| value.to_vec()).unwrap_or_default(),
        value_json,
        decode_error,
    }
}

/// A value that is JSON already, as other programs may write it, on one line. No frame of a schema registry begins as JSON does.
fn json_of_others(value: &[u8]) -> Option<String> {
    serde_json::from_slice::<serde_json::Value>(value).ok().map(|json| json.to_string())
}
