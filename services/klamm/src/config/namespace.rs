//! `[namespaces.NAME]`: what is set for single namespaces.

use std::time::Duration;

use klamm_engine::{NamespaceTopic, Purpose, tasks_topic};
use klamm_gateway::Limits;
use klamm_log::Cleanup;
use klamm_machine::stream_queue::{Format, StreamQueue};
use klamm_messages::klamm::v1::LineageSettings;
use klamm_requests::Destinations;
use serde::{Deserialize, Serialize};

use super::units::Span;

/// `[namespaces.NAME]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Namespace {
    /// Limits. Those that the section does not name are those of `[limits]`.
    pub limits: Limits,
    /// The namespace has a topic with what came of its runs and requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcomes: Option<Outcomes>,
    /// The namespace has a topic with what its runs tell of themselves as OpenLineage events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openlineage: Option<Openlineage>,
    /// The namespace has a topic to which other programs write requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Requests>,
    /// The namespace has task queues whose activities are topics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Tasks>,
    /// The namespace's workflows may publish records on topics of others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publish: Option<Publish>,
}

/// `[namespaces.NAME.publish]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Publish {
    /// Topics that are not klamm's, by their full names, each as `TOPIC` or `NAME=TOPIC`: workflows mean it by the name.
    pub topics: Vec<String>,
    /// Destinations that take values in Avro, each as `NAME` or `NAME=SUBJECT`: a value is written by the newest schema of the subject.
    pub avro: Vec<String>,
}

impl Publish {
    /// Names of destinations, and the subjects of their schemas. Where no subject is given, it is that of the topic's values.
    pub fn subjects(&self) -> impl Iterator<Item = (String, String)> {
        self.avro.iter().map(|text| match text.split_once('=') {
            Some((name, subject)) => (name.trim().to_owned(), subject.trim().to_owned()),
            None => {
                let name = text.trim();
                let topic = self.topics.iter().map(|text| destination(text)).find(|(other, _)| other == name).map(|(_, topic)| topic);
                (name.to_owned(), topic.map(|topic| format!("{topic}-value")).unwrap_or_default())
            }
        })
    }
}

/// Name and topic of a destination, which is written `NAME=TOPIC` or `TOPIC`.
pub fn destination(text: &str) -> (String, String) {
    let (name, topic) = text.split_once('=').unwrap_or((text, text));
    (name.trim().to_owned(), topic.trim().to_owned())
}

/// `[namespaces.NAME.outcomes]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outcomes {
    /// Workflow types whose closed runs are published. One may end in `*`, which stands for any characters.
    pub types: Vec<String>,
    /// Which old records are removed.
    pub cleanup: OutcomeCleanup,
    /// How long records stay where age decides.
    pub retention: Span,
    /// Number of partitions; 0: as many as `kafka.partitions`.
    pub partitions: u32,
}

/// `[namespaces.NAME.openlineage]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Openlineage {
    /// Workflow types whose runs tell of themselves. One may end in `*`, which stands for any characters.
    pub types: Vec<String>,
    /// Namespace of the jobs; empty: the namespace's name behind `kafka.topic_prefix`.
    pub job_namespace: String,
    /// Namespace of the datasets, which are topics; empty: `kafka://` and the first of `kafka.bootstrap_servers`.
    pub dataset_namespace: String,
    /// How long records stay.
    pub retention: Span,
    /// Number of partitions; 0: as many as `kafka.partitions`.
    pub partitions: u32,
}

impl Openlineage {
    /// What commands are stamped with. `brokers` are the addresses of brokers, with commas.
    pub fn settings(&self, namespace: &str, prefix: &str, brokers: &str) -> LineageSettings {
        let or = |set: &str, usual: String| if set.is_empty() { usual } else { set.to_owned() };
        let broker = brokers.split(',').next().unwrap_or_default().trim();
        LineageSettings {
            types: self.types.clone(),
            job_namespace: or(&self.job_namespace, format!("{prefix}{namespace}")),
            dataset_namespace: or(&self.dataset_namespace, format!("kafka://{broker}")),
        }
    }
}

impl Default for Openlineage {
    fn default() -> Self {
        let types = vec!["*".to_owned()];
        Self { types, job_namespace: String::new(), dataset_namespace: String::new(), retention: RETENTION, partitions: 0 }
    }
}

/// `[namespaces.NAME.requests]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Requests {
    /// How long records stay.
    pub retention: Span,
    /// Number of partitions; 0: as many as `kafka.partitions`.
    pub partitions: u32,
}

