//! The keys that exist, by their full names (`server.http_port`), with what kind of value each takes.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Config;

/// What properties of librdkafka begin with.
pub const KAFKA: &str = "kafka.";
/// Where [`super::Kafka`] keeps the properties of librdkafka.
pub const PROPERTIES: &str = "properties";

/// Every key with its default; the properties of librdkafka are not among them.
pub fn known() -> BTreeMap<String, Value> {
    // Every field of the configuration is a text, a number or a list of texts: all are TOML's.
    let defaults = Table::try_from(Config::default()).unwrap_or_default();
    let mut keys = BTreeMap::new();
    for (section, value) in defaults {
        let fields = value.as_table().cloned().unwrap_or_default();
        keys.extend(fields.into_iter().filter(|(_, value)| !value.is_table()).map(|(key, value)| (format!("{section}.{key}"), value)));
    }
    keys
}

/// Name of the environment variable for a key.
pub fn variable(key: &str) -> String {
    format!("KLAMM_{}", key.replace('.', "__").to_uppercase())
}

/// The name under which a key is kept: for Kafka all separators are dots, and klamm's own keys have the names of their fields.
pub fn canonical(key: &str, known: &BTreeMap<String, Value>) -> String {
    let Some(name) = key.strip_prefix(KAFKA) else { return key.to_owned() };
    let field = format!("{KAFKA}{}", name.replace('.', "_"));
    if known.contains_key(&field) { field } else { format!("{KAFKA}{}", name.replace('_', ".")) }
}

/// The known key that looks most like this one, if one does.
pub fn nearest<'a>(key: &str, known: &'a BTreeMap<String, Value>) -> Option<&'a str> {
    let by_distance = |candidate: &'a String| (strsim::damerau_levenshtein(key, candidate), candidate.as_str());
    let (distance, nearest) = known.keys().map(by_distance).min()?;
    // The right name in the wrong section is more likely than many slips.
    let (_, name) = key.rsplit_once('.').unwrap_or(("", key));
    let elsewhere = known.keys().find(|candidate| candidate.rsplit_once('.').is_some_and(|(_, it)| it == name));
    if distance <= 3 { Some(nearest) } else { elsewhere.map(String::as_str) }
}
