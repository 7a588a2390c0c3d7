//! Full names of topics, and the settings that they should have.

use std::{borrow::Cow, sync::Arc, time::Duration};

use klamm_log::{Cleanup, TopicSpec};
use klamm_machine::{
    key,
    stream_queue::{self, Format},
};

use crate::{Encoded, NamespaceTopic, Purpose, tasks_topic, topic};

/// Kafka's `max.message.bytes` on topics that hold requests or events. A completion may have 4 MiB, plus its envelope.
pub const LARGE_MESSAGE_BYTES: usize = 6 << 20;

/// A topic: its settings, and how the engine uses it.
struct Row {
    /// Without prefix.
    name: &'static str,
    partitions: Partitions,
    kept: Kept,
    /// Largest record, bytes as [`klamm_log::Record::size`] counts.
    record_bytes_max: usize,
    /// Whether the topic holds events of a machine, so that stores are folded from it.
    is_folded: bool,
}

/// How many partitions a topic has, and which of them belongs to which partition of the commands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Partitions {
    /// As many as the commands topic has. Each belongs to the partition of the commands with the same number.
    AsCommands,
    /// One. Only partition 0 of the commands writes it.
    One,
}

/// How long records stay.
enum Kept {
    /// Until they are trimmed.
    UntilTrimmed,
    /// The newest of each key.
    Compacted,
    /// For a time.
    For(Duration),
}

/// Largest record of topics that hold requests or events.
const LARGE: usize = LARGE_MESSAGE_BYTES;
/// Largest record of the other topics: Kafka's default.
const USUAL: usize = TopicSpec::MAX_MESSAGE_BYTES_DEFAULT;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
const TEN_MINUTES: Duration = Duration::from_secs(600);

/// All topics. A new topic needs a line here.
static TOPICS: [Row; 8] = [
    Row::new(topic::COMMANDS, Partitions::AsCommands, Kept::UntilTrimmed, LARGE),
    Row::new(topic::HISTORY, Partitions::AsCommands, Kept::Compacted, LARGE).folded(),
    Row::new(topic::VISIBILITY, Partitions::AsCommands, Kept::Compacted, LARGE),
    Row::new(topic::SCHEDULES, Partitions::AsCommands, Kept::Compacted, LARGE).folded(),
    Row::new(topic::HELD, Partitions::AsCommands, Kept::Compacted, LARGE).folded(),
    Row::new(topic::CLUSTER, Partitions::One, Kept::Compacted, USUAL).folded(),
    Row::new(topic::MEMBERS, Partitions::One, Kept::For(TEN_MINUTES), USUAL),
    Row::new(topic::COMMANDS_DEAD_LETTERS, Partitions::AsCommands, Kept::For(WEEK), LARGE),
];

impl Row {
    const fn new(name: &'static str, partitions: Partitions, kept: Kept, record_bytes_max: usize) -> Self {
        Self { name, partitions, kept, record_bytes_max, is_folded: false }
    }

    const fn folded(self) -> Self {
        Self { is_folded: true, ..self }
    }
}

/// The row of a topic. `None`: it is not a topic of klamm.
fn row(name: &str) -> Option<&'static Row> {
    TOPICS.iter().find(|row| row.name == name)
}

