//! The keys that exist, by their full names (`server.http_port`), and the kind of value that each takes.

use std::{borrow::Cow, collections::BTreeMap};

use klamm_requests::limits;
use toml::{Table, Value};

use super::{
    Config,
    namespace::{Openlineage, Outcomes, Publish, Requests, Tasks},
};

/// Prefix of the properties of librdkafka.
pub const KAFKA: &str = "kafka.";
/// Name of the field in which [`super::Kafka`] keeps the properties of librdkafka.
pub const PROPERTIES: &str = "properties";

/// Every key with its default. The properties of librdkafka are left out.
pub fn known() -> BTreeMap<String, Value> {
    // Every field of the configuration is a text, a number or a list of texts. TOML can hold all of these.
    let defaults = Table::try_from(Config::default()).unwrap_or_default();
    let mut keys = BTreeMap::new();
    for (section, value) in defaults {
        let fields = value.as_table().cloned().unwrap_or_default();
        keys.extend(fields.into_iter().filter(|(_, value)| !value.is_table()).map(|(key, value)| (format!("{section}.{key}"), value)));
    }
    for (section, fields) in [
        (Section::Outcomes, Table::try_from(Outcomes::default())),
        (Section::Openlineage, Table::try_from(Openlineage::default())),
        (Section::Requests, Table::try_from(Requests::default())),
        (Section::Tasks, Table::try_from(Tasks::default())),
        (Section::Publish, Table::try_from(Publish::default())),
    ] {
        let section = section.model();
        keys.extend(fields.unwrap_or_default().into_iter().map(|(key, value)| (format!("{section}.{key}"), value)));
        keys.insert(section, Value::Boolean(false));
    }
    keys
}

/// First part of the keys of single namespaces.
pub const NAMESPACES: &str = "namespaces";

/// A section of a single namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Limits of its own.
    Limits,
    /// Its topic of outcomes.
    Outcomes,
    /// Its topic of OpenLineage events.
    Openlineage,
    /// Its topic of requests.
    Requests,
    /// Its stream task queues.
    Tasks,
    /// Where its workflows may publish.
    Publish,
}

impl Section {
    /// Name in the keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Limits => "limits",
            Self::Outcomes => "outcomes",
            Self::Openlineage => "openlineage",
            Self::Requests => "requests",
            Self::Tasks => "tasks",
            Self::Publish => "publish",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Self::Limits, Self::Outcomes, Self::Openlineage, Self::Requests, Self::Tasks, Self::Publish]
            .into_iter()
            .find(|section| section.name() == name)
    }

    /// The section's name with NAME for the namespace, as the reference has it.
    fn model(self) -> String {
        format!("{NAMESPACES}.NAME.{}", self.name())
    }
}

/// A key of a single namespace: the namespace's name, which may hold dots, the section, and the key in it. `None` in place of a key: the
/// section is switched on or off as a whole.
pub fn of_namespace(key: &str) -> Option<(&str, Section, Option<&str>)> {
    let (path, last) = key.strip_prefix(NAMESPACES)?.strip_prefix('.')?.rsplit_once('.')?;
    let within = path.rsplit_once('.').and_then(|(name, section)| Some((name, Section::of(section)?, Some(last))));
    let whole = || Some((path, Section::of(last).filter(|section| *section != Section::Limits)?, None));
    within.or_else(whole).filter(|(name, ..)| !name.is_empty())
}

/// The key whose type and default count for this one.
pub fn model(key: &str) -> Cow<'_, str> {
    match of_namespace(key) {
        Some((_, Section::Limits, Some(limit))) if !limits::OF_THE_SERVER.contains(&limit) => Cow::Owned(format!("limits.{limit}")),
        Some((
            _,
            section @ (Section::Outcomes | Section::Openlineage | Section::Requests | Section::Tasks | Section::Publish),
            Some(key),
        )) => Cow::Owned(format!("{}.{key}", section.model())),
        Some((_, section, None)) => Cow::Owned(section.model()),
        _ => Cow::Borrowed(key),
    }
}

/// Name of the environment variable for a key.
pub fn variable(key: &str) -> String {
    format!("KLAMM_{}", key.replace('.', "__").to_uppercase())
}

/// The name under which a key is kept. Under `kafka.` all separators become dots, except in klamm's own keys.
pub fn canonical(key: &str, known: &BTreeMap<String, Value>) -> String {
    let Some(name) = key.strip_prefix(KAFKA) else { return key.to_owned() };
    let field = format!("{KAFKA}{}", name.replace('.', "_"));
    if known.contains_key(&field) { field } else { format!("{KAFKA}{}", name.replace('_', ".")) }
}

/// How many typing errors are forgiven.
const SLIPS_MAX: usize = 3;

/// How many typing errors make one name of the other; `None`: more than are forgiven.
///
/// Counting takes as long as both lengths multiplied, and a name in a file may be of any length. Names whose lengths differ by more than the
/// errors that are forgiven are not compared.
pub fn slips(one: &str, other: &str) -> Option<usize> {
    let difference = one.chars().count().abs_diff(other.chars().count());
    let slips = (difference <= SLIPS_MAX).then(|| strsim::damerau_levenshtein(one, other));
    slips.filter(|slips| *slips <= SLIPS_MAX)
}

/// The known key that is most similar to this one, if any is similar.
pub fn nearest<'a>(key: &str, known: &'a BTreeMap<String, Value>) -> Option<&'a str> {
    let by_slips = |candidate: &'a String| Some((slips(key, candidate)?, candidate.as_str()));
    if let Some((_, nearest)) = known.keys().filter_map(by_slips).min() {
        return Some(nearest);
    }
    // The right name in the wrong section is more likely than many typing errors.
    let (_, name) = key.rsplit_once('.').unwrap_or(("", key));
    known.keys().find(|candidate| candidate.rsplit_once('.').is_some_and(|(_, it)| it == name)).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name of the file's size, as a fuzzer has found it: counting its errors takes minutes and gigabytes.
    #[test]
    fn a_name_that_is_longer_than_any_setting_is_compared_with_none() {
        let known = ["kafka.topic_prefix", "server.port"].map(|key| (key.to_owned(), Value::Boolean(true))).into();
        let long = "ß".repeat(20_000_000);
        assert_eq!(nearest(&long, &known), None);
        assert_eq!(nearest(&format!("{long}.port"), &known), Some("server.port"));
        assert_eq!(slips(&long, "server.port"), None);
        assert_eq!(nearest("kafka.topic_prefixes", &known), Some("kafka.topic_prefix"));
        assert_eq!(nearest("kafka.topic_prefix_xyz", &known), None);
    }
}
