//! Topics of others to which the workflows of a namespace may publish, as far as they are there.

use std::{collections::BTreeSet, sync::Arc};

use klamm_messages::klamm::v1::{Destination, DestinationSchema};
use parking_lot::RwLock;
use prost::bytes::Bytes;

/// The destinations of one namespace. Copies are of one mind: whoever looks at the topics tells all of them.
#[derive(Debug, Clone, Default)]
pub struct Destinations(Arc<RwLock<Vec<Destination>>>);

impl PartialEq for Destinations {
    fn eq(&self, other: &Self) -> bool {
        self.now() == other.now()
    }
}

impl Destinations {
    /// Destinations by their names and topics. Nothing is known of the topics yet: they count as missing.
    pub fn new(declared: impl IntoIterator<Item = (String, String)>) -> Self {
        let destination = |(name, topic)| Destination { name, topic, ..Destination::default() };
        Self(Arc::new(RwLock::new(declared.into_iter().map(destination).collect())))
    }

    /// Declares subjects of a schema registry, by the names of the destinations whose values in Avro have the schemas of these subjects.
    /// Nothing is known of the schemas yet.
    #[must_use]
    pub fn with_subjects(self, declared: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut destinations = self.now();
        for (name, subject) in declared {
            let problem = "it has not been looked up yet".to_owned();
            let schema = DestinationSchema { subject, problem, ..DestinationSchema::default() };
            destinations.iter_mut().filter(|it| it.name == name).for_each(|it| it.schema = Some(schema.clone()));
        }
        Self(Arc::new(RwLock::new(destinations)))
    }

    /// What is known of them now: commands are stamped with it.
    pub fn now(&self) -> Vec<Destination> {
        self.0.read().clone()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.0.read().is_empty()
    }

    /// Their topics, each once.
    pub fn topics(&self) -> BTreeSet<String> {
        self.0.read().iter().map(|destination| destination.topic.clone()).collect()
    }

    /// The subjects of their schemas, each once.
    pub fn subjects(&self) -> BTreeSet<String> {
        self.0.read().iter().filter_map(|destination| Some(destination.schema.as_ref()?.subject.clone())).collect()
    }

    /// Takes note of a subject's newest schema: its id and text, or why it is not known. Gives whether that is news.
    pub fn schema_found(&self, subject: &str, found: &Result<(u32, Bytes), String>) -> bool {
        let mut is_news = false;
        let mut destinations = self.0.write();
        let schemas = destinations.iter_mut().filter_map(|destination| destination.schema.as_mut());
        for schema in schemas.filter(|schema| schema.subject == subject) {
            let (id, text, problem) = match found {
                Ok((id, text)) => (*id, text.clone(), String::new()),
                Err(why) => (0, Bytes::new(), why.clone()),
            };
            let now = DestinationSchema { subject: subject.to_owned(), id, text, problem };
            is_news |= *schema != now;
            *schema = now;
        }
        is_news
    }

    /// Takes note of what a topic is; the default: it is missing. Gives whether that is news.
    pub fn found(&self, topic: &str, found: Found) -> bool {
        let Found { partitions, record_bytes_max, needs_key } = found;
        let mut is_news = false;
        for destination in self.0.write().iter_mut().filter(|destination| destination.topic == topic) {
            let now = Destination { partitions, record_bytes_max, needs_key, ..destination.clone() };
            is_news |= *destination != now;
            *destination = now;
        }
        is_news
    }
}

/// What is known of a topic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Number of partitions; 0: it is missing.
    pub partitions: u32,
    /// Largest record, bytes.
    pub record_bytes_max: u32,
    /// Every record needs a key.
    pub needs_key: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_know_what_one_of_them_was_told() {
        let named = |name: &str, topic: &str| (name.to_owned(), topic.to_owned());
        let destinations = Destinations::new([named("a", "t"), named("b", "t"), named("c", "u")]);
        let copy = destinations.clone();
        let found = Found { partitions: 3, record_bytes_max: 9, needs_key: true };
        assert!(destinations.found("t", found) && !destinations.found("t", found) && !destinations.found("v", found));
        let known: Vec<_> = copy.now().into_iter().map(|it| (it.name, it.partitions)).collect();
        assert_eq!(known, [("a".to_owned(), 3), ("b".to_owned(), 3), ("c".to_owned(), 0)]);
        assert_eq!(copy.topics().into_iter().collect::<Vec<_>>(), ["t", "u"]);
        assert!(copy.found("t", Found::default()));
        assert_eq!(destinations.now()[0].partitions, 0);
    }

    #[test]
    fn a_schema_is_known_until_the_registry_has_a_newer_one_or_none() {
        let named = |name: &str, other: &str| (name.to_owned(), other.to_owned());
        let destinations = Destinations::new([named("a", "t"), named("b", "t")]).with_subjects([named("b", "s"), named("c", "u")]);
        assert_eq!(destinations.subjects().into_iter().collect::<Vec<_>>(), ["s"]);
        let schema = |at: usize| destinations.now()[at].schema.clone();
        assert_eq!(schema(0), None);
        let unknown = schema(1).expect("a subject");
        assert!(unknown.id == 0 && !unknown.problem.is_empty());
        let copy = destinations.clone();
        let found = Ok((7, Bytes::from_static(b"\"string\"")));
        assert!(copy.schema_found("s", &found) && !copy.schema_found("s", &found) && !copy.schema_found("u", &found));
        let known = schema(1).expect("a subject");
        assert_eq!((known.id, &known.text[..], known.problem.as_str()), (7, &b"\"string\""[..], ""));
        assert!(copy.schema_found("s", &Err("gone".to_owned())));
        let gone = schema(1).expect("a subject");
        assert_eq!((gone.id, gone.text.len(), gone.problem.as_str()), (0, 0, "gone"));
    }
}
