//! Topics of others to which the workflows of a namespace may publish, as far as they are there.

use std::{collections::BTreeSet, sync::Arc};

use klamm_messages::klamm::v1::Destination;
use parking_lot::RwLock;

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
}
