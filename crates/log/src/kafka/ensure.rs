//! Topics at the start: made, or checked.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rdkafka::{
    admin::{NewTopic, TopicReplication},
    error::{KafkaError, RDKafkaErrorCode},
};

use super::{
    core::Core,
    errors::Doing,
    settings::{Settings, TopicsMode},
    topics::Described,
};
use crate::{Cleanup, Error, TopicSpec, parking::block_on};

/// Topics with a shorter retention than this get small segments. The broker deletes no records of the segment that it still writes to.
const SHORT_RETENTION: Duration = Duration::from_secs(24 * 3600);

/// Smallest such segment.
const SEGMENT_MIN: Duration = Duration::from_secs(60);

/// The settings with which klamm makes a topic, by Kafka's names.
pub fn topic_configs(spec: &TopicSpec) -> BTreeMap<&'static str, String> {
    let millis = |duration: Duration| duration.as_millis().to_string();
    let timestamps = if spec.log_append_time { "LogAppendTime" } else { "CreateTime" };
    let mut configs = BTreeMap::from([
        ("message.timestamp.type", timestamps.to_owned()),
        ("max.message.bytes", spec.max_message_bytes.to_string()),
        ("unclean.leader.election.enable", "false".to_owned()),
    ]);
    match spec.cleanup {
        Cleanup::Delete { retention } => {
            configs.insert("cleanup.policy", "delete".to_owned());
            configs.insert("retention.ms", retention.map_or("-1".to_owned(), millis));
            configs.insert("retention.bytes", "-1".to_owned());
            if let Some(retention) = retention.filter(|retention| *retention < SHORT_RETENTION) {
                configs.insert("segment.ms", millis((retention / 10).max(SEGMENT_MIN)));
            }
        }
        Cleanup::Compact { min_compaction_lag, delete_retention } => {
            configs.insert("cleanup.policy", "compact".to_owned());
            configs.insert("min.compaction.lag.ms", millis(min_compaction_lag));
            configs.insert("delete.retention.ms", millis(delete_retention));
        }
    }
    configs
}

impl Core {
    /// See [`crate::Log::ensure_topics`].
    pub(super) fn ensure(&self, specs: &[TopicSpec]) -> Result<(), Error> {
        let mode = self.settings().topics;
        if mode == TopicsMode::LeaveAlone {
            return Ok(());
        }
        let (mut missing, mut wrong) = (Vec::new(), Vec::new());
        for spec in specs {
            if self.partitions(&spec.name)?.is_none() {
                missing.push(spec);
            }
        }
        if mode == TopicsMode::Create {
            self.make(&missing)?;
        } else if !missing.is_empty() {
            let replicas = self.replicas_advised();
            wrong.extend(missing.iter().map(|spec| absent(self.settings(), spec, replicas)));
        }
        let names: Vec<_> = specs.iter().map(|spec| &*spec.name).collect();
        let described = self.describe(&names)?;
        for described in &described {
            if let Some(spec) = specs.iter().find(|spec| *spec.name == *described.name) {
                wrong.extend(compare(self.settings(), spec, described));
            }
        }
        match wrong.len() {
            0 => {}
            1 => return Err(wrong.remove(0)),
            _ => return Err(Error::Mismatches { problems: wrong }),
        }
        for described in &described {
            self.know(described)?;
        }
        // Made now, because a new producer needs a moment until it can append.
        self.make_producer()
    }

    fn make(&self, specs: &[&TopicSpec]) -> Result<(), Error> {
        let [first, ..] = specs else { return Ok(()) };
        let configs: Vec<_> = specs.iter().map(|spec| topic_configs(spec)).collect();
        // -1: the broker's default.
        let replicas = self.settings().replication_factor.map_or(-1, i32::from);
        let topics: Vec<_> = specs
            .iter()
            .zip(&configs)
            .map(|(spec, configs)| {
                let topic = NewTopic::new(&spec.name, spec.partitions as i32, TopicReplication::Fixed(replicas));
                configs.iter().fold(topic, |topic, (name, value)| topic.set(name, value))
            })
            .collect();
        let made = block_on(self.admin()?.create_topics(&topics, &self.admin_options()));
        let made = made.map_err(|error| self.errors().failed(Doing::Create(&first.name), &error))?;
        for result in made {
            match result {
                Ok(name) => tracing::info!(topic = name, "made the topic"),
                // Another process was faster.
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => return Err(self.not_made(&name, code)),
            }
        }
        specs.iter().try_for_each(|spec| self.await_made(&spec.name))
    }

