//! Triggers: declares, lists, pauses, deletes and tries them.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use klamm_api::klamm::v1::{Change, ListTriggersResponse, TestTriggerRequest, TriggerCounts, TriggerInfo, TriggerPartition, TriggerTest};
use klamm_engine::Topics;
use klamm_ingress::{AllLimits, SchemaSource, Tried, TriggerStatus};
use klamm_log::{Error as LogError, Log, ReadLimit, TopicSpec};
use klamm_machine::{Rejection, Time};
use klamm_messages::klamm::v1::{
    ApplyTrigger, ClusterCommand, Command, DeleteTrigger, PauseTrigger, RewindTrigger, TopicSeen, TriggerState, cluster_command,
    command::Body,
};
use klamm_processor::{
    Backend, Processor,
    backend::{Error as BackendError, Reply},
};
use klamm_triggers::{Format, SchemaIds, StartAt, Trigger};
use tokio::sync::{Mutex, mpsc};
use tonic::Status;

use super::asking::{ask, status};

/// Records that a test looks at where nothing else is said, and at most.
const TESTED: u32 = 20;
const TESTED_MAX: u32 = 10_000;

/// What triggers need of the process.
#[derive(Clone)]
pub struct Triggers {
    pub(super) processor: Arc<Processor>,
    pub(super) log: Arc<dyn Log>,
    pub(super) topics: Topics,
    pub(super) schemas: Arc<dyn SchemaSource>,
    /// Of what dead letters ask for when they are replayed.
    pub(super) limits: Arc<AllLimits>,
    /// Held by the replay that is under way.
    pub(super) replaying: Arc<Mutex<()>>,
    /// A topic that is missing is made when a trigger of it is declared: on the embedded log nobody else can make it.
    makes_sources: bool,
}

impl Triggers {
    /// Triggers of this process.
    pub fn new(
        processor: Arc<Processor>,
        log: Arc<dyn Log>,
        topics: Topics,
        schemas: Arc<dyn SchemaSource>,
        limits: AllLimits,
        makes_sources: bool,
    ) -> Self {
        Self { processor, log, topics, schemas, limits: Arc::new(limits), replaying: Arc::default(), makes_sources }
    }

    pub(super) fn known(&self) -> Arc<BTreeMap<String, TriggerState>> {
        self.processor.triggers()
    }

    /// Checks declarations of triggers: by name, each with its text.
    ///
    /// # Errors
    /// One of them is wrong.
    pub(super) fn check(&self, texts: Vec<String>) -> Result<BTreeMap<String, (Trigger, String)>, Status> {
        let mut declared = BTreeMap::new();
        for text in texts {
            let trigger = self.checked(&text)?;
            let name = trigger.name.clone();
            if declared.insert(name.clone(), (trigger, text)).is_some() {
                return Err(Status::invalid_argument(format!("the trigger {name} is declared twice")));
            }
        }
        Ok(declared)
    }

    /// Declares triggers that have been checked.
    pub(super) async fn apply(
        &self,
        declared: &BTreeMap<String, (Trigger, String)>,
        dry_run: bool,
        prune: bool,
    ) -> Result<Vec<Change>, Status> {
        let known = self.known();
        let mut changes = Vec::new();
        let changed = |name: &str, change: &str, before: String, after: String| Change {
            kind: "trigger".to_owned(),
            name: name.to_owned(),
            change: change.to_owned(),
            before,
            after,
        };
        for (name, (trigger, text)) in declared {
            let before = known.get(name).map(|state| state.text.clone());
            let change = match &before {
                None => "created",
                Some(before) if before == text => "unchanged",
                Some(_) => "changed",
            };
            if !dry_run {
                let seen = self.ensure(trigger).await?;
                if change != "unchanged" {
                    self.declare(trigger, text, seen).await?;
                }
            }
            changes.push(changed(name, change, before.unwrap_or_default(), text.clone()));
        }
        for state in known.values().filter(|state| prune && !declared.contains_key(&state.name)) {
            if !dry_run {
                self.delete(&state.name).await?;
            }
            changes.push(changed(&state.name, "deleted", state.text.clone(), String::new()));
        }
        Ok(changes)
    }

