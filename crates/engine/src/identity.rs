//! Which log a store was folded from.
//!
//! Offsets mean nothing on another log. So the row that holds a store's offsets also says which log they are of. A topic's full name
//! includes the prefix. A topic's id tells it from one of the same name that was deleted and made anew, and on Kafka from one of another
//! cluster.

use klamm_log::Log;
use klamm_messages::klamm::v1::{LogIdentity, PositionRow};

use crate::{Error, Topics, topic};

/// What a store remembers of its log: the ids of the folded topics `names` and of the command log, by their full names.
///
/// # Errors
/// The log's.
pub fn of(log: &dyn Log, topics: &Topics, names: &[&str]) -> Result<LogIdentity, Error> {
    let ids = names.iter().copied().chain([topic::COMMANDS]).map(|name| {
        let topic = log.topic(&topics.full(name))?;
        Ok((topic.spec.name.to_string(), topic.id.to_string()))
    });
    let topic_ids = ids.collect::<Result<_, Error>>()?;
    Ok(LogIdentity { topic_ids, partitions: topics.partitions as i32 })
}

/// Why rows with this `position` are not of this log; `None` when they are.
pub fn difference(position: &PositionRow, log: &LogIdentity) -> Option<String> {
    let Some(known) = &position.log else { return Some("an earlier klamm wrote them, which did not say of which log".to_owned()) };
    if known.partitions != log.partitions {
        return Some(format!("they are of a log of {} partitions, this one has {}", known.partitions, log.partitions));
    }
    for (name, id) in &log.topic_ids {
        match known.topic_ids.get(name) {
            Some(before) if before == id => {}
            Some(before) => return Some(format!("they are of a topic {name} with id {before}, this one has id {id}")),
            None => {
                let names: Vec<_> = known.topic_ids.keys().map(String::as_str).collect();
                return Some(format!("they are of the topics {}, this log has {name}", names.join(", ")));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(prefix: &str, id: &str, partitions: i32) -> LogIdentity {
        LogIdentity { topic_ids: [(format!("{prefix}history"), id.to_owned())].into(), partitions }
    }

    #[test]
    fn another_prefix_another_id_another_count_and_none_are_told_apart() {
        let position = PositionRow { log: Some(identity("a.", "1", 8)), ..PositionRow::default() };
        let told = |prefix, id, partitions| difference(&position, &identity(prefix, id, partitions));
        assert_eq!(told("a.", "1", 8), None);
        assert_eq!(told("b.", "1", 8).as_deref(), Some("they are of the topics a.history, this log has b.history"));
        assert_eq!(told("a.", "2", 8).as_deref(), Some("they are of a topic a.history with id 1, this one has id 2"));
        assert_eq!(told("a.", "1", 4).as_deref(), Some("they are of a log of 8 partitions, this one has 4"));
        assert!(difference(&PositionRow::default(), &identity("a.", "1", 8)).is_some_and(|problem| problem.contains("earlier klamm")));
    }
}