    pub(super) fn not_made(&self, name: &str, code: RDKafkaErrorCode) -> Error {
        let problem = match code {
            RDKafkaErrorCode::InvalidReplicationFactor => {
                "there are fewer brokers than replicas wanted; set a smaller replication factor, or start more brokers".to_owned()
            }
            RDKafkaErrorCode::PolicyViolation
            | RDKafkaErrorCode::InvalidConfig
            | RDKafkaErrorCode::InvalidPartitions
            | RDKafkaErrorCode::InvalidTopic => {
                format!("the broker does not make it so ({code}); make it by hand, and klamm checks it")
            }
            _ => return self.errors().failed(Doing::Create(name), &KafkaError::AdminOp(code)),
        };
        Error::Mismatch { topic: name.to_owned(), problem }
    }

    /// How many replicas a topic should have on this cluster: three, or as many as there are brokers.
    pub(super) fn replicas_advised(&self) -> u16 {
        // Asks about a topic that does not exist: the answer names the brokers too, and an answer about all topics would be long.
        let metadata = self.metadata(Some("klamm.check"));
        metadata.map_or(1, |metadata| metadata.brokers().len().clamp(1, 3) as u16)
    }

    /// Waits until the new topic is known. The brokers learn of it one after the other.
    fn await_made(&self, name: &str) -> Result<(), Error> {
        let deadline = Instant::now() + self.settings().request_timeout;
        while self.partitions(name)?.is_none() {
            if Instant::now() >= deadline {
                return Err(self.errors().unavailable(Doing::Create(name), "it was made and does not appear"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

/// The error for a missing topic, with the command that makes it. `replicas`: how many it should have where the settings do not say.
pub(super) fn absent(settings: &Settings, spec: &TopicSpec, replicas: u16) -> Error {
    let replicas = settings.replication_factor.unwrap_or(replicas);
    let mut configs: Vec<_> = topic_configs(spec).iter().map(|(name, value)| format!("--config {name}={value}")).collect();
    if replicas >= 3 {
        configs.push("--config min.insync.replicas=2".to_owned());
    }
    let problem = format!(
        "it is missing, and klamm is set to make no topics; make it: kafka-topics.sh --bootstrap-server {} --create --topic {} \
         --partitions {} --replication-factor {replicas} {}",
        settings.bootstrap_servers,
        spec.name,
        spec.partitions,
        configs.join(" ")
    );
    Error::Mismatch { topic: spec.name.to_string(), problem }
}

/// Finds properties with which the topic keeps less than klamm needs.
pub(super) fn compare(settings: &Settings, spec: &TopicSpec, found: &Described) -> Vec<Error> {
    let mut wrong = Vec::new();
    let mut mismatch = |problem: String| wrong.push(Error::Mismatch { topic: spec.name.to_string(), problem });
    if found.partitions != spec.partitions {
        mismatch(format!(
            "it has {} partitions, {} are wanted; set kafka.partitions to {}, or use another topic prefix (keys are spread over \
             the partitions there are: their number cannot be changed in place)",
            found.partitions, spec.partitions, found.partitions
        ));
    }
    let mut change = |name: &str, value: &str, problem: String| {
        mismatch(format!(
            "{problem}; set it: kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name {} --add-config {name}={value}",
            settings.bootstrap_servers, spec.name
        ));
    };
    for (name, wanted) in topic_configs(spec) {
        let is = found.config(name);
        let fits = match name {
            "max.message.bytes" | "min.compaction.lag.ms" | "delete.retention.ms" | "retention.ms" | "retention.bytes" => {
                at_least(is, &wanted)
            }
            "segment.ms" => true,
            _ => is == wanted,
        };
        if !fits {
            change(name, &wanted, format!("{name} is {}, {wanted} is wanted", if is.is_empty() { "unknown" } else { is }));
        }
    }
    let min_insync = found.config("min.insync.replicas");
    if found.replicas >= 3 && min_insync.parse().is_ok_and(|min: usize| min < 2) {
        let problem = format!(
            "min.insync.replicas is {min_insync} with {} replicas: losing one broker could lose what was acknowledged",
            found.replicas
        );
        change("min.insync.replicas", "2", problem);
    }
    wrong
}

/// Compares numbers of which a negative one means "without limit".
fn at_least(found: &str, wanted: &str) -> bool {
    match (found.parse::<i64>(), wanted.parse::<i64>()) {
        (Ok(found), _) if found < 0 => true,
        (Ok(_), Ok(wanted)) if wanted < 0 => false,
        (Ok(found), Ok(wanted)) => found >= wanted,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(spec: &TopicSpec) -> Described {
        let configs = topic_configs(spec).into_iter().map(|(name, value)| (name.to_owned(), value));
        Described { name: spec.name.to_string(), partitions: spec.partitions, replicas: 1, configs: configs.collect(), id: None }
    }

    fn problem(spec: &TopicSpec, found: &Described) -> String {
        match &compare(&Settings::default(), spec, found)[..] {
            [Error::Mismatch { problem, .. }, ..] => problem.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_topic_as_klamm_makes_it_fits() {
        for spec in [TopicSpec::kept("t", 8), TopicSpec::compacted("t", 8)] {
            assert_eq!(compare(&Settings::default(), &spec, &found(&spec)), Vec::new());
            assert_eq!(found(&spec).spec(), spec);
        }
    }

    #[test]
    fn more_is_fine_and_less_is_named_with_the_remedy() {
        let spec = TopicSpec::compacted("t", 8);
        let mut topic = found(&spec);
        topic.configs.insert("delete.retention.ms".to_owned(), "99999999999".to_owned());
        topic.configs.insert("max.message.bytes".to_owned(), "9999999".to_owned());
        assert_eq!(compare(&Settings::default(), &spec, &topic), Vec::new());
        topic.configs.insert("max.message.bytes".to_owned(), "1000".to_owned());
        let text = problem(&spec, &topic);
        assert!(text.contains("max.message.bytes is 1000, 1048576 is wanted"), "{text}");
        assert!(text.contains("--entity-name t --add-config max.message.bytes=1048576"), "{text}");

        let kept = TopicSpec::kept("t", 8);
        let mut topic = found(&kept);
        topic.configs.insert("retention.ms".to_owned(), "604800000".to_owned());
        assert!(problem(&kept, &topic).contains("retention.ms is 604800000, -1 is wanted"));
        assert!(problem(&kept, &found(&spec)).contains("cleanup.policy is compact, delete is wanted"));
        assert!(problem(&kept, &found(&TopicSpec { partitions: 3, ..kept.clone() })).contains("it has 3 partitions, 8 are wanted"));
        let own_times = found(&TopicSpec { log_append_time: false, ..kept.clone() });
        assert!(problem(&kept, &own_times).contains("message.timestamp.type is CreateTime, LogAppendTime is wanted"));
        let mut unsafe_topic = found(&kept);
        unsafe_topic.replicas = 3;
        unsafe_topic.configs.insert("min.insync.replicas".to_owned(), "1".to_owned());
        assert!(problem(&kept, &unsafe_topic).contains("min.insync.replicas is 1 with 3 replicas"));
        unsafe_topic.configs.insert("unclean.leader.election.enable".to_owned(), "true".to_owned());
        assert!(problem(&kept, &unsafe_topic).contains("unclean.leader.election.enable is true"));
        assert_eq!(compare(&Settings::default(), &kept, &unsafe_topic).len(), 2, "all that is wrong is told at once");
    }

    #[test]
    fn short_lived_topics_get_short_segments() {
        let spec = TopicSpec { cleanup: Cleanup::Delete { retention: Some(Duration::from_secs(600)) }, ..TopicSpec::kept("members", 1) };
        assert_eq!(topic_configs(&spec)["segment.ms"], "60000");
        assert!(!topic_configs(&TopicSpec::kept("t", 1)).contains_key("segment.ms"));
    }

    #[test]
    fn a_missing_topic_is_told_with_the_command_that_makes_it() {
        let text = absent(&Settings::default(), &TopicSpec::kept("t", 8), 1).to_string();
        assert!(text.contains("--create --topic t --partitions 8 --replication-factor 1 "), "{text}");
        assert!(text.contains("--config retention.ms=-1") && !text.contains("min.insync.replicas"), "{text}");
        let text = absent(&Settings::default(), &TopicSpec::kept("t", 8), 3).to_string();
        assert!(text.contains("--replication-factor 3 ") && text.contains("--config min.insync.replicas=2"), "{text}");
        let settings = Settings { replication_factor: Some(5), ..Settings::default() };
        assert!(absent(&settings, &TopicSpec::kept("t", 8), 1).to_string().contains("--replication-factor 5 "));
    }
}