/// `[namespaces.NAME.tasks]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tasks {
    /// Stream task queues, by names and patterns: their activities go to a topic of each, and not to pollers.
    pub queues: Vec<String>,
    /// How tasks of those queues are written that name no format of their own (`NAME=avro`).
    pub format: TaskFormat,
    /// How long records stay.
    pub retention: Span,
    /// Number of partitions; 0: as many as `kafka.partitions`.
    pub partitions: u32,
    /// Queues that have a share group, each as `QUEUE` or `QUEUE=GROUP`.
    pub share: Vec<String>,
    /// How long a task is one share consumer's.
    pub share_lock: Span,
    /// How many times a task is delivered to share consumers at most.
    pub share_deliveries: u32,
}

/// How tasks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskFormat {
    /// JSON.
    Json,
    /// Avro in the registry's framing.
    Avro,
}

/// Which old outcomes are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeCleanup {
    /// By age.
    Delete,
    /// All but the newest of each workflow id.
    Compact,
}

/// How long records stay where nothing is set.
const RETENTION: Span = Span(Duration::from_secs(7 * 24 * 3600));

impl Default for Outcomes {
    fn default() -> Self {
        Self { types: vec!["*".to_owned()], cleanup: OutcomeCleanup::Delete, retention: RETENTION, partitions: 0 }
    }
}

impl Default for Requests {
    fn default() -> Self {
        Self { retention: RETENTION, partitions: 0 }
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self {
            queues: Vec::new(),
            format: TaskFormat::Json,
            retention: RETENTION,
            partitions: 0,
            share: Vec::new(),
            share_lock: Span(Duration::from_secs(30)),
            share_deliveries: 5,
        }
    }
}

impl Tasks {
    /// What is declared of its queues.
    ///
    /// # Errors
    /// A queue names a format that does not exist.
    pub fn declared(&self) -> Result<Vec<StreamQueue<'_>>, String> {
        let usual = match self.format {
            TaskFormat::Json => Format::Json,
            TaskFormat::Avro => Format::Avro,
        };
        self.queues.iter().map(|text| StreamQueue::parse(text, usual)).collect()
    }
}

impl Namespace {
    /// Where its workflows may publish.
    pub fn destinations(&self) -> Destinations {
        Destinations::new(self.published()).with_subjects(self.publish.iter().flat_map(Publish::subjects))
    }

    /// Names and topics of the destinations to which its workflows may publish.
    pub fn published(&self) -> impl Iterator<Item = (String, String)> {
        self.publish.iter().flat_map(|publish| &publish.topics).map(|text| destination(text))
    }

    /// Its stream task queues, as the machine takes them. The configuration was checked.
    pub fn stream_queues(&self) -> Vec<String> {
        let declared = self.tasks.iter().flat_map(|tasks| tasks.declared().unwrap_or_default());
        declared.map(|queue| queue.text()).collect()
    }

    /// The topics that a namespace with these settings has.
    pub fn topics<'a>(&'a self, name: &'a str) -> impl Iterator<Item = NamespaceTopic> + 'a {
        let outcomes = self.outcomes.as_ref().map(|outcomes| {
            let cleanup = match outcomes.cleanup {
                OutcomeCleanup::Delete => Cleanup::Delete { retention: Some(outcomes.retention.0) },
                OutcomeCleanup::Compact => NamespaceTopic::COMPACTED,
            };
            topic(Purpose::Outcomes, name, outcomes.partitions, cleanup)
        });
        let requests = self.requests.as_ref().map(|requests| {
            let cleanup = Cleanup::Delete { retention: Some(requests.retention.0) };
            topic(Purpose::Requests, name, requests.partitions, cleanup)
        });
        let lineage = self.openlineage.as_ref().map(|lineage| {
            let cleanup = Cleanup::Delete { retention: Some(lineage.retention.0) };
            topic(Purpose::Lineage, name, lineage.partitions, cleanup)
        });
        let tasks = self.tasks.iter().flat_map(move |tasks| {
            let cleanup = Cleanup::Delete { retention: Some(tasks.retention.0) };
            let of_all = topic(Purpose::Tasks, name, tasks.partitions, cleanup);
            let declared = tasks.declared().unwrap_or_default().into_iter();
            declared.map(move |StreamQueue { name: queue, format }| NamespaceTopic {
                name: tasks_topic(name, queue),
                format,
                ..of_all.clone()
            })
        });
        // What comes of tasks is told there.
        let requests = requests.or_else(|| self.tasks.as_ref().map(|_| NamespaceTopic::requests(name)));
        // Requests are answered there, also where no run is published.
        let answers = requests.as_ref().filter(|_| outcomes.is_none()).map(|_| NamespaceTopic::outcomes(name));
        outcomes.into_iter().chain(answers).chain(lineage).chain(requests).chain(tasks)
    }
}

fn topic(purpose: Purpose, name: &str, partitions: u32, cleanup: Cleanup) -> NamespaceTopic {
    NamespaceTopic { partitions: Some(partitions).filter(|partitions| *partitions > 0), cleanup, ..NamespaceTopic::new(purpose, name) }
}
