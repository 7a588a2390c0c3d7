//! Asks the broker about topics.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_librdkafka::{Described as Identified, describe_topics};
use rdkafka::{
    admin::{ConfigResource, OwnedResourceSpecifier, ResourceSpecifier},
    consumer::Consumer,
    error::{KafkaError, RDKafkaErrorCode},
    metadata::{Metadata, MetadataTopic},
};
use uuid::Uuid;

use super::{
    core::{Core, TopicState},
    errors::{Doing, code_of},
};
use crate::{Cleanup, Error, Topic, TopicSpec, parking::block_on, topic::unknown, wakers::wake};

/// Topics that are described in one request.
const DESCRIBED_AT_ONCE: usize = 100;

/// The broker is asked again which topic has a name, and how many partitions, after so long.
const ASKED_AGAIN: Duration = Duration::from_secs(1);

/// Every broker knows a new topic after so long; pause between two attempts to learn of it.
const KNOWN_AFTER: Duration = Duration::from_secs(5);
const KNOWN_PAUSE: Duration = Duration::from_millis(20);

/// How long the first request for metadata waits. After that, klamm looks at what the connections have reported.
const ASKED_FOR_FIRST: Duration = Duration::from_millis(500);

/// A topic as the broker describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) name: String,
    pub(super) partitions: u32,
    /// Fewest replicas that one of its partitions has.
    pub(super) replicas: usize,
    pub(super) configs: BTreeMap<String, String>,
    /// `None`: the broker gives topics no ids.
    pub(super) id: Option<Uuid>,
}

impl Described {
    pub(super) fn config(&self, name: &str) -> &str {
        self.configs.get(name).map_or("", String::as_str)
    }

    fn millis(&self, name: &str) -> Option<Duration> {
        // Negative: without limit.
        self.config(name).parse().ok().map(Duration::from_millis)
    }

    /// The description as a [`TopicSpec`].
    pub(super) fn spec(&self) -> TopicSpec {
        let cleanup = if self.config("cleanup.policy").contains("compact") {
            Cleanup::Compact {
                min_compaction_lag: self.millis("min.compaction.lag.ms").unwrap_or_default(),
                delete_retention: self.millis("delete.retention.ms").unwrap_or_default(),
            }
        } else {
            Cleanup::Delete { retention: self.millis("retention.ms") }
        };
        TopicSpec {
            name: self.name.as_str().into(),
            partitions: self.partitions,
            cleanup,
            log_append_time: self.config("message.timestamp.type") == "LogAppendTime",
            max_message_bytes: self.config("max.message.bytes").parse().unwrap_or(TopicSpec::MAX_MESSAGE_BYTES_DEFAULT),
        }
    }
}

impl Core {
    /// A topic by name. The broker is asked the first time.
    pub(super) fn topic(&self, topic: &str) -> Result<Arc<TopicState>, Error> {
        if let Some(known) = self.topics.read().get(topic) {
            return Ok(known.clone());
        }
        self.load(topic)
    }

    /// A topic by name, with the id and the partitions that it has by now. Of what was asked for a moment ago the broker is not asked again.
    pub(super) fn topic_now(&self, topic: &str) -> Result<Arc<TopicState>, Error> {
        let known = self.topic(topic)?;
        let name = &known.topic.spec.name;
        let is_recent = |at: &Instant| at.elapsed() < ASKED_AGAIN;
        if self.counted.lock().get(name).is_some_and(is_recent) {
            return Ok(known);
        }
        let now = self.identify(&[topic])?.remove(topic).ok_or_else(|| unknown(topic))?;
        self.counted.lock().insert(name.clone(), Instant::now());
        let is_same = now.id.is_none_or(|id| *known.topic.id == *id.to_string());
        if is_same && now.partitions as usize <= known.partitions.len() { Ok(known) } else { self.load(topic) }
    }

    /// Asks for a topic and remembers it.
    fn load(&self, topic: &str) -> Result<Arc<TopicState>, Error> {
        let described = self.describe(&[topic])?.pop().ok_or_else(|| unknown(topic))?;
        self.know(&described)
    }

