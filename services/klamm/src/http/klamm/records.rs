//! Records of topics: pages, a live tail, and where the events of a run stand.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, State},
    response::Response,
};
use klamm_api::{
    klamm::v1::{DescribeTopicRequest, FindEventsRequest, ReadTopicRequest, TopicRecord},
    workflowservice::v1::{DescribeWorkflowExecutionRequest, workflow_service_client::WorkflowServiceClient},
};
use klamm_messages::temporal::common::v1::WorkflowExecution;
use serde_json::{Value, json};
use tonic::Status;

use super::{
    asked::{Asked, optional, time},
    handling::{Answered, Klamm, Refused, from},
    stream,
};

/// Records of a page that says nothing else.
const RECORDS: u64 = 100;
/// Most records of a page.
const RECORDS_MAX: u64 = 1000;
/// A page ends when its values have so many bytes.
const BYTES_MAX: usize = 8 << 20;
/// Records with which a tail begins that says nothing else.
const TAIL: u64 = 20;

/// `topics/{topic}/records`
pub async fn read(State(klamm): State<Arc<Klamm>>, Path(topic): Path<String>, asked: Asked) -> Answered {
    let limit = bounded("limit", asked.number("limit")?.unwrap_or(RECORDS))?;
    let tail = match asked.number("tail")? {
        Some(tail) => bounded("tail", tail)?,
        None => 0,
    };
    let described = klamm.inspect().describe_topic(from(asked.peer, DescribeTopicRequest { topic: topic.clone() })).await?.into_inner();
    let partition = asked.number("partition")?;
    let request = ReadTopicRequest {
        topic,
        partition,
        from_offset: asked.number("offset")?,
        follow: false,
        limit,
        key_filter: asked.text("key")?.unwrap_or_default().to_owned(),
        tail,
        since: asked.time("since")?,
    };
    let mut records = klamm.inspect().read_topic(from(asked.peer, request)).await?.into_inner();
    let (mut page, mut bytes) = (Vec::new(), 0);
    let mut next: BTreeMap<String, i64> = BTreeMap::new();
    let mut is_whole = true;
    while let Some(record) = records.message().await? {
        bytes += record.value.len() + record.value_json.len();
        next.insert(record.partition.to_string(), record.offset + 1);
        page.push(shown_record(&record));
        if bytes >= BYTES_MAX {
            is_whole = false;
            break;
        }
    }
    // A page that is not full has seen the partition's end.
    if is_whole && (page.len() as u64) < limit {
        for end in described.partitions.iter().filter(|end| partition.is_none_or(|partition| partition == end.partition)) {
            let next = next.entry(end.partition.to_string()).or_default();
            *next = (*next).max(end.next_offset);
        }
    }
    Ok(Json(json!({ "records": page, "next": next })))
}

/// `topics/{topic}/tail`
pub async fn tail(State(klamm): State<Arc<Klamm>>, Path(topic): Path<String>, asked: Asked) -> Result<Response, Refused> {
    let from_offset = asked.number("offset")?;
    let tail = match asked.number("tail")? {
        Some(tail) => bounded("tail", tail)?,
        None if from_offset.is_some() => 0,
        None => TAIL,
    };
    let request = ReadTopicRequest {
        topic,
        partition: asked.number("partition")?,
        from_offset,
        follow: true,
        limit: 0,
        key_filter: asked.text("key")?.unwrap_or_default().to_owned(),
        tail,
        since: asked.time("since")?,
    };
    let mut records = klamm.inspect().read_topic(from(asked.peer, request)).await?.into_inner();
    stream::answer(&klamm, move |sender| async move {
        loop {
            match records.message().await {
                Ok(Some(record)) => {
                    let id = format!("{}/{}", record.partition, record.offset);
                    sender.send("record", Some(id), shown_record(&record).to_string()).await?;
                }
                Ok(None) => return Ok(()),
                Err(error) => return sender.fail(&error).await,
            }
        }
    })
}

/// `namespaces/{namespace}/workflows/{workflow}/records`
pub async fn of_run(State(klamm): State<Arc<Klamm>>, Path((namespace, workflow_id)): Path<(String, String)>, asked: Asked) -> Answered {
    let execution = WorkflowExecution { workflow_id: workflow_id.clone(), run_id: asked.text("runId")?.unwrap_or_default().to_owned() };
    let request = DescribeWorkflowExecutionRequest { namespace: namespace.clone(), execution: Some(execution) };
    let described =
        WorkflowServiceClient::new(klamm.calls.clone()).describe_workflow_execution(from(asked.peer, request)).await?.into_inner();
    let info = described.workflow_execution_info.unwrap_or_default();
    let request = FindEventsRequest {
        namespace,
        workflow_id,
        run_id: info.execution.unwrap_or_default().run_id,
        from_offset: asked.number("offset")?,
        // The log's times may lie a little before the event's.
        since: info.start_time.map(|start| prost_types::Timestamp { seconds: start.seconds - 1, ..start }),
        limit: asked.number("limit")?.unwrap_or_default(),
    };
    let found = klamm.inspect().find_events(from(asked.peer, request)).await?.into_inner();
    let event = |event: &klamm_api::klamm::v1::EventPlace| json!({ "eventId": event.event_id, "offset": event.offset, "timestamp": time(event.timestamp.as_ref()) });
    Ok(Json(json!({
        "topic": found.topic,
        "partition": found.partition,
        "events": found.events.iter().map(event).collect::<Vec<_>>(),
        "next": found.next_offset,
    })))
}

fn bounded(name: &str, count: u64) -> Result<u64, Status> {
    match count {
        1..=RECORDS_MAX => Ok(count),
        _ => Err(Status::invalid_argument(format!("{name}={count} is not between 1 and {RECORDS_MAX}"))),
    }
}

fn shown_record(record: &TopicRecord) -> Value {
    json!({
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": time(record.timestamp.as_ref()),
        "key": record.key,
        "headers": crate::shown::headers(record),
        "value": serde_json::from_str(&record.value_json).unwrap_or(Value::Null),
        "tombstone": record.tombstone,
        "bytes": record.value.len(),
        "decodeError": optional(&record.decode_error),
    })
}
