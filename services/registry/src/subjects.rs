//! Subjects: the names that klamm's schemas have in a registry.

use klamm_avro::schemas::{self, Schema};

/// The subjects of the topics with one prefix.
#[derive(Debug, Clone)]
pub struct Subjects {
    prefix: String,
}

impl Subjects {
    /// The subjects of the topics named `<prefix><name>`.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// A schema's subject: `<prefix><topic>-value`.
    pub fn name(&self, schema: &Schema) -> String {
        format!("{}{}", self.prefix, schema.subject)
    }

    /// All names, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = schemas::all().iter().map(|schema| self.name(schema)).collect();
        names.sort();
        names
    }

    /// The versions of a subject, oldest first; none when there is no such subject.
    pub fn versions(&self, subject: &str) -> Vec<&'static Schema> {
        let Some(name) = subject.strip_prefix(&self.prefix) else { return Vec::new() };
        let mut versions: Vec<_> = schemas::versions().iter().filter(|schema| schema.subject == name).collect();
        versions.sort_by_key(|schema| schema.version);
        versions
    }
}
