//! `klamm topics manifest`: the topics as Strimzi's KafkaTopic resources, from the same specifications that `klamm serve` creates them by.

use std::fmt::Write as _;

use klamm_engine::Topics;
use klamm_log::{TopicSpec, kafka::topic_configs};

use crate::{
    cli::ManifestOptions,
    config::{Config, Kafka},
    setup_error::SetupError,
};

/// Prints the resources; no server is asked.
pub fn run(options: &ManifestOptions) -> Result<(), SetupError> {
    let config = Config::load_topics(options.config.as_deref())?;
    print!("{}", manifest(&config.kafka, &options.cluster, &options.api_version));
    Ok(())
}

/// One YAML document per topic.
fn manifest(kafka: &Kafka, cluster: &str, api_version: &str) -> String {
    let specs = Topics::new(&kafka.topic_prefix, kafka.partitions).specs();
    specs.iter().map(|spec| document(spec, kafka.replication_factor, cluster, api_version)).collect()
}

/// Without `replicas` the operator takes the broker's default.
fn document(spec: &TopicSpec, replicas: i32, cluster: &str, api_version: &str) -> String {
    let mut text = String::new();
    let mut line = |line: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
    };
    line(format_args!("---"));
    line(format_args!("apiVersion: {api_version}"));
    line(format_args!("kind: KafkaTopic"));
    line(format_args!("metadata:"));
    line(format_args!("  name: {}", quoted(&resource_name(&spec.name))));
    line(format_args!("  labels:"));
    line(format_args!("    strimzi.io/cluster: {}", quoted(cluster)));
    line(format_args!("spec:"));
    line(format_args!("  topicName: {}", quoted(&spec.name)));
    line(format_args!("  partitions: {}", spec.partitions));
    if replicas > 0 {
        line(format_args!("  replicas: {replicas}"));
    }
    line(format_args!("  config:"));
    for (name, value) in topic_configs(spec) {
        line(format_args!("    {name}: {}", quoted(&value)));
    }
    if replicas >= 3 {
        line(format_args!("    min.insync.replicas: \"2\""));
    }
    text
}

/// A topic's name as a resource may be called: lower case, digits, '-' and '.', no other at the ends.
fn resource_name(topic: &str) -> String {
    let lower = topic.to_lowercase().replace(|character: char| !matches!(character, 'a'..='z' | '0'..='9' | '-' | '.'), "-");
    lower.trim_matches(['-', '.']).to_owned()
}

/// In double quotes, as JSON and YAML both read it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