    /// A declaration that can be used here.
    fn checked(&self, text: &str) -> Result<Trigger, Status> {
        let trigger = Trigger::read(text).map_err(|wrong| Status::invalid_argument(wrong.to_string()))?;
        let wrong = |field: &str, problem: &str, hint: &str| Status::invalid_argument(format!("{field}: {problem} ({hint})"));
        if self.topics.short(&trigger.topic).is_some() {
            let hint = "read another topic; requests.NAMESPACE takes requests without a trigger";
            return Err(wrong("source.topic", "not built yet: triggers of klamm's own topics", hint));
        }
        if matches!(trigger.format, Format::Avro | Format::Protobuf) && !self.schemas.is_configured() {
            return Err(wrong("source.format", "no schema registry is configured", "set [registry] url, see docs/configuration.md"));
        }
        if matches!(trigger.format, Format::Avro | Format::Protobuf)
            && trigger.schema_ids != SchemaIds::Confluent
            && !self.schemas.is_apicurio()
        {
            let hint = "registry.url is to be that of an Apicurio, such as http://registry:8080/apis/ccompat/v7";
            return Err(wrong("source.schema_ids", "the configured registry is no Apicurio", hint));
        }
        if !self.processor.namespaces().contains_key(&trigger.namespace) {
            let problem = format!("there is no namespace {:?}", trigger.namespace);
            return Err(wrong("namespace", &problem, "register it first"));
        }
        Ok(trigger)
    }

    /// Makes the topics that the trigger needs, and looks at the one that it reads.
    async fn ensure(&self, trigger: &Trigger) -> Result<TopicSeen, Status> {
        let start_at = trigger.start_at;
        let (spec, topic, makes) = (self.topics.dead_letters_spec(&trigger.name), trigger.topic.clone(), self.makes_sources);
        let partitions = self.topics.partitions;
        let made = ask(&self.log, move |log| {
            log.ensure_topics(std::slice::from_ref(&spec))?;
            log.topic(&spec.name)?;
            match log.topic_now(&topic) {
                Err(LogError::UnknownTopic { .. }) if makes => log.ensure_topics(&[TopicSpec::kept(topic.as_str(), partitions)])?,
                other => drop(other?),
            }
            seen(log, &topic, start_at)
        });
        made.await.map_err(|error| Status::failed_precondition(error.to_string()))
    }

    async fn declare(&self, trigger: &Trigger, text: &str, seen: TopicSeen) -> Result<(), Status> {
        let apply = ApplyTrigger {
            name: trigger.name.clone(),
            namespace: trigger.namespace.clone(),
            text: text.to_owned(),
            topic: trigger.topic.clone(),
            seen: Some(seen),
        };
        self.submit(&trigger.name, cluster_command::Command::ApplyTrigger(apply)).await
    }

    /// Pauses a trigger, or lets it go on.
    pub(super) async fn pause(&self, name: &str, paused: bool, reason: String) -> Result<(), Status> {
        let pause = PauseTrigger { name: name.to_owned(), paused, reason };
        self.submit(name, cluster_command::Command::PauseTrigger(pause)).await
    }

    /// Deletes a trigger. Its topic of dead letters stays.
    pub(super) async fn delete(&self, name: &str) -> Result<(), Status> {
        self.submit(name, cluster_command::Command::DeleteTrigger(DeleteTrigger { name: name.to_owned() })).await
    }

