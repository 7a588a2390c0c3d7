//! What a decision may know besides the tables and the command.

use uuid::Uuid;

use crate::Time;

/// Namespace (in RFC 9562's sense) of the ids that decisions derive. It is written once and never changed.
const DERIVED_IDS: Uuid = Uuid::from_u128(0x6b6c616d_6d00_5000_8000_646572697665);

/// Place and time of the command that is being decided.
#[derive(Debug, Clone)]
pub struct Context {
    /// The command record's log-append time, made monotonic per partition.
    pub now: Time,
    /// Decision version in force.
    pub version: u32,
    /// Id of the commands topic.
    pub topic_id: String,
    /// Partition of the command log.
    pub partition: u32,
    /// Offset of the command on it.
    pub offset: i64,
    derived: u32,
}

impl Context {
    /// The context of the command at `offset` of `partition`.
    pub fn new(now: Time, version: u32, topic_id: impl Into<String>, partition: u32, offset: i64) -> Self {
        Self { now, version, topic_id: topic_id.into(), partition, offset, derived: 0 }
    }

    /// The next id (a UUID's text), derived from (topic id, partition, offset, n). It is the same at every replay, and different from every
    /// other.
    pub fn derive_id(&mut self) -> String {
        let name = format!("{}/{}/{}/{}", self.topic_id, self.partition, self.offset, self.derived);
        self.derived += 1;
        named_id(&name)
    }
}

/// The id (a UUID's text) of what has this name. It is the same wherever and however often it is asked for.
pub fn named_id(name: &str) -> String {
    Uuid::new_v5(&DERIVED_IDS, name.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_are_repeatable_and_distinct() {
        let context = || Context::new(Time::from_millis(5), 1, "t", 3, 42);
        let (mut first, mut again) = (context(), context());
        let ids = [first.derive_id(), first.derive_id()];
        assert_ne!(ids[0], ids[1]);
        assert_eq!(ids, [again.derive_id(), again.derive_id()]);
        assert!(Uuid::parse_str(&ids[0]).is_ok());
    }
}