/// Names of the topics under one prefix.
#[derive(Debug, Clone)]
pub struct Topics {
    prefix: Arc<str>,
    /// Full names of all topics, made once.
    known: Arc<[(&'static str, Arc<str>)]>,
    /// Topics of single namespaces, each with its full name, sorted by name.
    of_namespaces: Arc<[(NamespaceTopic, Arc<str>)]>,
    /// Those of task queues that are meant by patterns, which stand in place of the queues' names; longer ones first.
    of_patterns: Arc<[NamespaceTopic]>,
    /// Workflows publish on topics of others.
    publishes: bool,
    /// Partitions of commands, history, schedules and visibility: a power of two.
    pub partitions: u32,
}

impl Topics {
    /// Topics named `<prefix><name>`.
    pub fn new(prefix: &str, partitions: u32) -> Self {
        let known = TOPICS.iter().map(|row| (row.name, format!("{prefix}{}", row.name).into())).collect();
        Self { prefix: prefix.into(), known, of_namespaces: Arc::default(), of_patterns: Arc::default(), publishes: false, partitions }
    }

    /// The same, with these topics of single namespaces and no others. A topic of tasks may have a pattern in place of a queue's name.
    pub fn with_namespaces(self, topics: impl IntoIterator<Item = NamespaceTopic>) -> Self {
        let named = |topic: NamespaceTopic| {
            let full = format!("{}{}", self.prefix, topic.name).into();
            (topic, full)
        };
        let (mut of_patterns, of_namespaces): (Vec<_>, Vec<_>) =
            topics.into_iter().partition(|topic| stream_queue::is_pattern(&topic.name));
        // The order of those that are equally long is that of the declarations.
        of_patterns.sort_by_key(|topic| std::cmp::Reverse(topic.name.len()));
        let mut of_namespaces: Vec<_> = of_namespaces.into_iter().map(named).collect();
        of_namespaces.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
        Self { of_namespaces: of_namespaces.into(), of_patterns: of_patterns.into(), ..self }
    }

    /// The same. If workflows publish on topics of others, there is a topic for what those do not take.
    pub fn with_published(self, publishes: bool) -> Self {
        Self { publishes, ..self }
    }

    /// Whether the topic for what topics of others do not take is one of these topics.
    pub fn publishes(&self) -> bool {
        self.publishes
    }

    /// The topics of single namespaces. (Those of task queues that are meant by patterns have no names before they are used.)
    pub fn of_namespaces(&self) -> impl Iterator<Item = &NamespaceTopic> {
        self.of_namespaces.iter().map(|(topic, _)| topic)
    }

    /// The topic of a single namespace with this name.
    fn of_namespace(&self, name: &str) -> Option<&(NamespaceTopic, Arc<str>)> {
        let place = self.of_namespaces.binary_search_by(|(topic, _)| topic.name.as_str().cmp(name)).ok()?;
        self.of_namespaces.get(place)
    }

    /// The schemas of which topics a registry has, without prefix: those of single namespaces that are written in Avro. All topics of the patterns of
    /// a namespace are one, named `tasks.NAMESPACE`, since nobody knows their names before they are used.
    pub fn with_schemas(&self) -> impl Iterator<Item = String> {
        let is_avro = |topic: &&NamespaceTopic| topic.format == Format::Avro;
        let named = self.of_namespaces().filter(is_avro).map(|topic| topic.name.clone());
        named.chain(self.of_patterns.iter().filter(is_avro).map(|topic| topic.purpose.topic(&topic.namespace)))
    }

    /// How records of a topic of a single namespace (name without prefix) are written, as it is declared now.
    pub fn format(&self, name: &str) -> Option<Format> {
        self.of_namespace(name).map(|(topic, _)| topic).or_else(|| self.of_pattern(name)).map(|topic| topic.format)
    }

    /// The declaration of a topic of tasks whose queue is meant by a pattern.
    fn of_pattern(&self, name: &str) -> Option<&NamespaceTopic> {
        let means = |topic: &&NamespaceTopic| {
            let family = tasks_topic(&topic.namespace, "");
            let queue = name.strip_prefix(&*family).filter(|queue| queue.chars().all(stream_queue::is_for_patterns));
            queue.zip(topic.name.strip_prefix(&*family)).is_some_and(|(queue, pattern)| stream_queue::matches(pattern, queue))
        };
        self.of_patterns.iter().find(means)
    }

    /// How a topic (full name) is to be made when the first record goes there. `None`: it is there from the start, or is not one of klamm's.
    pub fn made_on_first_use(&self, full: &str) -> Option<TopicSpec> {
        let name = self.short(full).filter(|name| !self.of_patterns.is_empty() && self.of_namespace(name).is_none())?;
        self.of_pattern(name).map(|topic| self.spec_of_namespace(topic, full.into()))
    }

    /// What all names begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A topic's full name.
    pub fn full(&self, name: &str) -> Arc<str> {
        if let Some(foreign) = name.strip_prefix(topic::FOREIGN) {
            return foreign.into();
        }
        let known = self.known.iter().find(|(known, _)| *known == name).map(|(_, full)| full.clone());
        let known = known.or_else(|| self.of_namespace(name).map(|(_, full)| full.clone()));
        known.unwrap_or_else(|| format!("{}{name}", self.prefix).into())
    }

    /// The name without prefix. `None` when it does not begin with klamm's prefix.
    pub fn short<'a>(&self, full: &'a str) -> Option<&'a str> {
        full.strip_prefix(&*self.prefix)
    }

