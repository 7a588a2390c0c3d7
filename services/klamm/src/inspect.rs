//! klamm's own gRPC service: what command-line tools ask of a running server.

mod audit;

use std::{pin::Pin, sync::Arc, time::Duration};

use klamm_api::klamm::v1::{
    AuditScheduleRequest, DescribeTopicRequest, DescribeTopicResponse, ListTopicsRequest, ListTopicsResponse, ReadTopicRequest,
    ScheduleAudit, TopicHeader, TopicInfo, TopicPartition, TopicRecord, VerifyDifference, VerifyProgress, VerifyReport, VerifyRequest,
    VerifySummary, inspect_server::Inspect, verify_report::Report,
};
use klamm_engine::Topics;
use klamm_log::{Cleanup, Error as LogError, Log, ReadLimit, Stored, Topic};
use klamm_machine::Time;
use klamm_processor::Processor;
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

/// How often a following reader looks for new records.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(100);
/// Records on their way to a reader.
const BUFFER: usize = 256;

/// Answers from the log and the processor of this process.
pub struct Inspector {
    processor: Arc<Processor>,
    log: Arc<dyn Log>,
    topics: Topics,
}

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Inspector {
    /// Over these parts.
    pub fn new(processor: Arc<Processor>, log: Arc<dyn Log>, topics: Topics) -> Self {
        Self { processor, log, topics }
    }

    /// A topic by its full name or the name without prefix.
    fn topic(&self, name: &str) -> Result<Arc<Topic>, Status> {
        self.log.topic(name).or_else(|_| self.log.topic(&self.topics.full(name))).map_err(|_| Status::not_found(format!("no topic {name}")))
    }
}

#[tonic::async_trait]
impl Inspect for Inspector {
    async fn list_topics(&self, _: Request<ListTopicsRequest>) -> Result<Response<ListTopicsResponse>, Status> {
        let topics = self.log.topics().map_err(status)?;
        Ok(Response::new(ListTopicsResponse { topics: topics.iter().map(|topic| info(&self.topics, topic)).collect() }))
    }

    async fn describe_topic(&self, request: Request<DescribeTopicRequest>) -> Result<Response<DescribeTopicResponse>, Status> {
        let topic = self.topic(&request.into_inner().topic)?;
        let partition = |partition: u32| -> Result<TopicPartition, LogError> {
            Ok(TopicPartition {
                partition: partition as i32,
                first_offset: self.log.start_offset(&topic.spec.name, partition)?,
                next_offset: self.log.end_offset(&topic.spec.name, partition)?,
            })
        };
        let partitions = (0..topic.spec.partitions).map(partition).collect::<Result<_, _>>().map_err(status)?;
        Ok(Response::new(DescribeTopicResponse { topic: Some(info(&self.topics, &topic)), partitions }))
    }

    type ReadTopicStream = Streamed<TopicRecord>;

