//! The events of the schedule machine.

use klamm_messages::klamm::v1::{ScheduleRecord, schedule_record::Record};

/// Suffix of the key of the definition.
pub const DEFINITION: &str = "definition";
/// Suffix of the key of the progress.
pub const STATE: &str = "~state/0";
/// Suffix of the key of the outcome: what the last run left.
pub const OUTCOME: &str = "~outcome/0";
/// Suffix of the key of what is left of a deleted schedule.
pub const REMAINS: &str = "~deleted/0";

/// Suffixes of the keys that belong to a schedule and go with it.
pub const SCHEDULE: [&str; 3] = [DEFINITION, STATE, OUTCOME];

/// An event of the schedule machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// One record of the schedules topic.
    Record(Box<ScheduleRecord>),
    /// The schedule is deleted: its keys ([`SCHEDULE`]) are tombstoned. Each of these tombstones alone ends the schedule for a fold. Its
    /// decisions stay.
    Delete {
        /// Namespace of the schedule.
        namespace: String,
        /// Its id.
        schedule_id: String,
    },
    /// What is left of a deleted schedule is removed: its key is tombstoned. Decisions that are still there stay.
    ForgetRemains {
        /// Namespace of the schedule.
        namespace: String,
        /// Its id.
        schedule_id: String,
    },
    /// Decisions that have been kept long enough are removed: `~audit/first..end` are tombstoned.
    ForgetDecisions {
        /// Namespace of the schedule.
        namespace: String,
        /// Its id.
        schedule_id: String,
        /// Number of the first decision.
        first: i64,
        /// Number after the last decision.
        end: i64,
    },
}

/// Suffix of a record's topic key after `namespace/schedule_id/`: "definition", "~state/0", "~outcome/0", "~audit/17", "~deleted/0". `None`
/// for a record that holds nothing.
pub fn key_suffix(record: &ScheduleRecord) -> Option<String> {
    Some(match record.record.as_ref()? {
        Record::Definition(_) => DEFINITION.to_owned(),
        Record::Progress(_) => STATE.to_owned(),
        Record::Outcome(_) => OUTCOME.to_owned(),
        Record::Decision(decision) => audit_suffix(decision.n),
        Record::Remains(_) => REMAINS.to_owned(),
    })
}

/// Suffix of the key of decision `n`.
pub fn audit_suffix(n: i64) -> String {
    format!("~audit/{n}")
}

/// Number of the decision whose key has this suffix; `None` for keys of other records.
pub fn audit_number(suffix: &str) -> Option<i64> {
    suffix.strip_prefix("~audit/")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use klamm_messages::klamm::v1::{ScheduleDecision, ScheduleDefinition, ScheduleOutcome, ScheduleProgress};

    use super::*;

    #[test]
    fn each_record_has_its_key() {
        let suffix = |record| key_suffix(&ScheduleRecord { record, ..ScheduleRecord::default() });
        assert_eq!(suffix(Some(Record::Definition(ScheduleDefinition::default()))).as_deref(), Some("definition"));
        assert_eq!(suffix(Some(Record::Progress(ScheduleProgress::default()))).as_deref(), Some("~state/0"));
        assert_eq!(suffix(Some(Record::Outcome(ScheduleOutcome::default()))).as_deref(), Some("~outcome/0"));
        let decision = ScheduleDecision { n: 17, ..ScheduleDecision::default() };
        assert_eq!(suffix(Some(Record::Decision(decision))).as_deref(), Some("~audit/17"));
        assert_eq!(suffix(None), None);
        assert_eq!(audit_number(&audit_suffix(17)), Some(17));
        assert_eq!(audit_number(STATE), None);
    }
}
