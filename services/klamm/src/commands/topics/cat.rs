//! `klamm topics cat`: records of a topic, decoded.

use std::io::{self, Write};

use klamm_api::klamm::v1::{ReadTopicRequest, TopicRecord};
use serde_json::{Value, json};

use crate::{
    cli::{CatOptions, connect},
    setup_error::SetupError,
    shown::{headers, rfc3339},
};

/// Prints records until there are no more or the reader goes away; with `--follow`, for ever.
pub async fn run(options: CatOptions) -> Result<(), SetupError> {
    let mut client = connect::connect(&options.server).await?;
    let request = ReadTopicRequest {
        topic: options.topic,
        partition: options.partition,
        from_offset: options.from,
        follow: options.follow,
        limit: options.limit.unwrap_or_default(),
        key_filter: options.key.unwrap_or_default(),
        tail: options.tail.unwrap_or_default(),
        since: options.since.map(crate::commands::schedule_audit::timestamp),
    };
    // The request cannot express "none", because 0 means no limit there.
    if options.limit == Some(0) {
        return Ok(());
    }
    let mut records = client.read_topic(request).await.map_err(connect::refused)?.into_inner();
    let mut out = io::stdout().lock();
    while let Some(record) = records.message().await.map_err(connect::refused)? {
        let line = if options.json { as_json(&record).to_string() } else { as_text(&record) };
        if writeln!(out, "{line}").is_err() {
            // The reader of the pipe has ended: it has seen enough.
            return Ok(());
        }
    }
    Ok(())
}

fn as_json(record: &TopicRecord) -> Value {
    let value = match (record.tombstone, record.decode_error.is_empty()) {
        (true, _) => Value::Null,
        (false, true) => serde_json::from_str(&record.value_json).unwrap_or(Value::Null),
        (false, false) => json!({ "undecodable": record.decode_error, "bytes": record.value.len() }),
    };
    json!({
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": timestamp(record),
        "key": record.key,
        "headers": headers(record),
        "value": value,
    })
}

fn as_text(record: &TopicRecord) -> String {
    let value = match (record.tombstone, record.decode_error.is_empty()) {
        (true, _) => "(tombstone)",
        (false, true) => &record.value_json,
        (false, false) => &record.decode_error,
    };
    format!("{}/{} {} {} {value}", record.partition, record.offset, timestamp(record), record.key)
}

/// The record's time: RFC 3339 in UTC, with milliseconds.
fn timestamp(record: &TopicRecord) -> String {
    rfc3339(Some(&record.timestamp.unwrap_or_default())).unwrap_or_default()
}