    /// Name of the transactional id of a partition.
    pub fn transactional_id(&self, partition: u32) -> String {
        format!("{}p{partition}", self.prefix)
    }

    /// All topics with their settings.
    pub fn specs(&self) -> Vec<TopicSpec> {
        let of_namespaces = self.of_namespaces.iter().map(|(topic, full)| self.spec_of_namespace(topic, full.clone()));
        let published = self.publishes.then(|| self.dead_letters_spec(Self::PUBLISHED));
        TOPICS.iter().map(|row| self.spec(row)).chain(of_namespaces).chain(published).collect()
    }

    fn spec(&self, row: &Row) -> TopicSpec {
        let partitions = match row.partitions {
            Partitions::AsCommands => self.partitions,
            Partitions::One => 1,
        };
        let name = self.full(row.name);
        let spec = match row.kept {
            Kept::UntilTrimmed => TopicSpec::kept(name, partitions),
            Kept::Compacted => TopicSpec::compacted(name, partitions),
            Kept::For(retention) => {
                TopicSpec { cleanup: Cleanup::Delete { retention: Some(retention) }, ..TopicSpec::kept(name, partitions) }
            }
        };
        TopicSpec { max_message_bytes: row.record_bytes_max, ..spec }
    }

    fn spec_of_namespace(&self, topic: &NamespaceTopic, name: Arc<str>) -> TopicSpec {
        TopicSpec {
            cleanup: topic.cleanup,
            // Outcomes have their command's time, as all outputs. Requests come from other programs, whose clocks may be wrong.
            log_append_time: topic.purpose == Purpose::Requests,
            max_message_bytes: LARGE,
            ..TopicSpec::kept(name, topic.partitions(self.partitions))
        }
    }

    /// Largest record of a topic, bytes as [`klamm_log::Record::size`] counts.
    pub fn record_bytes_max(&self, name: &str) -> usize {
        row(name).map_or(LARGE, |row| row.record_bytes_max)
    }

    /// The partition of an output topic that belongs to command partition `partition`.
    pub fn output_partition(name: &str, partition: u32) -> u32 {
        if row(name).is_some_and(|row| row.partitions == Partitions::One) { 0 } else { partition }
    }

    /// Whether the topic of a record exists: it is one of klamm's own, declared for a namespace, or one with dead letters of a trigger, which
    /// is made before the trigger is declared. Topics of others are looked at when destinations are declared.
    pub(crate) fn has(&self, encoded: &Encoded) -> bool {
        match &encoded.topic {
            Cow::Borrowed(_) => true,
            Cow::Owned(name) => {
                let is_declared = self.of_namespace(name).is_some() || self.of_pattern(name).is_some();
                is_declared || Self::is_of_dead_letters(name) || name.starts_with(topic::FOREIGN)
            }
        }
    }

    /// The partition of its topic to which a record of command partition `partition` goes. On topics of single namespaces the key decides,
    /// as in Java's default partitioner: then other programs that write by the same key share the order and the partitions. On klamm's own
    /// topics it is [`Topics::output_partition`].
    pub(crate) fn place(&self, encoded: &Encoded, partition: u32) -> u32 {
        if let Some(decided) = encoded.partition {
            return decided;
        }
        match &encoded.topic {
            Cow::Borrowed(name) => Self::output_partition(name, partition),
            Cow::Owned(name) => {
                let declared = self.of_namespace(name).map(|(topic, _)| topic).or_else(|| self.of_pattern(name));
                let declared = declared.map(|topic| topic.partitions(self.partitions));
                let of_topic = declared.unwrap_or(if Self::is_of_dead_letters(name) { self.partitions } else { 1 });
                key::hash(&encoded.key) % of_topic
            }
        }
    }

    /// Whether several partitions of the commands, or other programs, write to one partition of the topic (full name). Then an offset there
    /// says nothing about one of them.
    pub(crate) fn is_shared(&self, full: &str) -> bool {
        self.short(full).and_then(row).is_none()
    }

