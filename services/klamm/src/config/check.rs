//! Checks the rules for settings that their types do not express.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use klamm_engine::LARGE_MESSAGE_BYTES;
use klamm_log::Cleanup;
use klamm_machine::stream_queue;

use super::{
    Config, Registry, keys,
    namespace::{Namespace, Tasks, destination},
    share_groups, stream_queues,
    units::Span,
};
use crate::{logging, setup_error::SetupError};

/// Bytes that the envelope of a command may take beside its content.
const ENVELOPE_BYTES: usize = 512 << 10;
/// Shortest time limit that clients can be given.
const CONNECTION_TIME_MIN: Duration = Duration::from_secs(1);
/// Kafka limits a topic's name to 249 bytes. klamm's own names and `.klamm-dlq` must fit behind the prefix.
const PREFIX_MAX: usize = 100;
/// Kafka's limit of a topic's name, bytes.
const TOPIC_NAME_MAX: usize = 249;
/// Most partitions of a topic of a namespace.
const TOPIC_PARTITIONS_MAX: u32 = 1024;
/// Shortest retention of a topic of a namespace.
const RETENTION_MIN: Duration = Duration::from_secs(60);

/// Finds what is wrong in any section.
pub fn check(config: &Config) -> Result<(), SetupError> {
    let found = [
        server(config),
        connections(config),
        logging::filter(&config.server.log_level, "server.log_level").map(drop),
        kafka(config),
        registry(&config.registry),
        processor(config),
        limits(config),
    ];
    SetupError::all(found.into_iter().filter_map(Result::err).collect())
}

fn processor(config: &Config) -> Result<(), SetupError> {
    match config.processor.transactions_per_second {
        0 => Err(wrong("processor.transactions_per_second", "0 transactions would never write anything out", "use 8, or more")),
        _ => Ok(()),
    }
}

/// Checks `[limits]` alone.
pub fn limits(config: &Config) -> Result<(), SetupError> {
    if config.limits.command_bytes > LARGE_MESSAGE_BYTES - ENVELOPE_BYTES {
        let problem = format!("with its envelope such a command is beyond the topics' max.message.bytes of {LARGE_MESSAGE_BYTES}");
        return Err(wrong("limits.command_bytes", problem, "use 5242880, or less"));
    }
    Ok(())
}

fn server(config: &Config) -> Result<(), SetupError> {
    let server = &config.server;
    if server.port == server.http_port && server.port != 0 {
        return Err(wrong("server.http_port", format!("{} is server.port too", server.port), "use another port"));
    }
    if let Some(address) = &server.advertised_address
        && !address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
    {
        return Err(wrong("server.advertised_address", format!("{address:?} is not host:port"), "write it such as klamm-1:7233"));
    }
    if let Some(host) = server.http_hosts.iter().find(|host| host.is_empty() || host.contains(['/', '*'])) {
        return Err(wrong(
            "server.http_hosts",
            format!("{host:?} is no host name"),
            "write names without port, such as [\"klamm.example\"]",
        ));
    }
    if let Some(origin) = server.http_origins.iter().find(|origin| !is_origin(origin)) {
        return Err(wrong("server.http_origins", format!("{origin:?} is no origin"), "write it such as https://tools.example"));
    }
    if server.namespaces.iter().any(String::is_empty) {
        return Err(wrong("server.namespaces", "a name is empty", "write names, such as [\"default\"]"));
    }
    Ok(())
}

/// Whether a text is scheme and host, with a port at most.
pub fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")).map(|host| host.strip_suffix('/').unwrap_or(host));
    host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ' ']))
}

fn connections(config: &Config) -> Result<(), SetupError> {
    let connections = &config.connections;
    if connections.streams_max == 0 {
        return Err(wrong("connections.streams_max", "a connection without a call is of no use", "use 20000, or more"));
    }
    let times = [
        ("handshake_timeout", connections.handshake_timeout),
        ("idle_timeout", connections.idle_timeout),
        ("keepalive_interval", connections.keepalive_interval),
        ("keepalive_timeout", connections.keepalive_timeout),
        ("stall_timeout", connections.stall_timeout),
    ];
    if let Some((key, time)) = times.iter().find(|(_, time)| time.0 < CONNECTION_TIME_MIN) {
        let problem = format!("{time} is too short for a client on a busy machine");
        return Err(wrong(&format!("connections.{key}"), problem, "use 1s, or more"));
    }
    Ok(())
}

fn kafka(config: &Config) -> Result<(), SetupError> {
    let kafka = &config.kafka;
    if kafka.bootstrap_servers.trim().is_empty() {
        let hint = format!(
            "set {}=host:9092, or bootstrap_servers under [kafka] in the file that --config names; `klamm dev` needs no Kafka",
            keys::variable("kafka.bootstrap_servers")
        );
        return Err(wrong("kafka.bootstrap_servers", "it is required, and missing", hint));
    }
    topics(config)
}