    /// Has a trigger read its topic anew, from where this says.
    pub(super) async fn rewind(&self, name: &str, start_at: &str) -> Result<(), Status> {
        let Some(place) = StartAt::read(start_at) else {
            return Err(Status::invalid_argument(format!("{start_at:?} is no place to begin: it is {}", StartAt::HINT)));
        };
        let Some(topic) = self.known().get(name).map(|state| state.topic.clone()) else {
            return Err(Status::not_found(format!("There is no trigger {name}.")));
        };
        let seen = ask(&self.log, move |log| seen(log, &topic, place)).await;
        let seen = Some(seen.map_err(|error| Status::failed_precondition(error.to_string()))?);
        let rewind = RewindTrigger { name: name.to_owned(), start_at: place.to_string(), seen };
        self.submit(name, cluster_command::Command::RewindTrigger(rewind)).await
    }

    async fn submit(&self, name: &str, command: cluster_command::Command) -> Result<(), Status> {
        let command = Command {
            version: 1,
            workflow_id: name.to_owned(),
            body: Some(Body::Cluster(ClusterCommand { command: Some(command) })),
            ..Command::default()
        };
        match self.processor.submit(Box::new(command)).await {
            Ok(Reply::Cluster(_)) => Ok(()),
            Ok(_) => Err(Status::internal("another answer than expected")),
            Err(BackendError::Rejected(Rejection::NotFound(message))) => Err(Status::not_found(message)),
            Err(BackendError::Rejected(rejection)) => Err(Status::invalid_argument(rejection.to_string())),
            Err(error) => Err(Status::unavailable(error.to_string())),
        }
    }

    /// The trigger of this name, or all.
    pub(super) async fn list(&self, name: &str) -> Result<ListTriggersResponse, Status> {
        let known = self.known();
        if !name.is_empty() && !known.contains_key(name) {
            return Err(Status::not_found(format!("There is no trigger {name}.")));
        }
        let mut triggers = Vec::new();
        for state in known.values().filter(|state| name.is_empty() || state.name == name) {
            triggers.push(self.info(state).await);
        }
        Ok(ListTriggersResponse { triggers })
    }

    async fn info(&self, state: &TriggerState) -> TriggerInfo {
        let TriggerStatus { counts, last_effect, positions, oldest, problems } = self.processor.trigger_status(&state.name);
        let (topic, partitions) = (state.topic.clone(), positions.keys().copied().collect::<Vec<_>>());
        // Readers that wait know only the end that they saw last.
        let ends = ask(&self.log, move |log| {
            let end = |partition: u32| Some((partition, log.end_offset(&topic, partition).ok()?));
            partitions.into_iter().filter_map(end).collect::<BTreeMap<_, _>>()
        });
        let ends = ends.await;
        let partition = |(partition, (next, end)): (u32, (i64, i64))| TriggerPartition {
            partition: partition.cast_signed(),
            next_offset: next,
            end_offset: ends.get(&partition).copied().unwrap_or(end).max(next),
        };
        let problem = problems.into_iter().next().map(|(partition, why)| match partition {
            Some(partition) => format!("partition {partition}: {why}"),
            None => why,
        });
        TriggerInfo {
            name: state.name.clone(),
            namespace: state.namespace.clone(),
            topic: state.topic.clone(),
            text: state.text.clone(),
            generation: state.generation,
            create_time: state.create_time,
            update_time: state.update_time,
            paused: state.paused,
            pause_reason: state.pause_reason.clone(),
            problem: problem.unwrap_or_default(),
            partitions: positions.into_iter().map(partition).collect(),
            counts: Some(TriggerCounts {
                started: counts.started,
                signalled: counts.signalled,
                filtered: counts.filtered,
                suppressed: counts.suppressed,
                held: counts.held,
                dead_lettered: counts.dead_lettered,
            }),
            last_effect_time: last_effect.map(|time: SystemTime| time.into()),
            start_at: state.start_at.clone(),
            oldest_record_time: oldest.into_values().min().map(|time_ms| Time::from_millis(time_ms).into()),
            dead_letter_topic: self.topics.full(&Topics::dead_letters(&state.name)).to_string(),
        }
    }