    /// Whether this would be a topic of klamm's own: one that it has, or one by a name that it may give to a topic some day.
    pub fn is_own(&self, full: &str) -> bool {
        let family = |name: &str| Purpose::of(name).is_some() || Self::is_of_dead_letters(name);
        let is_named_so = |name: &str| row(name).is_some() || family(name);
        full.starts_with(&*self.prefix) && (!self.prefix.is_empty() || self.short(full).is_some_and(is_named_so))
    }

    /// Whether the name (without prefix) stands for a topic that is not klamm's.
    pub fn is_foreign(name: &str) -> bool {
        name.starts_with(topic::FOREIGN)
    }

    /// Stands for a trigger's name in the topic with dead letters of what workflows publish. No trigger may have this name.
    pub const PUBLISHED: &str = "publish";

    /// Name of the topic with the dead letters of a trigger, without prefix.
    pub fn dead_letters(trigger: &str) -> String {
        format!("{}.{trigger}", topic::DEAD_LETTERS)
    }

    /// Whether a topic (name without prefix) has dead letters of a trigger.
    pub fn is_of_dead_letters(name: &str) -> bool {
        name.split_once('.').is_some_and(|(family, _)| family == topic::DEAD_LETTERS)
    }

    /// The topic with the dead letters of a trigger.
    pub fn dead_letters_spec(&self, trigger: &str) -> TopicSpec {
        TopicSpec {
            cleanup: Cleanup::Delete { retention: Some(WEEK) },
            // They have the time of the command, as all outputs.
            log_append_time: false,
            max_message_bytes: LARGE,
            ..TopicSpec::kept(self.full(&Self::dead_letters(trigger)), self.partitions)
        }
    }

