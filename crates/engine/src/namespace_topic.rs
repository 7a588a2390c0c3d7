//! Topics that belong to one namespace. Who they are for may be granted by the topic alone, so each namespace has its own.

use std::time::Duration;

use klamm_log::Cleanup;
use klamm_machine::stream_queue::Format;

use crate::topic;

/// A topic of one namespace, and how it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceTopic {
    /// What it is for.
    pub purpose: Purpose,
    /// The namespace.
    pub namespace: String,
    /// Name without prefix: [`Purpose::topic`], or [`tasks_topic`].
    pub name: String,
    /// How its records are written. (Of requests, those of klamm's own schema.)
    pub format: Format,
    /// Number of partitions; `None`: as many as the commands have.
    pub partitions: Option<u32>,
    /// How long records stay.
    pub cleanup: Cleanup,
}

/// What a topic of a namespace is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// klamm writes what came of runs and of requests.
    Outcomes,
    /// Any program writes requests, and klamm reads them.
    Requests,
    /// klamm writes what runs tell of themselves as OpenLineage events.
    Lineage,
    /// klamm writes the activities of one stream task queue, and any program works on them.
    Tasks,
}

/// How long records stay where nothing else is said.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Outcomes, Self::Requests, Self::Lineage, Self::Tasks];

    /// First part of the topics' names.
    pub fn family(self) -> &'static str {
        match self {
            Self::Outcomes => topic::OUTCOMES,
            Self::Requests => topic::REQUESTS,
            Self::Lineage => topic::LINEAGE,
            Self::Tasks => topic::TASKS,
        }
    }

    /// Name of a namespace's topic, without prefix. (That of a stream task queue is [`tasks_topic`].)
    pub fn topic(self, namespace: &str) -> String {
        format!("{}.{namespace}", self.family())
    }

    /// The purpose of a topic, by its name without prefix.
    pub fn of(name: &str) -> Option<Self> {
        let (family, _) = name.split_once('.')?;
        Self::ALL.into_iter().find(|purpose| purpose.family() == family)
    }
}

/// Name of the topic of a stream task queue, without prefix.
pub fn tasks_topic(namespace: &str, task_queue: &str) -> String {
    format!("{}.{task_queue}", Purpose::Tasks.topic(namespace))
}

impl NamespaceTopic {
    /// The newest record of each key stays, as on klamm's own compacted topics.
    pub const COMPACTED: Cleanup =
        Cleanup::Compact { min_compaction_lag: Duration::from_secs(24 * 3600), delete_retention: Duration::from_secs(7 * 24 * 3600) };

    /// A namespace's topic with the defaults: as many partitions as the commands have, kept for a week.
    pub fn new(purpose: Purpose, namespace: &str) -> Self {
        let (name, cleanup) = (purpose.topic(namespace), Cleanup::Delete { retention: Some(WEEK) });
        let format = if purpose == Purpose::Tasks { Format::Json } else { Format::Avro };
        Self { purpose, namespace: namespace.to_owned(), name, format, partitions: None, cleanup }
    }

    /// A namespace's outcomes, with the defaults.
    pub fn outcomes(namespace: &str) -> Self {
        Self::new(Purpose::Outcomes, namespace)
    }

    /// A namespace's requests, with the defaults.
    pub fn requests(namespace: &str) -> Self {
        Self::new(Purpose::Requests, namespace)
    }

    /// A namespace's OpenLineage events, with the defaults.
    pub fn lineage(namespace: &str) -> Self {
        Self::new(Purpose::Lineage, namespace)
    }

    /// The tasks of a namespace's stream task queue, with the defaults.
    pub fn tasks(namespace: &str, task_queue: &str) -> Self {
        Self { name: tasks_topic(namespace, task_queue), ..Self::new(Purpose::Tasks, namespace) }
    }

    /// Number of partitions where the commands have so many.
    pub fn partitions(&self, of_commands: u32) -> u32 {
        self.partitions.unwrap_or(of_commands).max(1)
    }
}

#[cfg(test)]
mod tests {
    use klamm_log::TopicSpec;

    use super::*;

    #[test]
    fn a_purpose_is_known_by_the_topics_name() {
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::of(&purpose.topic("a.b")), Some(purpose));
        }
        assert_eq!(Purpose::of(&NamespaceTopic::tasks("a.b", "q").name), Some(Purpose::Tasks));
        assert_eq!(tasks_topic("a.b", "q"), "tasks.a.b.q");
        assert_eq!([topic::COMMANDS_DEAD_LETTERS, topic::HISTORY, "outcomes"].map(Purpose::of), [None; 3]);
    }

    #[test]
    fn compacted_topics_of_namespaces_are_kept_as_klamms_own() {
        assert_eq!(NamespaceTopic::COMPACTED, TopicSpec::compacted("t", 1).cleanup);
    }
}