    /// Tells what records of the topic would do. Nothing changes.
    pub(super) async fn test(&self, request: TestTriggerRequest) -> Result<mpsc::Receiver<Result<TriggerTest, Status>>, Status> {
        let TestTriggerRequest { trigger, text, partition, from_offset, limit } = request;
        let text = match self.known().get(&trigger) {
            Some(state) => state.text.clone(),
            None if trigger.is_empty() => text,
            None => return Err(Status::not_found(format!("There is no trigger {trigger}."))),
        };
        let trigger = Trigger::read(&text).map_err(|wrong| Status::invalid_argument(wrong.to_string()))?;
        let name = trigger.topic.clone();
        let topic = ask(&self.log, move |log| log.topic(&name)).await.map_err(|error| Status::not_found(error.to_string()))?;
        let partitions: Vec<u32> = match partition.map(u32::try_from) {
            None => (0..topic.spec.partitions).collect(),
            Some(Ok(partition)) if partition < topic.spec.partitions => vec![partition],
            Some(_) => return Err(Status::not_found(format!("no such partition of {}", trigger.topic))),
        };
        let limit = if limit == 0 { TESTED } else { limit.min(TESTED_MAX) };
        let (sender, receiver) = mpsc::channel(16);
        let (log, schemas) = (self.log.clone(), self.schemas.clone());
        tokio::spawn(async move {
            let mut left = limit as usize;
            for partition in partitions {
                if let Err(error) = test_partition(&log, &schemas, &trigger, partition, from_offset, &mut left, &sender).await {
                    let _ = sender.send(Err(error)).await;
                    return;
                }
            }
        });
        Ok(receiver)
    }
}

/// The topic as it is now; with its ends, if reading is to begin there.
fn seen(log: &dyn Log, topic: &str, start_at: StartAt) -> Result<TopicSeen, LogError> {
    let known = log.topic_now(topic)?;
    let partitions = known.spec.partitions;
    let asked = if start_at == StartAt::Latest { partitions } else { 0 };
    let ends = (0..asked).map(|partition| log.end_offset(topic, partition)).collect::<Result<_, _>>()?;
    Ok(TopicSeen { id: known.id.to_string(), partitions, ends })
}

async fn test_partition(
    log: &Arc<dyn Log>,
    schemas: &Arc<dyn SchemaSource>,
    trigger: &Trigger,
    partition: u32,
    from: Option<i64>,
    left: &mut usize,
    sender: &mpsc::Sender<Result<TriggerTest, Status>>,
) -> Result<(), Status> {
    let topic = trigger.topic.clone();
    let first = ask(log, move |log| log.start_offset(&topic, partition)).await.map_err(status)?;
    let mut at = from.unwrap_or(first).max(first);
    while *left > 0 {
        let (topic, records) = (trigger.topic.clone(), (*left).min(500));
        let limit = ReadLimit { records, bytes: 4 << 20 };
        let batch = match ask(log, move |log| klamm_log::read_onward(log, &topic, partition, at, limit)).await {
            Ok(batch) => batch,
            Err(LogError::PastEnd { .. }) => return Ok(()),
            Err(error) => return Err(status(error)),
        };
        for stored in batch.records.iter().take(*left) {
            let Tried { effect, rule, workflow_id, detail } = klamm_ingress::try_record(trigger, schemas, partition, stored).await;
            let told = TriggerTest {
                partition: partition.cast_signed(),
                offset: stored.offset,
                effect: effect.to_owned(),
                rule,
                workflow_id,
                detail,
            };
            *left -= 1;
            if sender.send(Ok(told)).await.is_err() {
                return Ok(());
            }
        }
        if batch.next_offset <= at || batch.next_offset >= batch.end_offset {
            return Ok(());
        }
        at = batch.next_offset;
    }
    Ok(())
}