    /// Remembers a topic.
    pub(super) fn know(&self, described: &Described) -> Result<Arc<TopicState>, Error> {
        let topic = Topic { spec: described.spec(), id: self.topic_id(described)? };
        let mut topics = self.topics.write();
        // Another thread may have been faster. Its entry stays, since its partitions have state.
        let known = topics.get(&*topic.spec.name).filter(|known| *known.topic == topic);
        if let Some(known) = known {
            return Ok(known.clone());
        }
        let name = topic.spec.name.clone();
        let state = match topics.get(&name) {
            // Another topic of the same name.
            Some(known) if known.topic.id != topic.id => TopicState::new(topic, self.settings().tail_bytes),
            Some(known) if known.partitions.len() == topic.spec.partitions as usize => {
                TopicState { topic: Arc::new(topic), partitions: known.partitions.clone() }
            }
            // Others have added partitions. Those that were there before have state, and somebody may wait for them.
            Some(known) if known.partitions.len() < topic.spec.partitions as usize => {
                let TopicState { topic, mut partitions } = TopicState::new(topic, self.settings().tail_bytes);
                partitions[..known.partitions.len()].clone_from_slice(&known.partitions);
                TopicState { topic, partitions }
            }
            _ => TopicState::new(topic, self.settings().tail_bytes),
        };
        let state = Arc::new(state);
        let before = topics.insert(name, state.clone());
        drop(topics);
        // Whoever waits for a partition that is there no more is to look for the new one.
        let gone =
            before.iter().flat_map(|before| &before.partitions).filter(|gone| !state.partitions.iter().any(|it| Arc::ptr_eq(it, gone)));
        gone.for_each(|gone| wake(gone.view.lock().give_up()));
        Ok(state)
    }

    /// All topics whose names begin as the settings say.
    pub(super) fn list(&self) -> Result<Vec<Topic>, Error> {
        let doing = Doing::Describe(&self.settings().topic_prefix);
        let metadata = self.metadata(None).map_err(|error| self.errors().failed(doing, &error))?;
        let prefix = &*self.settings().topic_prefix;
        let names = metadata.topics().iter().map(MetadataTopic::name).filter(|name| name.starts_with(prefix) && !name.starts_with("__"));
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        let mut topics = Vec::with_capacity(names.len());
        for names in names.chunks(DESCRIBED_AT_ONCE) {
            for described in self.describe(names)? {
                topics.push(Topic { spec: described.spec(), id: self.topic_id(&described)? });
            }
        }
        Ok(topics)
    }

