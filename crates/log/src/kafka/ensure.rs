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
use crate::{Cleanup, Error, TopicSpec, wait};

/// Topics whose records go sooner than this get small segments: a segment that is still written to keeps its records.
const SHORT_RETENTION: Duration = Duration::from_secs(24 * 3600);

/// Smallest of them.
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
        let mut missing = Vec::new();
        for spec in specs {
            match self.partitions(&spec.name)? {
                Some(_) => {}
                None if mode == TopicsMode::Create => missing.push(spec),
                None => return Err(absent(self.settings(), spec)),
            }
        }
        self.make(&missing)?;
        let names: Vec<_> = specs.iter().map(|spec| &*spec.name).collect();
        for described in self.describe(&names)? {
            if let Some(spec) = specs.iter().find(|spec| *spec.name == *described.name) {
                compare(self.settings(), spec, &described)?;
            }
            self.know(&described)?;
        }
        // It needs a moment until it can append.
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
        let made = wait::block_on(self.admin()?.create_topics(&topics, &self.admin_options()));
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

    fn not_made(&self, name: &str, code: RDKafkaErrorCode) -> Error {
        let problem = match code {
            RDKafkaErrorCode::InvalidReplicationFactor => {
                "there are fewer brokers than replicas wanted; set a smaller replication factor, or start more brokers".to_owned()
            }
            RDKafkaErrorCode::PolicyViolation | RDKafkaErrorCode::InvalidConfig | RDKafkaErrorCode::InvalidPartitions => {
                format!("the broker does not make it so ({code}); make it by hand, and klamm checks it")
            }
            _ => return self.errors().failed(Doing::Create(name), &KafkaError::AdminOp(code)),
        };
        Error::Mismatch { topic: name.to_owned(), problem }
    }

    /// A topic that was made becomes known to the brokers one after the other.
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

fn absent(settings: &Settings, spec: &TopicSpec) -> Error {
    let replicas = settings.replication_factor.map(|factor| format!(" --replication-factor {factor}")).unwrap_or_default();
    let configs: Vec<_> = topic_configs(spec).iter().map(|(name, value)| format!("--config {name}={value}")).collect();
    let problem = format!(
        "it is missing, and klamm is set to make no topics; make it: kafka-topics.sh --bootstrap-server {} --create --topic {} --partitions {}{replicas} {}",
        settings.bootstrap_servers,
        spec.name,
        spec.partitions,
        configs.join(" ")
    );
    Error::Mismatch { topic: spec.name.to_string(), problem }
}

/// Finds what keeps less than klamm needs.
fn compare(settings: &Settings, spec: &TopicSpec, found: &Described) -> Result<(), Error> {
    let mismatch = |problem: String| Err(Error::Mismatch { topic: spec.name.to_string(), problem });
    if found.partitions != spec.partitions {
        return mismatch(format!(
            "it has {} partitions, {} are wanted; set kafka.partitions to {}, or use another topic prefix (keys are spread over \
             the partitions there are: their number cannot be changed in place)",
            found.partitions, spec.partitions, found.partitions
        ));
    }
    let change = |name: &str, value: &str, problem: String| {
        mismatch(format!(
            "{problem}; set it: kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name {} --add-config {name}={value}",
            settings.bootstrap_servers, spec.name
        ))
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
            return change(name, &wanted, format!("{name} is {}, {wanted} is wanted", if is.is_empty() { "unknown" } else { is }));
        }
    }
    let min_insync = found.config("min.insync.replicas");
    if found.replicas >= 3 && min_insync.parse().is_ok_and(|min: usize| min < 2) {
        let problem = format!(
            "min.insync.replicas is {min_insync} with {} replicas: losing one broker could lose what was acknowledged",
            found.replicas
        );
        return change("min.insync.replicas", "2", problem);
    }
    Ok(())
}

/// Numbers where a negative one means without limit.
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
        Described { name: spec.name.to_string(), partitions: spec.partitions, replicas: 1, configs: configs.collect() }
    }

    fn problem(spec: &TopicSpec, found: &Described) -> String {
        match compare(&Settings::default(), spec, found) {
            Err(Error::Mismatch { problem, .. }) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_topic_as_klamm_makes_it_fits() {
        for spec in [TopicSpec::kept("t", 8), TopicSpec::compacted("t", 8)] {
            assert_eq!(compare(&Settings::default(), &spec, &found(&spec)), Ok(()));
            assert_eq!(found(&spec).spec(), spec);
        }
    }

    #[test]
    fn more_is_fine_and_less_is_named_with_the_remedy() {
        let spec = TopicSpec::compacted("t", 8);
        let mut topic = found(&spec);
        topic.configs.insert("delete.retention.ms".to_owned(), "99999999999".to_owned());
        topic.configs.insert("max.message.bytes".to_owned(), "9999999".to_owned());
        assert_eq!(compare(&Settings::default(), &spec, &topic), Ok(()));
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
    }

    #[test]
    fn short_lived_topics_get_short_segments() {
        let spec = TopicSpec { cleanup: Cleanup::Delete { retention: Some(Duration::from_secs(600)) }, ..TopicSpec::kept("members", 1) };
        assert_eq!(topic_configs(&spec)["segment.ms"], "60000");
        assert!(!topic_configs(&TopicSpec::kept("t", 1)).contains_key("segment.ms"));
    }

    #[test]
    fn a_missing_topic_is_told_with_the_command_that_makes_it() {
        let text = absent(&Settings::default(), &TopicSpec::kept("t", 8)).to_string();
        assert!(text.contains("--create --topic t --partitions 8") && text.contains("--config retention.ms=-1"), "{text}");
    }
}