/// Finds the first thing that is wrong with the topics.
pub fn topics(config: &Config) -> Result<(), SetupError> {
    let kafka = &config.kafka;
    if !kafka.partitions.is_power_of_two() || kafka.partitions > 1024 {
        return Err(wrong("kafka.partitions", format!("{} is not a power of two up to 1024", kafka.partitions), "use 1, 2, 4, 8, 16, …"));
    }
    if kafka.replication_factor == 0 || kafka.replication_factor < -1 || kafka.replication_factor > i32::from(i16::MAX) {
        return Err(wrong(
            "kafka.replication_factor",
            format!("{} is no number of replicas", kafka.replication_factor),
            "use -1, 1, 2, 3, …",
        ));
    }
    if kafka.topic_prefix.is_empty() || kafka.topic_prefix.len() > PREFIX_MAX || !kafka.topic_prefix.chars().all(is_legal) {
        let problem = format!("{:?} can't begin the names of topics", kafka.topic_prefix);
        return Err(wrong("kafka.topic_prefix", problem, format!("use up to {PREFIX_MAX} of a-z, A-Z, 0-9, '.', '_' and '-'")));
    }
    topics_of_namespaces(config)
}

/// Whether a topic's name may hold the character.
fn is_legal(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-')
}

pub(super) fn topics_of_namespaces(config: &Config) -> Result<(), SetupError> {
    let topics = config.namespaces.iter().flat_map(|(name, namespace)| namespace.topics(name));
    // Kafka's metrics write dots as underscores, so it makes no topics whose names differ in nothing else.
    let mut seen = BTreeMap::new();
    for topic in topics {
        let key = format!("{}.{}.{}", keys::NAMESPACES, topic.namespace, topic.purpose.family());
        // Patterns have a check of their own.
        let name = format!("{}{}", config.kafka.topic_prefix, topic.name.replace('*', ""));
        if let Err(problem) = topic_name(&name) {
            let hint = "give the namespace and its task queues names of letters, digits, '.', '_' and '-', or leave the section out";
            return Err(wrong(&key, problem, hint));
        }
        if topic.partitions(1) > TOPIC_PARTITIONS_MAX {
            let problem = format!("{} partitions are more than {TOPIC_PARTITIONS_MAX}", topic.partitions(1));
            return Err(wrong(&format!("{key}.partitions"), problem, "use less, or 0: as many as kafka.partitions"));
        }
        if matches!(topic.cleanup, Cleanup::Delete { retention: Some(retention) } if retention < RETENTION_MIN) {
            let problem = format!("records would be gone before anybody could read them: at least {} is needed", Span(RETENTION_MIN));
            return Err(wrong(&format!("{key}.retention"), problem, "use 7d, or as long as a reader may be away"));
        }
        if stream_queue::is_pattern(&topic.name) {
            continue;
        }
        if let Some(other) = seen.insert(name.replace('.', "_"), topic.namespace.clone()) {
            if other == topic.namespace {
                let problem = format!("Kafka takes the topic {name} for another one of this namespace: '.' and '_' are the same to it");
                return Err(wrong(&key, problem, "name each task queue once, or give them other names"));
            }
            let problem = format!("Kafka takes the topic {name} for the one of namespace {other:?}: '.' and '_' are the same to it");
            return Err(wrong(&key, problem, "leave out one of the two sections, or use other names for the namespaces"));
        }
    }
    let wrong_queues = |name: &str, problem: String| {
        let hint = "write names and patterns, if need be with a format: [\"billing\", \"ship-*=avro\"]";
        wrong(&format!("{}.{name}.tasks.queues", keys::NAMESPACES), problem, hint)
    };
    let mut declared = Vec::new();
    for (name, tasks) in config.namespaces.iter().filter_map(|(name, namespace)| Some((name, namespace.tasks.as_ref()?))) {
        declared.push((name.as_str(), tasks.declared().map_err(|problem| wrong_queues(name, problem))?));
    }
    let declared = declared.iter().map(|(name, queues)| (*name, queues.iter().map(|queue| queue.name).collect()));
    stream_queues::check(declared).map_err(|(name, problem)| wrong_queues(name, problem))?;
    share_groups::of_all(config).map_err(|(key, problem, hint)| wrong(&key, problem, hint))?;
    for (name, namespace) in &config.namespaces {
        destinations(config, name, namespace)?;
        let queues = |problem: String, hint: &str| Err(wrong(&format!("{}.{name}.tasks.queues", keys::NAMESPACES), problem, hint));
        let names_none = |tasks: &Tasks| tasks.queues.is_empty() || tasks.queues.iter().any(String::is_empty);
        if namespace.tasks.as_ref().is_some_and(names_none) {
            return queues(
                "no task queue is named, or one by an empty name".to_owned(),
                "write names, such as [\"shipping\"], or leave the section out",
            );
        }
        let outcomes = namespace.outcomes.iter().flat_map(|outcomes| &outcomes.types).map(|it| ("outcomes", it));
        let lineage = namespace.openlineage.iter().flat_map(|lineage| &lineage.types).map(|it| ("openlineage", it));
        let names_none = |it: &str| it.is_empty() || it.char_indices().any(|(at, character)| character == '*' && at + 1 < it.len());
        if let Some((section, wrong_type)) = outcomes.chain(lineage).find(|(_, it)| names_none(it)) {
            let problem = format!("{wrong_type:?} names no workflow types");
            let hint = "write names of types, which may end in '*': [\"Order*\", \"Payment\"], or [\"*\"] for all";
            return Err(wrong(&format!("{}.{name}.{section}.types", keys::NAMESPACES), problem, hint));
        }
    }
    Ok(())
}

