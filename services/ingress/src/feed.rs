//! What is read, and by what its positions are known.

use std::sync::Arc;

use klamm_log::Offset;
use klamm_messages::klamm::v1::{Command, TopicSeen, TriggerState};
use klamm_requests::records::{self, Place};
use klamm_triggers::{StartAt, Trigger};

use crate::RequestTopic;

/// What a reader reads.
#[derive(Clone)]
pub(crate) enum Feed {
    /// A topic of requests: each record is a command.
    Requests(RequestTopic),
    /// The topic of a trigger: some records are commands.
    Trigger(Arc<Declared>),
}

/// A trigger, as it is declared now.
pub(crate) struct Declared {
    pub(crate) trigger: Trigger,
    pub(crate) topic: Arc<str>,
    pub(crate) generation: u64,
    /// Where this generation begins.
    start_at: StartAt,
    /// The topic as it was then; `None`: that was not noted.
    seen: Option<TopicSeen>,
}

impl Declared {
    /// Reads the declaration.
    ///
    /// # Errors
    /// It is wrong: another version of klamm has taken it.
    pub(crate) fn of(state: &TriggerState) -> Result<Self, String> {
        let trigger = Trigger::read(&state.text).map_err(|wrong| wrong.to_string())?;
        let start_at = match state.start_at.as_str() {
            "" => trigger.start_at,
            place => StartAt::read(place).ok_or_else(|| format!("start_at: {place:?} is not known"))?,
        };
        Ok(Self { topic: trigger.topic.as_str().into(), trigger, generation: state.generation, start_at, seen: state.seen.clone() })
    }
}

impl Declared {
    /// What stands for the topic and the trigger, whatever its generation is.
    pub(crate) fn once<'a>(&self, at: &At<'a>) -> &'a str {
        at.source_id.strip_suffix(&format!(":{}", self.generation)).unwrap_or(at.source_id)
    }
}

impl Feed {
    /// The topic's full name.
    pub(crate) fn topic(&self) -> &Arc<str> {
        match self {
            Self::Requests(topic) => &topic.topic,
            Self::Trigger(declared) => &declared.topic,
        }
    }

    /// The namespace of its commands.
    pub(crate) fn namespace(&self) -> &str {
        match self {
            Self::Requests(topic) => &topic.namespace,
            Self::Trigger(declared) => &declared.trigger.namespace,
        }
    }

    /// Name of a partition's problem in the process's health.
    pub(crate) fn problem(&self, partition: u32) -> String {
        match self {
            Self::Requests(topic) => format!("requests/{}/{partition}", topic.topic),
            Self::Trigger(declared) => format!("triggers/{}/{partition}", declared.trigger.name),
        }
    }

    /// By what its positions are known: the topic, and whose positions they are.
    pub(crate) fn source_id(&self, topic_id: &str) -> String {
        match self {
            Self::Requests(_) => topic_id.to_owned(),
            Self::Trigger(declared) => format!("{topic_id}:{}:{}", declared.trigger.name, declared.generation),
        }
    }

    /// Name of the consumer group whose offsets show how far a topic has been read.
    pub(crate) fn group(&self) -> String {
        match self {
            Self::Requests(_) => "klamm.requests".to_owned(),
            Self::Trigger(declared) => format!("klamm.trigger.{}", declared.trigger.name),
        }
    }

    /// Where the reading of a partition begins, if nothing has been read.
    pub(crate) fn begin(&self, topic_id: &str, partition: u32) -> Begin {
        let Self::Trigger(declared) = self else { return Begin::Start };
        match (declared.start_at, &declared.seen) {
            (StartAt::Earliest, _) => Begin::Start,
            (StartAt::Time(time_ms), _) => Begin::Time(time_ms),
            (StartAt::Latest, None) => Begin::End,
            // What was added since the declaration, or is another topic, came after it.
            (StartAt::Latest, Some(seen)) if seen.id != topic_id || partition >= seen.partitions => Begin::Start,
            (StartAt::Latest, Some(seen)) => seen.ends.get(partition as usize).map_or(Begin::End, |end| Begin::Offset(*end)),
        }
    }

    pub(crate) fn trigger(&self) -> Option<&Trigger> {
        match self {
            Self::Requests(_) => None,
            Self::Trigger(declared) => Some(&declared.trigger),
        }
    }
}

/// Where the reading of a partition begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// With the oldest record.
    Start,
    /// At this offset.
    Offset(Offset),
    /// With the first record whose time is not below this one.
    Time(i64),
    /// With what comes from now on.
    End,
}

/// A reader's place in its source.
pub(crate) struct At<'a> {
    pub(crate) source_id: &'a str,
    pub(crate) partition: u32,
}

/// The command that only says how far a trigger has come: all records below `next` are dealt with.
pub(crate) fn mark(feed: &Feed, at: &At<'_>, next: Offset) -> Command {
    let place = Place {
        topic: feed.topic().to_string(),
        topic_id: at.source_id.to_owned(),
        partition: at.partition,
        offset: next.saturating_sub(1),
    };
    records::mark(&place, next, feed.namespace())
}
