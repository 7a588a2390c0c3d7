//! Exactly once between machines, and from source topics: the highest (offset, n) taken from each source.

use std::collections::BTreeMap;

use klamm_log::Offset;
use klamm_messages::klamm::v1::{CommandSource, SourcePosition};

/// The highest position taken from each source partition. Senders send in order and leave nothing out. So a command whose position is not
/// above the highest one is a repetition.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Sources(BTreeMap<String, Taken>);

/// What was taken from one source partition.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Taken {
    highest: (Offset, u32),
    /// The source's records below this offset need not be read again ([`CommandSource::settled`]).
    settled: Offset,
}

impl Sources {
    /// The sources that a `~partition` record holds.
    pub fn from_record(sources: &BTreeMap<String, SourcePosition>) -> Self {
        let taken = |position: &SourcePosition| Taken { highest: (position.offset, position.n), settled: position.settled };
        Self(sources.iter().map(|(key, position)| (key.clone(), taken(position))).collect())
    }

    /// The sources in the form of a `~partition` record.
    pub fn to_record(&self) -> BTreeMap<String, SourcePosition> {
        let position = |&Taken { highest: (offset, n), settled }: &Taken| SourcePosition { offset, n, settled };
        self.0.iter().map(|(key, taken)| (key.clone(), position(taken))).collect()
    }

    /// True when the command is new; it then counts as taken.
    pub fn take(&mut self, source: &CommandSource) -> bool {
        let position = (source.offset, source.n);
        let Some(taken) = self.0.get_mut(&key(&source.topic_id, source.partition)) else {
            let taken = Taken { highest: position, settled: source.settled };
            self.0.insert(key(&source.topic_id, source.partition), taken);
            return true;
        };
        // A repetition may know more than the first sending did.
        taken.settled = taken.settled.max(source.settled);
        let is_new = position > taken.highest;
        taken.highest = taken.highest.max(position);
        is_new
    }

    /// The offsets below which the records of a source topic need not be read again, by its partitions.
    pub fn settled(&self, topic_id: &str) -> BTreeMap<i32, Offset> {
        let partition = |key: &str| key.strip_prefix(topic_id)?.strip_prefix('/')?.parse().ok();
        self.0.iter().filter_map(|(key, taken)| Some((partition(key)?, taken.settled))).collect()
    }
}

fn key(topic_id: &str, partition: i32) -> String {
    format!("{topic_id}/{partition}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_and_older_sendings_are_dropped() {
        let mut sources = Sources::default();
        let source = |partition, offset, n| CommandSource { topic_id: "t".into(), partition, offset, n, settled: 0 };
        assert!(sources.take(&source(0, 5, 0)));
        assert!(sources.take(&source(0, 5, 1)));
        assert!(!sources.take(&source(0, 5, 1)));
        assert!(!sources.take(&source(0, 4, 9)));
        assert!(sources.take(&source(1, 0, 0)));
        assert_eq!(Sources::from_record(&sources.to_record()), sources);
    }

    #[test]
    fn what_is_settled_never_goes_back_and_repetitions_tell_of_it_too() {
        let mut sources = Sources::default();
        let source = |topic: &str, partition, offset, settled| CommandSource { topic_id: topic.into(), partition, offset, n: 0, settled };
        sources.take(&source("t", 1, 9, 5));
        sources.take(&source("t", 1, 9, 7));
        sources.take(&source("t", 1, 8, 6));
        sources.take(&source("t", 2, 3, 0));
        sources.take(&source("other", 1, 3, 3));
        assert_eq!(sources.settled("t"), [(1, 7), (2, 0)].into());
        assert_eq!(Sources::from_record(&sources.to_record()), sources);
    }
}