    /// Describes topics, in the order given. Topics that do not exist are left out.
    pub(super) fn describe(&self, names: &[&str]) -> Result<Vec<Described>, Error> {
        let mut found = Vec::new();
        for name in names {
            if let Some((partitions, replicas)) = self.partitions(name)? {
                found.push(Described { name: (*name).to_owned(), partitions, replicas, configs: BTreeMap::new(), id: None });
            }
        }
        self.identify_all(&mut found)?;
        let specifiers: Vec<_> = found.iter().map(|described| ResourceSpecifier::Topic(&described.name)).collect();
        if specifiers.is_empty() {
            return Ok(found);
        }
        let first = Doing::Describe(names.first().copied().unwrap_or_default());
        let told = block_on(self.admin()?.describe_configs(&specifiers, &self.admin_options()));
        let told = told.map_err(|error| self.errors().failed(first, &error))?;
        for (index, resource) in told.into_iter().enumerate() {
            let doing = Doing::Describe(found.get(index).map_or("", |described| described.name.as_str()));
            let resource = resource.map_err(|code| self.errors().failed(doing, &KafkaError::AdminOp(code)))?;
            let ConfigResource { specifier: OwnedResourceSpecifier::Topic(name), entries } = resource else { continue };
            if let Some(described) = found.iter_mut().find(|described| described.name == name) {
                described.configs = entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?))).collect();
            }
        }
        self.problems().over();
        Ok(found)
    }

    /// Asks for the metadata of one topic or of all, within the request timeout. The call does not wait for a broker that refuses the
    /// credentials: the client itself would go on connecting and would report the refusal only at the end.
    pub(super) fn metadata(&self, topic: Option<&str>) -> Result<Metadata, KafkaError> {
        let deadline = Instant::now() + self.settings().request_timeout;
        let mut patience = ASKED_FOR_FIRST;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let answer = self.querying.fetch_metadata(topic, patience.min(left));
            let Err(error) = &answer else { return answer };
            let is_silence =
                matches!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::OperationTimedOut));
            self.listen();
            if !is_silence || patience >= left || self.problems().last().is_some_and(|problem| problem.is_refusal()) {
                return answer;
            }
            // Each request waits twice as long as the one before, for a broker that is slow to answer.
            patience *= 2;
        }
    }

    /// Number of partitions, and the fewest replicas that one of them has. `None`: there is no such topic.
    pub(super) fn partitions(&self, name: &str) -> Result<Option<(u32, usize)>, Error> {
        let failed = |error: &KafkaError| self.errors().failed(Doing::Describe(name), error);
        let metadata = match self.metadata(Some(name)) {
            Ok(metadata) => metadata,
            Err(error) if is_unknown(code_of(&error)) => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        self.problems().over();
        let Some(topic) = metadata.topics().iter().find(|topic| topic.name() == name) else { return Ok(None) };
        if let Some(error) = topic.error() {
            let code = RDKafkaErrorCode::from(error);
            return if is_unknown(Some(code)) { Ok(None) } else { Err(failed(&KafkaError::MetadataFetch(code))) };
        }
        let replicas = topic.partitions().iter().map(|partition| partition.replicas().len()).min().unwrap_or(0);
        Ok(Some((topic.partitions().len() as u32, replicas)).filter(|(partitions, _)| *partitions > 0))
    }

    /// Ids and numbers of partitions by name. A topic that does not exist is left out.
    fn identify(&self, names: &[&str]) -> Result<BTreeMap<String, Identified>, Error> {
        let failed = |name: &str, error: &KafkaError| self.errors().failed(Doing::Describe(name), error);
        let told = describe_topics(self.querying.client(), names, self.settings().request_timeout);
        let told = told.map_err(|error| failed(names.first().copied().unwrap_or_default(), &error))?;
        let mut identified = BTreeMap::new();
        for (name, topic) in told {
            match topic {
                Ok(topic) => drop(identified.insert(name, topic)),
                Err(code) if is_unknown(Some(code)) => {}
                Err(code) => return Err(failed(&name, &KafkaError::AdminOp(code))),
            }
        }
        self.problems().over();
        Ok(identified)
    }

    /// Completes descriptions by ids. Not every broker knows a new topic at once, so those that are not known are asked for again. In the
    /// end they are left out, as topics that somebody has deleted.
    fn identify_all(&self, found: &mut Vec<Described>) -> Result<(), Error> {
        let deadline = Instant::now() + KNOWN_AFTER;
        loop {
            let identified = self.identify(&found.iter().map(|described| &*described.name).collect::<Vec<_>>())?;
            let is_known = |described: &Described| identified.contains_key(&described.name);
            if found.iter().all(is_known) || Instant::now() > deadline {
                found.retain(is_known);
                found.iter_mut().for_each(|described| described.id = identified.get(&described.name).and_then(|it| it.id));
                return Ok(());
            }
            std::thread::sleep(KNOWN_PAUSE);
        }
    }

    /// A topic's id. Where the broker gives none (Kafka before 2.8), it is derived from the cluster's id and the topic's name: then a topic
    /// that is deleted and made anew has the same id.
    fn topic_id(&self, described: &Described) -> Result<Arc<str>, Error> {
        if let Some(id) = described.id {
            return Ok(id.to_string().into());
        }
        let cluster = self.cluster_id()?;
        let cluster = Uuid::new_v5(&Uuid::NAMESPACE_OID, cluster.as_bytes());
        Ok(Uuid::new_v5(&cluster, described.name.as_bytes()).to_string().into())
    }

    fn cluster_id(&self) -> Result<Arc<str>, Error> {
        let mut known = self.cluster_id.lock();
        if let Some(id) = &*known {
            return Ok(id.clone());
        }
        let id = self.querying.client().fetch_cluster_id(self.settings().request_timeout);
        let id: Arc<str> = id.ok_or_else(|| self.errors().unavailable(Doing::Describe(""), "the cluster's id did not come"))?.into();
        *known = Some(id.clone());
        Ok(id)
    }
}

fn is_unknown(code: Option<RDKafkaErrorCode>) -> bool {
    matches!(code, Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configs_read_as_a_spec() {
        let configs = [
            ("cleanup.policy", "delete"),
            ("retention.ms", "-1"),
            ("message.timestamp.type", "LogAppendTime"),
            ("max.message.bytes", "6291456"),
        ];
        let configs = configs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let described = Described { name: "t".to_owned(), partitions: 8, replicas: 1, configs, id: None };
        assert_eq!(described.spec(), TopicSpec { max_message_bytes: 6 << 20, ..TopicSpec::kept("t", 8) });
    }
}
