//! `klamm topics manifest`: what it prints is what `klamm serve` creates, and no broker is needed for it.

use std::{collections::BTreeMap, process::Command};

use klamm_engine::{NamespaceTopic, Topics};
use klamm_log::{Cleanup, TopicSpec, kafka::topic_configs};

const KLAMM: &str = env!("CARGO_BIN_EXE_klamm");

/// One resource: values by their path, such as `spec.config.cleanup.policy`; quotes taken off.
type Resource = BTreeMap<String, String>;

fn manifest(arguments: &[&str], variables: &[(&str, &str)]) -> Vec<Resource> {
    let output = Command::new(KLAMM).args(["topics", "manifest"]).args(arguments).env_clear().envs(variables.iter().copied()).output();
    let output = output.expect("klamm runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").split("---\n").filter(|text| !text.is_empty()).map(resource).collect()
}

/// The few shapes of YAML that are printed: tables by indentation, and scalars.
fn resource(text: &str) -> Resource {
    let mut path: Vec<String> = Vec::new();
    let mut values = Resource::new();
    for line in text.lines() {
        let depth = (line.len() - line.trim_start().len()) / 2;
        let (key, value) = line.trim_start().split_once(':').expect("a key");
        path.truncate(depth);
        path.push(key.to_owned());
        if !value.is_empty() {
            let last = values.insert(path.join("."), value.trim().trim_matches('"').to_owned());
            assert!(last.is_none(), "{line} stands twice");
        }
    }
    values
}

#[test]
fn every_topic_stands_there_as_it_is_created() {
    let variables = [
        ("KLAMM_KAFKA__TOPIC_PREFIX", "Shop_1."),
        ("KLAMM_KAFKA__PARTITIONS", "4"),
        ("KLAMM_KAFKA__REPLICATION_FACTOR", "3"),
        ("KLAMM_NAMESPACES__DEFAULT__OUTCOMES__CLEANUP", "compact"),
        ("KLAMM_NAMESPACES__DEFAULT__REQUESTS__PARTITIONS", "6"),
    ];
    let resources = manifest(&["--cluster", "main"], &variables);
    let outcomes = NamespaceTopic { cleanup: NamespaceTopic::COMPACTED, ..NamespaceTopic::outcomes("default") };
    let requests = NamespaceTopic { partitions: Some(6), ..NamespaceTopic::requests("default") };
    let specs = Topics::new("Shop_1.", 4).with_namespaces([outcomes, requests]).specs();
    assert_eq!(resources.len(), specs.len());
    for spec in specs {
        let resource = resources.iter().find(|resource| resource["spec.topicName"] == *spec.name).expect("the topic");
        assert_eq!(resource["apiVersion"], "kafka.strimzi.io/v1");
        assert_eq!(resource["kind"], "KafkaTopic");
        assert_eq!(resource["metadata.labels.strimzi.io/cluster"], "main");
        // What Kubernetes takes as a name.
        assert_eq!(resource["metadata.name"], spec.name.to_lowercase().replace('_', "-"));
        assert_eq!(resource["spec.partitions"], spec.partitions.to_string());
        assert_eq!(resource["spec.replicas"], "3");
        let configs: BTreeMap<_, _> =
            resource.iter().filter_map(|(key, value)| Some((key.strip_prefix("spec.config.")?, value.clone()))).collect();
        let mut created = topic_configs(&spec);
        created.insert("min.insync.replicas", "2".to_owned());
        assert_eq!(configs, created, "{}", spec.name);
        fits(&spec, &configs);
    }
}

/// The settings by themselves, not as `topic_configs` has them.
fn fits(spec: &TopicSpec, configs: &BTreeMap<&str, String>) {
    let wanted = match spec.cleanup {
        Cleanup::Compact { .. } => {
            vec![("cleanup.policy", "compact"), ("delete.retention.ms", "604800000"), ("min.compaction.lag.ms", "86400000")]
        }
        Cleanup::Delete { retention: None } => vec![("cleanup.policy", "delete"), ("retention.ms", "-1")],
        Cleanup::Delete { .. } => vec![("cleanup.policy", "delete")],
    };
    for (name, value) in wanted {
        assert_eq!(configs[name], value, "{} {name}", spec.name);
    }
    let large = ["commands", "history"].iter().any(|name| spec.name.ends_with(&format!(".{name}")));
    assert!(!large || configs["max.message.bytes"] == "6291456", "{configs:?}");
    assert_eq!(configs["message.timestamp.type"], if spec.log_append_time { "LogAppendTime" } else { "CreateTime" });
}

#[test]
fn without_settings_it_leaves_replicas_to_the_broker() {
    let resources = manifest(&["--api-version", "kafka.strimzi.io/v1beta2"], &[]);
    let names: Vec<_> = resources.iter().map(|resource| resource["spec.topicName"].as_str()).collect();
    for name in ["klamm.commands", "klamm.history", "klamm.visibility", "klamm.schedules", "klamm.cluster", "klamm.members"] {
        assert!(names.contains(&name), "{names:?}");
    }
    for resource in &resources {
        assert_eq!(resource["apiVersion"], "kafka.strimzi.io/v1beta2");
        assert!(!resource.contains_key("spec.replicas") && !resource.contains_key("spec.config.min.insync.replicas"));
    }
}

#[test]
fn wrong_settings_are_refused() {
    let output =
        Command::new(KLAMM).args(["topics", "manifest"]).env_clear().env("KLAMM_KAFKA__PARTITIONS", "6").output().expect("klamm runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("6 is not a power of two"), "{error}");
}
