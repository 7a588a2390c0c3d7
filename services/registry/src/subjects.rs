//! Subjects: the names that klamm's schemas have in a registry.

use std::{collections::BTreeSet, sync::Arc};

use klamm_avro::schemas::{self, Schema};
use parking_lot::RwLock;

/// First parts of the names of topics of which each namespace has one. Such topics have one schema, by the first part's name, and a subject
/// for each.
const FAMILIES: [&str; 3] = ["outcomes", "requests", "tasks"];

/// Ending of all subjects.
const VALUE: &str = "-value";

/// The subjects of the topics with one prefix.
#[derive(Debug, Clone)]
pub struct Subjects {
    prefix: String,
    /// Topics of single namespaces, without prefix. Clones share them.
    of_namespaces: Arc<RwLock<BTreeSet<String>>>,
}

impl Subjects {
    /// The subjects of the topics named `<prefix><name>`.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), of_namespaces: Arc::default() }
    }

    /// The same, with those of these topics of single namespaces, named without prefix.
    pub fn with_topics(self, of_namespaces: impl IntoIterator<Item = String>) -> Self {
        self.set(of_namespaces);
        self
    }

    /// From now on, single namespaces have these topics, named without prefix.
    pub fn set(&self, of_namespaces: impl IntoIterator<Item = String>) {
        *self.of_namespaces.write() = of_namespaces.into_iter().collect();
    }

    /// A schema's subjects: `<prefix><topic>-value`, of all topics that have it.
    pub fn of(&self, schema: &Schema) -> Vec<String> {
        let topic = schema.subject.strip_suffix(VALUE).unwrap_or(schema.subject);
        if !FAMILIES.contains(&topic) {
            return vec![format!("{}{}", self.prefix, schema.subject)];
        }
        let of_namespaces = self.of_namespaces.read();
        let topics = of_namespaces.iter().filter(|name| family(name) == Some(topic));
        topics.map(|name| format!("{}{name}{VALUE}", self.prefix)).collect()
    }

    /// All names, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = schemas::all().iter().flat_map(|schema| self.of(schema)).collect();
        names.sort();
        names
    }

    /// The versions of a subject, oldest first; none when there is no such subject.
    pub fn versions(&self, subject: &str) -> Vec<&'static Schema> {
        let Some(name) = subject.strip_prefix(&self.prefix) else { return Vec::new() };
        let topic = name.strip_suffix(VALUE).unwrap_or(name);
        let own = match family(topic) {
            Some(family) if self.of_namespaces.read().contains(topic) => format!("{family}{VALUE}"),
            Some(_) => return Vec::new(),
            None if FAMILIES.contains(&topic) => return Vec::new(),
            None => name.to_owned(),
        };
        let mut versions: Vec<_> = schemas::versions().iter().filter(|schema| schema.subject == own).collect();
        versions.sort_by_key(|schema| schema.version);
        versions
    }
}

/// The family of a topic of a namespace.
fn family(topic: &str) -> Option<&'static str> {
    let (first, _) = topic.split_once('.')?;
    FAMILIES.into_iter().find(|family| *family == first)
}