    async fn read_topic(&self, request: Request<ReadTopicRequest>) -> Result<Response<Self::ReadTopicStream>, Status> {
        let request = request.into_inner();
        let topic = self.topic(&request.topic)?;
        let partitions = match request.partition {
            Some(partition) if u32::try_from(partition).is_ok_and(|partition| partition < topic.spec.partitions) => vec![partition as u32],
            Some(partition) => return Err(Status::not_found(format!("no partition {partition} of {}", topic.spec.name))),
            None => (0..topic.spec.partitions).collect(),
        };
        let (sender, receiver) = mpsc::channel(BUFFER);
        let log = self.log.clone();
        tokio::spawn(async move {
            if let Err(error) = read(&*log, &topic, partitions, &request, &sender).await {
                // The reader may be gone as well.
                let _ = sender.send(Err(error)).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    type VerifyStream = Streamed<VerifyReport>;

    async fn verify(&self, _: Request<VerifyRequest>) -> Result<Response<Self::VerifyStream>, Status> {
        let (sender, receiver) = mpsc::channel(BUFFER);
        let processor = self.processor.clone();
        tokio::task::spawn_blocking(move || {
            let mut summary = VerifySummary { partitions: u64::from(processor.partition_count()), ..VerifySummary::default() };
            for partition in 0..processor.partition_count() {
                let verified = match processor.verify(partition) {
                    Ok(verified) => verified,
                    Err(error) => return drop(sender.blocking_send(Err(Status::internal(error.to_string())))),
                };
                summary.rows += verified.rows;
                summary.differences += verified.differences.len() as u64;
                let progress = Report::Progress(VerifyProgress { partition: partition as i32, records: verified.rows });
                let differences = verified
                    .differences
                    .into_iter()
                    .map(|key| Report::Difference(VerifyDifference { partition: partition as i32, key, ..VerifyDifference::default() }));
                for report in std::iter::once(progress).chain(differences) {
                    if sender.blocking_send(Ok(VerifyReport { report: Some(report) })).is_err() {
                        return;
                    }
                }
            }
            drop(sender.blocking_send(Ok(VerifyReport { report: Some(Report::Summary(summary)) })));
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    type AuditScheduleStream = Streamed<ScheduleAudit>;

    async fn audit_schedule(&self, request: Request<AuditScheduleRequest>) -> Result<Response<Self::AuditScheduleStream>, Status> {
        let audits = audit::audit(&self.processor, request.into_inner()).await?;
        Ok(Response::new(Box::pin(tokio_stream::iter(audits.into_iter().map(Ok)))))
    }
}

/// Sends records to a reader until there are no more, or for ever when it follows.
async fn read(
    log: &dyn Log,
    topic: &Topic,
    partitions: Vec<u32>,
    request: &ReadTopicRequest,
    sender: &mpsc::Sender<Result<TopicRecord, Status>>,
) -> Result<(), Status> {
    let name = &topic.spec.name;
    let mut positions = Vec::new();
    for partition in partitions {
        let start = log.start_offset(name, partition).map_err(status)?;
        positions.push((partition, request.from_offset.unwrap_or(start).max(start)));
    }
    let mut left = if request.limit == 0 { u64::MAX } else { request.limit };
    loop {
        let mut found = false;
        for (partition, offset) in &mut positions {
            loop {
                let batch = match log.read(name, *partition, *offset, ReadLimit::default()) {
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
                for stored in batch.records {
                    let record = record(*partition, stored);
                    if !record.key.contains(&request.key_filter) {
                        continue;
                    }
                    if left == 0 || sender.send(Ok(record)).await.is_err() {
                        return Ok(());
                    }
                    left -= 1;
                }
                if left == 0 {
                    return Ok(());
                }
                if batch.next_offset >= batch.end_offset {
                    break;
                }
            }
        }
        if !request.follow {
            return Ok(());
        }
        if !found {
            tokio::time::sleep(FOLLOW_INTERVAL).await;
        }
    }
}

fn record(partition: u32, stored: Stored) -> TopicRecord {
    let (value_json, decode_error) = match &stored.record.value {
        None => (String::new(), String::new()),
        Some(value) => match klamm_avro::json::to_json(value) {
            Ok(json) => (json.to_string(), String::new()),
            Err(error) => (String::new(), error.to_string()),
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

fn info(topics: &Topics, topic: &Topic) -> TopicInfo {
    let (value_type, description) = match topics.short(&topic.spec.name).unwrap_or_default() {
        "commands" => ("klamm.v1.Command", "What somebody asks a partition to change"),
        "history" => ("klamm.v1.HistoryRecord", "What has happened to workflows"),
        "visibility" => ("klamm.v1.VisibilityDocument", "One document per run"),
        "schedules" => ("klamm.v1.ScheduleRecord", "Schedules, where they stand and what they decided"),
        "cluster" => ("klamm.v1.ClusterRecord", "Namespaces and search attributes"),
        "members" => ("klamm.v1.Member", "Beats of the processes"),
        name if name.ends_with(".klamm-dlq") => ("", "Records that could not be read, as they came"),
        _ => ("", ""),
    };
    let cleanup = match topic.spec.cleanup {
        Cleanup::Compact { .. } => "compact",
        Cleanup::Delete { retention: Some(_) } => "delete",
        Cleanup::Delete { retention: None } => "owner",
    };
    TopicInfo {
        name: topic.spec.name.to_string(),
        partition_count: topic.spec.partitions,
        cleanup: cleanup.to_owned(),
        description: description.to_owned(),
        value_type: value_type.to_owned(),
    }
}

fn status(error: LogError) -> Status {
    Status::unavailable(error.to_string())
}
