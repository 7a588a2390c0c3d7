//! klamm's own gRPC service, which answers the command-line tools.

pub mod access;
mod asking;
mod audit;
mod dead_letters;
mod declaring;
mod finding;
mod members;
mod producing;
mod queues;
mod reading;
mod replaying;
mod status;
mod triggers;

use std::{pin::Pin, sync::Arc};

use klamm_api::klamm::v1::{
    ApplyRequest, ApplyResponse, AuditScheduleRequest, DeadLetterInfo, DeleteTriggerRequest, DeleteTriggerResponse, DescribeTopicRequest,
    DescribeTopicResponse, FindEventsRequest, FindEventsResponse, GetStatusRequest, GetStatusResponse, ListDeclaredTopicsRequest,
    ListDeclaredTopicsResponse, ListMembersRequest, ListMembersResponse, ListTaskQueuesRequest, ListTaskQueuesResponse, ListTopicsRequest,
    ListTopicsResponse, ListTriggersRequest, ListTriggersResponse, PauseTriggerRequest, PauseTriggerResponse, ProduceRecordRequest,
    ProduceRecordResponse, ReadDeadLettersRequest, ReadTopicRequest, ReplayDeadLettersRequest, ReplayTriggerRequest, ReplayTriggerResponse,
    ReplayedDeadLetter, ScheduleAudit, TestTriggerRequest, TopicInfo, TopicPartition, TopicRecord, TriggerTest, VerifyDifference,
    VerifyProgress, VerifyReport, VerifyRequest, VerifySummary, inspect_server::Inspect, verify_report::Report,
};
use klamm_engine::{Purpose, Topics};
use klamm_log::{Cleanup, Error as LogError, Log, Topic};
use klamm_machine::{Time, stream_queue::Format};
use klamm_processor::{Backend, Processor};
use klamm_visibility::Index;
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use crate::{cli::TAIL_MAX, config::is_of_topics};

pub use asking::NO_NAMESPACE;
use asking::{ask, status};
pub use declaring::Declaring;
pub use triggers::Triggers;

/// Most records that wait for a slow reader. Each record may have several MiB.
const BUFFER: usize = 16;

/// Answers from the log and the processor of this process.
pub struct Inspector {
    processor: Arc<Processor>,
    log: Arc<dyn Log>,
    topics: Topics,
    index: Index,
    address: String,
    since: Time,
    /// Held by the verification that is running. Only one runs at a time, because it takes a core and much of the disk's time.
    verifying: Arc<Mutex<()>>,
    triggers: Triggers,
    declaring: Declaring,
}

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Inspector {
    /// A service over these parts. `address` is the address of this process, which owns the partitions from now on.
    pub fn new(
        processor: Arc<Processor>,
        log: Arc<dyn Log>,
        topics: Topics,
        index: Index,
        address: String,
        triggers: Triggers,
        declaring: Declaring,
    ) -> Self {
        let since = Time::from_millis(chrono::Utc::now().timestamp_millis());
        Self { processor, log, topics, index, address, since, verifying: Arc::default(), triggers, declaring }
    }

    /// A topic, by its name with or without prefix.
    async fn topic(&self, name: String) -> Result<Arc<Topic>, Status> {
        let full = self.topics.full(&name);
        let found = ask(&self.log, move |log| log.topic(&name).or_else(|_| log.topic(&full)).map_err(|_| name)).await;
        found.map_err(|name| Status::not_found(format!("no topic {name}")))
    }
}

#[tonic::async_trait]
impl Inspect for Inspector {
    async fn list_topics(&self, _: Request<ListTopicsRequest>) -> Result<Response<ListTopicsResponse>, Status> {
        let topics = ask(&self.log, |log| log.topics()).await.map_err(status)?;
        Ok(Response::new(ListTopicsResponse { topics: topics.iter().map(|topic| info(&self.topics, topic)).collect() }))
    }

    async fn describe_topic(&self, request: Request<DescribeTopicRequest>) -> Result<Response<DescribeTopicResponse>, Status> {
        let topic = self.topic(request.into_inner().topic).await?;
        let described = topic.clone();
        let partitions = ask(&self.log, move |log| {
            let partition = |partition: u32| -> Result<TopicPartition, LogError> {
                Ok(TopicPartition {
                    partition: partition as i32,
                    first_offset: log.start_offset(&described.spec.name, partition)?,
                    next_offset: log.end_offset(&described.spec.name, partition)?,
                })
            };
            (0..described.spec.partitions).map(partition).collect::<Result<_, _>>()
        });
        let partitions = partitions.await.map_err(status)?;
        Ok(Response::new(DescribeTopicResponse { topic: Some(info(&self.topics, &topic)), partitions }))
    }

    type ReadTopicStream = Streamed<TopicRecord>;