fn destinations(config: &Config, name: &str, namespace: &Namespace) -> Result<(), SetupError> {
    let Some(publish) = &namespace.publish else { return Ok(()) };
    let key = format!("{}.{name}.publish.topics", keys::NAMESPACES);
    let hint = "write topics of other programs, as TOPIC or NAME=TOPIC: [\"shop.invoices\", \"receipts=shop.receipts\"]";
    if publish.topics.is_empty() {
        return Err(wrong(&key, "no topic is named", hint));
    }
    let mut names = BTreeSet::new();
    for text in &publish.topics {
        let (name, topic) = checked_destination(text).map_err(|problem| wrong(&key, problem, hint))?;
        if config.topics().is_own(&topic) {
            let problem = format!("{topic} would be a topic of klamm's own: its name begins with kafka.topic_prefix");
            return Err(wrong(&key, problem, hint));
        }
        if !names.insert(name.clone()) {
            return Err(wrong(&key, format!("{name:?} is there twice"), hint));
        }
    }
    let key = format!("{}.{name}.publish.avro", keys::NAMESPACES);
    let hint = "write names that publish.topics declares, as NAME or NAME=SUBJECT: [\"invoices\", \"receipts=shop.receipts-value\"]";
    let mut with_subject = BTreeSet::new();
    for (name, subject) in publish.subjects() {
        if !names.contains(&name) {
            return Err(wrong(&key, format!("there is no destination {name:?}"), hint));
        }
        if subject.is_empty() || !with_subject.insert(name.clone()) {
            return Err(wrong(&key, format!("{name:?} has no subject, or several"), hint));
        }
    }
    if !publish.avro.is_empty() && config.registry.url.is_none() {
        return Err(wrong(&key, "no schema registry is configured", "set registry.url, or take the destinations out"));
    }
    Ok(())
}

/// Name and topic of a destination, both of which could be.
pub fn checked_destination(text: &str) -> Result<(String, String), String> {
    let (name, topic) = destination(text);
    topic_name(&topic)?;
    if name.is_empty() || topic.is_empty() {
        return Err(format!("{text:?} is no destination"));
    }
    Ok((name, topic))
}

/// Checks a topic's name as Kafka does.
pub fn topic_name(name: &str) -> Result<(), String> {
    match name.chars().find(|character| !is_legal(*character)) {
        Some(character) => Err(format!("{name:?} is no name that Kafka takes for a topic: it has a {character:?}")),
        None if name.len() > TOPIC_NAME_MAX => {
            Err(format!("{name:?} is no name that Kafka takes for a topic: it is longer than {TOPIC_NAME_MAX} characters"))
        }
        None => Ok(()),
    }
}

fn registry(registry: &Registry) -> Result<(), SetupError> {
    let Some(url) = &registry.url else {
        let set = [
            ("username", registry.username.is_some()),
            ("password", registry.password.reveal().is_some()),
            ("token", registry.token.reveal().is_some()),
            ("ca_file", registry.ca_file.is_some()),
            ("client_cert_file", registry.client_cert_file.is_some()),
            ("client_key_file", registry.client_key_file.is_some()),
        ];
        return match set.iter().find(|(_, set)| *set) {
            Some((key, _)) => {
                Err(wrong("registry.url", format!("it is missing, and registry.{key} is set"), "set it, or leave the section out"))
            }
            None => Ok(()),
        };
    };
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let host = rest.map(|rest| rest.split('/').next().unwrap_or_default());
    match host {
        None | Some("") => {
            return Err(wrong("registry.url", format!("{url:?} is no address of a registry"), "write it such as https://registry:8081"));
        }
        Some(host) if host.contains('@') => {
            return Err(wrong("registry.url", "it holds a name or password", "use registry.username and registry.password"));
        }
        Some(_) => {}
    }
    if registry.username.is_some() != registry.password.reveal().is_some() {
        return Err(wrong("registry.username", "a name and a password are set together or not at all", "set both"));
    }
    if registry.username.is_some() && registry.token.reveal().is_some() {
        return Err(wrong("registry.token", "a token and a name are set", "use one of them"));
    }
    if registry.client_cert_file.is_some() != registry.client_key_file.is_some() {
        return Err(wrong("registry.client_cert_file", "certificate and key are set together or not at all", "set both"));
    }
    Ok(())
}

fn wrong(key: &str, problem: impl std::fmt::Display, hint: impl Into<String>) -> SetupError {
    SetupError::new(format!("reading {key}"), problem, hint)
}
