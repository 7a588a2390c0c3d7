//! Exactly once between machines: the highest (offset, n) taken from each source.

use std::collections::BTreeMap;

use klamm_messages::klamm::v1::{CommandSource, SourcePosition};

/// The highest position taken from each source partition. Senders send in order and leave nothing out. So a command whose position is not
/// above the highest one is a repetition.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Sources(BTreeMap<String, (i64, u32)>);

impl Sources {
    /// The sources that a `~partition` record holds.
    pub fn from_record(sources: &BTreeMap<String, SourcePosition>) -> Self {
        Self(sources.iter().map(|(key, position)| (key.clone(), (position.offset, position.n))).collect())
    }

    /// The sources in the form of a `~partition` record.
    pub fn to_record(&self) -> BTreeMap<String, SourcePosition> {
        self.0.iter().map(|(key, &(offset, n))| (key.clone(), SourcePosition { offset, n })).collect()
    }

    /// True when the command is new; it then counts as taken.
    pub fn take(&mut self, source: &CommandSource) -> bool {
        let key = format!("{}/{}", source.topic_id, source.partition);
        let position = (source.offset, source.n);
        match self.0.get_mut(&key) {
            Some(highest) if position <= *highest => false,
            Some(highest) => {
                *highest = position;
                true
            }
            None => {
                self.0.insert(key, position);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_and_older_sendings_are_dropped() {
        let mut sources = Sources::default();
        let source = |partition, offset, n| CommandSource { topic_id: "t".into(), partition, offset, n };
        assert!(sources.take(&source(0, 5, 0)));
        assert!(sources.take(&source(0, 5, 1)));
        assert!(!sources.take(&source(0, 5, 1)));
        assert!(!sources.take(&source(0, 4, 9)));
        assert!(sources.take(&source(1, 0, 0)));
        assert_eq!(Sources::from_record(&sources.to_record()), sources);
    }
}