    /// Topics that hold events of machines for command partition `partition`, without prefix: what a store is folded from. The first is
    /// `history`.
    pub fn folded(partition: u32) -> Vec<&'static str> {
        let is_written = |row: &&Row| row.partitions == Partitions::AsCommands || partition == 0;
        TOPICS.iter().filter(|row| row.is_folded).filter(is_written).map(|row| row.name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_partition_folds_what_has_one_partition_and_all_fold_the_history_first() {
        assert_eq!(Topics::folded(0), [topic::HISTORY, topic::SCHEDULES, topic::HELD, topic::CLUSTER]);
        assert_eq!(Topics::folded(1), [topic::HISTORY, topic::SCHEDULES, topic::HELD]);
        assert_eq!([topic::CLUSTER, topic::HISTORY].map(|name| Topics::output_partition(name, 3)), [0, 3]);
    }

    #[test]
    fn a_topic_of_a_namespace_has_settings_of_its_own_and_is_partitioned_by_the_key() {
        let outcomes = NamespaceTopic { partitions: Some(3), cleanup: NamespaceTopic::COMPACTED, ..NamespaceTopic::outcomes("shop") };
        let topics = Topics::new("t.", 8).with_namespaces([outcomes, NamespaceTopic::requests("shop")]);
        let specs = topics.specs();
        let spec = |name: &str| specs.iter().find(|spec| *spec.name == *name).expect("the topic");
        let (outcomes, requests) = (spec("t.outcomes.shop"), spec("t.requests.shop"));
        assert_eq!((outcomes.partitions, requests.partitions), (3, 8));
        assert!(matches!(outcomes.cleanup, Cleanup::Compact { .. }) && !outcomes.log_append_time);
        assert_eq!(requests.cleanup, Cleanup::Delete { retention: Some(WEEK) });
        assert!(requests.log_append_time, "no client's clock decides how long its requests stay");
        // Kafka's own test values of murmur2, made non-negative.
        for (key, hash) in [("21", -973_932_308_i32), ("foobar", -790_332_482), ("abc", 479_470_107)] {
            let outcome = Encoded::new("outcomes.shop".to_owned(), key.to_owned(), None);
            assert_eq!(topics.place(&outcome, 5), (hash as u32 & 0x7fff_ffff) % 3, "{key}");
            assert!(topics.has(&outcome) && !topics.has(&Encoded { topic: "outcomes.other".to_owned().into(), ..outcome }));
        }
        for (own, partition) in [(topic::HISTORY, 5), (topic::CLUSTER, 0)] {
            let encoded = Encoded::new(own, "abc".to_owned(), None);
            assert!(topics.has(&encoded) && topics.place(&encoded, 5) == partition, "{own}");
        }
        assert_eq!(
            ["t.outcomes.shop", "t.requests.a", "shop.invoices", "t.history", "t.commands.klamm-dlq"].map(|name| topics.is_shared(name)),
            [true, true, true, false, false]
        );
        assert_eq!(&*topics.full("outcomes.shop"), "t.outcomes.shop");
    }

    #[test]
    fn a_topic_of_a_pattern_is_made_on_first_use_as_the_longest_pattern_says() {
        let pattern = |queue, partitions| NamespaceTopic { partitions: Some(partitions), ..NamespaceTopic::tasks("a.b", queue) };
        let topics = Topics::new("t.", 8).with_namespaces([pattern("*", 1), pattern("ship-*", 3), pattern("ship-eu", 5)]);
        let made = |full: &str| topics.made_on_first_use(full).map(|spec| spec.partitions);
        let names = [
            "t.tasks.a.b.ship-us",
            "t.tasks.a.b.x_1",
            "t.tasks.a.b.ship-eu",
            "t.tasks.a.b.c.d",
            "t.tasks.a.c",
            "tasks.a.b.x",
            "t.outcomes.a.b",
        ];
        assert_eq!(names.map(made), [Some(3), Some(1), None, None, None, None, None]);
        let spec = topics.made_on_first_use("t.tasks.a.b.ship-us").expect("a topic");
        assert_eq!((&*spec.name, spec.cleanup), ("t.tasks.a.b.ship-us", Cleanup::Delete { retention: Some(WEEK) }));
        let task = |queue: &str| Encoded::new(tasks_topic("a.b", queue), "abc".to_owned(), None);
        for (queue, partitions) in [("ship-us", 3), ("x_1", 1), ("ship-eu", 5)] {
            assert!(topics.has(&task(queue)) && topics.place(&task(queue), 5) == key::hash("abc") % partitions, "{queue}");
        }
        let avro = NamespaceTopic { format: Format::Avro, ..pattern("typed-*", 1) };
        let typed = Topics::new("t.", 8).with_namespaces([avro, pattern("x", 1), NamespaceTopic::outcomes("a.b")]);
        assert_eq!(typed.with_schemas().collect::<Vec<_>>(), ["outcomes.a.b", "tasks.a.b"]);
        assert_eq!(
            ["tasks.a.b.typed-1", "tasks.a.b.x", "history"].map(|name| typed.format(name)),
            [Some(Format::Avro), Some(Format::Json), None]
        );
        assert!(!topics.has(&task("c.d")), "it is another namespace's, or nobody's");
        let of_patterns = |name: &str| name.contains('*');
        assert!(
            !topics.specs().iter().any(|spec| of_patterns(&spec.name)) && !topics.of_namespaces().any(|topic| of_patterns(&topic.name))
        );
    }

    #[test]
    fn dead_letters_of_triggers_have_topics_that_nobody_declares() {
        let topics = Topics::new("t.", 8);
        let name = Topics::dead_letters("a.b");
        assert_eq!((name.as_str(), &*topics.dead_letters_spec("a.b").name), ("dlq.a.b", "t.dlq.a.b"));
        assert!(Topics::is_of_dead_letters(&name) && topics.is_shared(&topics.full(&name)));
        assert!(![topic::COMMANDS_DEAD_LETTERS, topic::HISTORY, "dlq"].into_iter().any(Topics::is_of_dead_letters));
        let letter = Encoded { foreign_key: Some(None), ..Encoded::new(name, "k".to_owned(), None) };
        assert!(topics.has(&letter));
        assert_eq!(topics.place(&letter, 5), key::hash("k") % 8);
    }

    #[test]
    fn topics_of_others_keep_their_names_and_are_never_klamms() {
        let topics = Topics::new("t.", 8);
        let record = Encoded::foreign("shop.invoices", 11, None, None);
        assert_eq!((&*topics.full(&record.topic), topics.place(&record, 5)), ("shop.invoices", 11));
        assert!(topics.has(&record) && Topics::is_foreign(&record.topic) && !Topics::is_foreign("outcomes.shop"));
        assert_eq!(["t.history", "t.anything", "shop.t.history"].map(|name| topics.is_own(name)), [true, true, false]);
        let plain = Topics::new("", 8);
        assert_eq!(["history", "tasks.a.b", "dlq.x", "shop.orders"].map(|name| plain.is_own(name)), [true, true, true, false]);
    }
}