    async fn read_topic(&self, request: Request<ReadTopicRequest>) -> Result<Response<Self::ReadTopicStream>, Status> {
        let request = request.into_inner();
        let topic = self.topic(request.topic.clone()).await?;
        let partitions = match request.partition {
            Some(partition) if u32::try_from(partition).is_ok_and(|partition| partition < topic.spec.partitions) => vec![partition as u32],
            Some(partition) => return Err(Status::not_found(format!("no partition {partition} of {}", topic.spec.name))),
            None => (0..topic.spec.partitions).collect(),
        };
        if request.tail > TAIL_MAX {
            return Err(Status::invalid_argument(format!("a tail of {} records is more than {TAIL_MAX}", request.tail)));
        }
        let (sender, receiver) = mpsc::channel(BUFFER);
        let log = self.log.clone();
        tokio::spawn(async move {
            if let Err(error) = reading::read(&log, &topic, partitions, request, &sender).await {
                // The reader may be gone as well; then the error is dropped.
                let _ = sender.send(Err(error)).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn get_status(&self, _: Request<GetStatusRequest>) -> Result<Response<GetStatusResponse>, Status> {
        let asked = status::Asked {
            processor: self.processor.clone(),
            topics: self.topics.clone(),
            index: self.index.clone(),
            address: self.address.clone(),
            since: self.since,
        };
        let answer = ask(&self.log, move |log| asked.answer(log)).await;
        answer.map(Response::new).map_err(|error| Status::unavailable(error.to_string()))
    }

    async fn list_task_queues(&self, request: Request<ListTaskQueuesRequest>) -> Result<Response<ListTaskQueuesResponse>, Status> {
        let request = request.into_inner();
        if !request.namespace.is_empty() && !self.processor.namespaces().contains_key(&request.namespace) {
            return Err(Status::not_found(format!("{NO_NAMESPACE} {:?}", request.namespace)));
        }
        Ok(Response::new(queues::list(&self.processor, &request)))
    }

    async fn list_members(&self, _: Request<ListMembersRequest>) -> Result<Response<ListMembersResponse>, Status> {
        let topics = self.topics.clone();
        let mut members = ask(&self.log, move |log| members::heard(log, &topics)).await?;
        if members.is_empty() {
            members.push(members::alone(self.address.clone(), &self.processor.take_overs()));
        }
        Ok(Response::new(ListMembersResponse { members }))
    }

    async fn find_events(&self, request: Request<FindEventsRequest>) -> Result<Response<FindEventsResponse>, Status> {
        let (topics, request) = (self.topics.clone(), request.into_inner());
        Ok(Response::new(ask(&self.log, move |log| finding::find(log, &topics, &request)).await?))
    }

    async fn produce_record(&self, request: Request<ProduceRecordRequest>) -> Result<Response<ProduceRecordResponse>, Status> {
        let request = request.into_inner();
        let topic = self.topic(request.topic.clone()).await?;
        producing::produce(&self.log, &self.topics, &topic, request).await.map(Response::new)
    }

    async fn apply(&self, request: Request<ApplyRequest>) -> Result<Response<ApplyResponse>, Status> {
        let ApplyRequest { texts, dry_run, prune } = request.into_inner();
        let (of_topics, of_triggers): (Vec<_>, Vec<_>) = texts.into_iter().partition(|text| is_of_topics(text));
        // All are right, or nothing changes.
        let triggers = self.triggers.check(of_triggers)?;
        let topics = self.declaring.check(&of_topics)?;
        // Triggers come first: after a change of topics klamm begins anew.
        let mut changes = self.triggers.apply(&triggers, dry_run, prune).await?;
        if !dry_run {
            self.declaring.declare(&topics).await?;
        }
        changes.extend(topics.changes);
        Ok(Response::new(ApplyResponse { changes }))
    }

    async fn list_declared_topics(&self, _: Request<ListDeclaredTopicsRequest>) -> Result<Response<ListDeclaredTopicsResponse>, Status> {
        Ok(Response::new(self.declaring.list()))
    }

    async fn list_triggers(&self, request: Request<ListTriggersRequest>) -> Result<Response<ListTriggersResponse>, Status> {
        self.triggers.list(&request.into_inner().trigger).await.map(Response::new)
    }

    async fn pause_trigger(&self, request: Request<PauseTriggerRequest>) -> Result<Response<PauseTriggerResponse>, Status> {
        let PauseTriggerRequest { trigger, paused, reason } = request.into_inner();
        self.triggers.pause(&trigger, paused, reason).await.map(|()| Response::new(PauseTriggerResponse {}))
    }

    async fn delete_trigger(&self, request: Request<DeleteTriggerRequest>) -> Result<Response<DeleteTriggerResponse>, Status> {
        self.triggers.delete(&request.into_inner().trigger).await.map(|()| Response::new(DeleteTriggerResponse {}))
    }

    async fn replay_trigger(&self, request: Request<ReplayTriggerRequest>) -> Result<Response<ReplayTriggerResponse>, Status> {
        let ReplayTriggerRequest { trigger, start_at } = request.into_inner();
        self.triggers.rewind(&trigger, &start_at).await.map(|()| Response::new(ReplayTriggerResponse {}))
    }

    type TestTriggerStream = Streamed<TriggerTest>;

    async fn test_trigger(&self, request: Request<TestTriggerRequest>) -> Result<Response<Self::TestTriggerStream>, Status> {
        let receiver = self.triggers.test(request.into_inner()).await?;
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    type ReadDeadLettersStream = Streamed<DeadLetterInfo>;

    async fn read_dead_letters(&self, request: Request<ReadDeadLettersRequest>) -> Result<Response<Self::ReadDeadLettersStream>, Status> {
        let receiver = dead_letters::read(&self.log, &self.topics, request.into_inner()).await?;
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    type ReplayDeadLettersStream = Streamed<ReplayedDeadLetter>;

    async fn replay_dead_letters(
        &self,
        request: Request<ReplayDeadLettersRequest>,
    ) -> Result<Response<Self::ReplayDeadLettersStream>, Status> {
        let receiver = self.triggers.replay(request.into_inner()).await?;
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    type VerifyStream = Streamed<VerifyReport>;

    async fn verify(&self, _: Request<VerifyRequest>) -> Result<Response<Self::VerifyStream>, Status> {
        let (sender, receiver) = mpsc::channel(BUFFER);
        let processor = self.processor.clone();
        let verifying = self.verifying.clone();
        tokio::spawn(async move {
            let turn = tokio::select! {
                turn = verifying.lock_owned() => turn,
                () = sender.closed() => return,
            };
            // The next verification waits until this one has ended, even if this one's caller is gone.
            let _ = tokio::task::spawn_blocking(move || verify(&processor, &sender, turn)).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    type AuditScheduleStream = Streamed<ScheduleAudit>;

    async fn audit_schedule(&self, request: Request<AuditScheduleRequest>) -> Result<Response<Self::AuditScheduleStream>, Status> {
        let audits = audit::audit(&self.processor, request.into_inner()).await?;
        Ok(Response::new(Box::pin(tokio_stream::iter(audits.into_iter().map(Ok)))))
    }
}

/// Verifies one partition after the other, and reports each. `_turn` is held meanwhile.
fn verify(processor: &Processor, sender: &mpsc::Sender<Result<VerifyReport, Status>>, _turn: OwnedMutexGuard<()>) {
    let partition_count = processor.partition_count();
    let mut summary = VerifySummary { partitions: u64::from(partition_count), ..VerifySummary::default() };
    for partition in 0..partition_count {
        let tell = |records| Report::Progress(VerifyProgress { partition: partition as i32, records, partition_count });
        if sender.blocking_send(Ok(VerifyReport { report: Some(tell(0)) })).is_err() {
            return;
        }
        let verified = match processor.verify(partition) {
            Ok(verified) => verified,
            Err(error) => return drop(sender.blocking_send(Err(Status::internal(error.to_string())))),
        };
        summary.rows += verified.rows;
        summary.differences += verified.differences.len() as u64;
        let progress = tell(verified.rows);
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
}

fn info(topics: &Topics, topic: &Topic) -> TopicInfo {
    let (value_type, description) = match topics.short(&topic.spec.name).unwrap_or_default() {
        "commands" => ("klamm.v1.Command", "What somebody asks a partition to change"),
        "history" => ("klamm.v1.HistoryRecord", "What has happened to workflows"),
        "visibility" => ("klamm.v1.VisibilityDocument", "One document per run"),
        "schedules" => ("klamm.v1.ScheduleRecord", "Schedules, where they stand and what they decided"),
        "held" => ("klamm.v1.HeldRecord", "Records of triggers that wait"),
        "cluster" => ("klamm.v1.ClusterRecord", "Namespaces and search attributes"),
        "members" => ("klamm.v1.Member", "Beats of the processes"),
        name if Purpose::of(name) == Some(Purpose::Outcomes) => ("klamm.v1.Outcome", "What came of a namespace's runs and requests"),
        name if Purpose::of(name) == Some(Purpose::Requests) => ("klamm.v1.Request", "What programs ask a namespace to do"),
        name if Purpose::of(name) == Some(Purpose::Lineage) => ("", "What runs tell of themselves as OpenLineage events, in JSON"),
        name if Purpose::of(name) == Some(Purpose::Tasks) => match topics.format(name) {
            Some(Format::Avro) => ("klamm.v1.ActivityTask", "Activities of a stream task queue"),
            Some(Format::Json) => ("", "Activities of a stream task queue, in JSON"),
            None => ("", "Activities of a task queue that was a stream"),
        },
        name if name == Topics::dead_letters(Topics::PUBLISHED) => ("", "Records that workflows published, and whose topics took none"),
        name if Topics::is_of_dead_letters(name) => ("", "Records that a trigger could not use, as they came"),
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
        short_name: topics.short(&topic.spec.name).unwrap_or(&topic.spec.name).to_owned(),
    }
}
