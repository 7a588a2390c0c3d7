//! `klamm topics manifest`: the topics as Strimzi's KafkaTopic resources, made from the same specifications by which `klamm serve` creates
//! them.

use std::fmt::Write as _;

use klamm_log::{TopicSpec, kafka::topic_configs};
use serde_json::{Map, Value, json};

use crate::{
    cli::{ManifestOptions, print},
    config::Config,
    setup_error::SetupError,
};

/// Prints the resources. No server is asked.
pub fn run(options: &ManifestOptions) -> Result<(), SetupError> {
    let config = Config::load_topics(options.config.as_deref())?;
    let specs = config.topics().specs();
    let replicas = config.kafka.replication_factor;
    for spec in &specs {
        match options.json {
            true => print(&resource(spec, replicas, &options.cluster, &options.api_version).to_string()),
            false => print(document(spec, replicas, &options.cluster, &options.api_version).trim_end()),
        }
    }
    Ok(())
}

/// The resource as a JSON object.
fn resource(spec: &TopicSpec, replicas: i32, cluster: &str, api_version: &str) -> Value {
    let mut config: Map<String, Value> = topic_configs(spec).into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    if replicas >= 3 {
        config.insert("min.insync.replicas".to_owned(), "2".into());
    }
    let mut body = json!({ "topicName": &*spec.name, "partitions": spec.partitions, "config": config });
    if replicas > 0 {
        body["replicas"] = replicas.into();
    }
    let metadata = json!({ "name": resource_name(&spec.name), "labels": { "strimzi.io/cluster": cluster } });
    json!({ "apiVersion": api_version, "kind": "KafkaTopic", "metadata": metadata, "spec": body })
}

/// The resource as a YAML document. Without `replicas` the operator takes the broker's default.
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

/// A topic's name in the form that resources need: lower case, digits, '-' and '.', with a letter or digit at both ends.
fn resource_name(topic: &str) -> String {
    let lower = topic.to_lowercase().replace(|character: char| !matches!(character, 'a'..='z' | '0'..='9' | '-' | '.'), "-");
    lower.trim_matches(['-', '.']).to_owned()
}

/// The text in double quotes, in a form that JSON and YAML both read.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
