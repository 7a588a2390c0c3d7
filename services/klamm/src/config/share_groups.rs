//! Share groups of stream task queues: which ones are declared, and whether they can be.

use std::{ops::RangeInclusive, time::Duration};

use klamm_engine::tasks_topic;
use klamm_log::ShareGroup;
use klamm_machine::stream_queue;

use super::{Config, keys, namespace::Tasks, units::Span};

/// Bounds that Kafka allows a broker to have. Those that it has by default are narrower: 15 s to 60 s, and 2 to 10.
const LOCK: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);
const DELIVERIES: RangeInclusive<u32> = 2..=25;

/// Longest name of a group, bytes; as topics'.
const NAME_BYTES_MAX: usize = 249;

/// What is wrong: the key, the problem, and what to do about it.
pub type Wrong = (String, String, &'static str);

/// All share groups, each once.
///
/// # Errors
/// A queue is not declared, a group cannot have its name or its settings, or two namespaces want it differently.
pub fn of_all(config: &Config) -> Result<Vec<ShareGroup>, Wrong> {
    let mut all: Vec<ShareGroup> = Vec::new();
    for (namespace, tasks) in config.namespaces.iter().filter_map(|(name, of)| Some((name, of.tasks.as_ref()?))) {
        let wrong = |(key, problem, hint)| (format!("{}.{namespace}.tasks.{key}", keys::NAMESPACES), problem, hint);
        for group in of_namespace(&config.kafka.topic_prefix, namespace, tasks).map_err(wrong)? {
            match all.iter().find(|other| other.name == group.name) {
                None => all.push(group),
                Some(other) if *other == group => {}
                Some(_) => {
                    let problem = format!("the share group {:?} has other settings in another namespace", group.name);
                    return Err(wrong(("share", problem, "give each namespace groups of its own")));
                }
            }
        }
    }
    Ok(all)
}

/// Whether a group's name may hold the character. (Kafka takes any. These are those of topics, which need no quotes anywhere.)
fn is_legal(character: char) -> bool {
    stream_queue::is_for_patterns(character) || character == '.'
}

fn of_namespace(prefix: &str, namespace: &str, tasks: &Tasks) -> Result<Vec<ShareGroup>, (&'static str, String, &'static str)> {
    if !LOCK.contains(&tasks.share_lock.0) {
        let problem = format!(
            "{} is no time for which Kafka locks a record: it takes {} to {}",
            tasks.share_lock,
            Span(*LOCK.start()),
            Span(*LOCK.end())
        );
        return Err((
            "share_lock",
            problem,
            "use 30s; more than 60s only where group.share.max.record.lock.duration.ms of the broker allows it",
        ));
    }
    if !DELIVERIES.contains(&tasks.share_deliveries) {
        let (least, most) = (DELIVERIES.start(), DELIVERIES.end());
        let problem = format!("{} is no number of deliveries: Kafka takes {least} to {most}", tasks.share_deliveries);
        return Err((
            "share_deliveries",
            problem,
            "use 5; more than 10 only where group.share.max.delivery.count.limit of the broker allows it",
        ));
    }
    let declared = tasks.declared().unwrap_or_default();
    let group = |text: &String| {
        let (queue, group) = text.split_once('=').map_or((text.trim(), None), |(queue, group)| (queue.trim(), Some(group.trim())));
        if !declared.iter().any(|it| it.name == queue) {
            return Err(format!("tasks.queues does not declare {queue:?}"));
        }
        let name = match group {
            Some(group) => group.to_owned(),
            None if stream_queue::is_pattern(queue) => return Err(format!("the pattern {queue:?} needs a name for its group")),
            None => format!("{prefix}{}", tasks_topic(namespace, queue)),
        };
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(is_legal) {
            return Err(format!("{name:?} is no name of a group: use letters, digits, '.', '_' and '-'"));
        }
        Ok(ShareGroup { name, lock: tasks.share_lock.0, deliveries: tasks.share_deliveries })
    };
    let hint = "write names or patterns that tasks.queues declares, as QUEUE or QUEUE=GROUP: [\"shipping\", \"ship-*=shippers\"]";
    tasks.share.iter().map(group).collect::<Result<_, _>>().map_err(|problem| ("share", problem, hint))
}
