//! The filter of ListWorkers: the same language, but its names are properties of a worker's heartbeat, and each heartbeat is tested in
//! memory.
//!
//! Temporal: service/matching/workers/worker_query_engine.go. Only a syntax error refuses the query. A condition that cannot be tested (an
//! unknown name, a wrong value, NOT) fails, and so does the whole filter around it: no worker fits.

use std::cmp::Ordering;

use klamm_messages::temporal::{enums::v1::WorkerStatus, worker::v1::WorkerHeartbeat};

use super::{
    lexer,
    parser::{self, Expression},
};
use crate::Error;

/// A filter of workers. The empty one fits all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerQuery(Option<Expression>);

/// A time as seconds and nanoseconds since the epoch.
type Time = (i64, i32);

impl WorkerQuery {
    /// Parses a filter.
    ///
    /// # Errors
    /// What is wrong, in Temporal's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        if text.trim().is_empty() {
            // Temporal parses it without the statement around it.
            return Err("malformed query: syntax error at position 1".to_owned());
        }
        let statement = Self::statement(text).map_err(|error| match error {
            Error::InvalidQuery(what) | Error::NotForSchedules(what) => match what.strip_prefix("malformed SQL query: ") {
                Some(what) => format!("malformed query: {what}"),
                None => what,
            },
        })?;
        if statement.limit {
            return Err("operation is not supported: 'limit' clause".to_owned());
        }
        Ok(Self(statement.filter))
    }

    fn statement(text: &str) -> Result<parser::Statement, Error> {
        let text = text.trim();
        let statement = parser::parse(text)?;
        // Here a condition must come first.
        let first = text.split_whitespace().next().unwrap_or_default();
        if statement.filter.is_none() {
            return Err(lexer::syntax_error(true, first.len(), Some(&first.to_ascii_lowercase())));
        }
        Ok(statement)
    }

    /// Whether a worker with this heartbeat fits.
    pub fn fits(&self, heartbeat: &WorkerHeartbeat) -> bool {
        self.0.as_ref().is_none_or(|filter| test(filter, heartbeat).unwrap_or(false))
    }
}

/// Whether the condition is true. `None`: it cannot be tested.
fn test(condition: &Expression, heartbeat: &WorkerHeartbeat) -> Option<bool> {
    match condition {
        Expression::And(parts) => until(parts, heartbeat, false),
        Expression::Or(parts) => until(parts, heartbeat, true),
        Expression::Paren(inner) => test(inner, heartbeat),
        Expression::Compare(left, operator, right) => compare(name(left)?, operator, right, heartbeat),
        Expression::Between(left, from, to, negated) => {
            let time = time_of(name(left)?, heartbeat)?;
            let (from, to) = (time_value(from)?, time_value(to)?);
            Some(time.is_some_and(|time| (time >= from && time <= to) != *negated))
        }
        Expression::Is(left, what) => {
            let is_null = match *what {
                "null" => true,
                "not null" => false,
                _ => return None,
            };
            let name = name(left)?;
            let is_empty = match text_of(name, heartbeat) {
                Some(text) => text.is_empty(),
                None => time_of(name, heartbeat)?.is_none(),
            };
            Some(is_empty == is_null)
        }
        _ => None,
    }
}

/// The first of the conditions that is `ending` or cannot be tested decides.
fn until(conditions: &[Expression], heartbeat: &WorkerHeartbeat, ending: bool) -> Option<bool> {
    for condition in conditions {
        if test(condition, heartbeat)? == ending {
            return Some(ending);
        }
    }
    Some(!ending)
}

fn compare(name: &str, operator: &str, right: &Expression, heartbeat: &WorkerHeartbeat) -> Option<bool> {
    if let Some(text) = text_of(name, heartbeat) {
        let Expression::Text(wanted) = right else { return None };
        return match operator {
            _ if wanted.is_empty() => None,
            "=" => Some(text == *wanted),
            "!=" => Some(text != *wanted),
            "starts_with" => Some(text.starts_with(wanted)),
            "not starts_with" => Some(!text.starts_with(wanted)),
            _ => None,
        };
    }
    // A time that a heartbeat lacks compares as the epoch.
    let order = time_of(name, heartbeat)?.unwrap_or_default().cmp(&time_value(right)?);
    match operator {
        "=" => Some(order == Ordering::Equal),
        "!=" => Some(order != Ordering::Equal),
        "<" => Some(order == Ordering::Less),
        "<=" => Some(order != Ordering::Greater),
        ">" => Some(order == Ordering::Greater),
        ">=" => Some(order != Ordering::Less),
        _ => None,
    }
}

fn name(expression: &Expression) -> Option<&str> {
    match expression {
        Expression::Column(name) => Some(name),
        _ => None,
    }
}

/// The value of a property that is a text. Names are told apart by case, but for Status, which is a word of SQL.
fn text_of<'h>(name: &str, heartbeat: &'h WorkerHeartbeat) -> Option<&'h str> {
    let host = heartbeat.host_info.as_ref();
    let version = heartbeat.deployment_version.as_ref();
    Some(match name {
        "WorkerInstanceKey" => &heartbeat.worker_instance_key,
        "WorkerIdentity" => &heartbeat.worker_identity,
        "HostName" => host.map_or("", |host| &host.host_name),
        "TaskQueue" => &heartbeat.task_queue,
        "DeploymentName" => version.map_or("", |version| &version.deployment_name),
        "BuildId" => version.map_or("", |version| &version.build_id),
        "SdkName" => &heartbeat.sdk_name,
        "SdkVersion" => &heartbeat.sdk_version,
        "WorkerStatus" => status(heartbeat.status),
        name if name.eq_ignore_ascii_case("status") => status(heartbeat.status),
        _ => return None,
    })
}

/// The value of a property that is a time; the inner `None`: the heartbeat has none.
fn time_of(name: &str, heartbeat: &WorkerHeartbeat) -> Option<Option<Time>> {
    let time = match name {
        "StartTime" => heartbeat.start_time,
        "HeartbeatTime" => heartbeat.heartbeat_time,
        _ => return None,
    };
    Some(time.map(|time| (time.seconds, time.nanos)))
}

/// A time in RFC 3339, or as nanoseconds since the epoch. Negative numbers stand for the epoch, as in Temporal.
fn time_value(expression: &Expression) -> Option<Time> {
    const SECOND: i64 = 1_000_000_000;
    match expression {
        Expression::Text(text) => {
            let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
            Some((time.timestamp(), i32::try_from(time.timestamp_subsec_nanos()).ok()?))
        }
        Expression::Number(number) => {
            let nanos: i64 = number.parse().ok()?;
            Some((nanos / SECOND, (nanos % SECOND) as i32))
        }
        Expression::Signed('-', number) => matches!(**number, Expression::Number(_)).then_some((0, 0)),
        _ => None,
    }
}

fn status(number: i32) -> &'static str {
    match WorkerStatus::try_from(number) {
        Ok(WorkerStatus::Running) => "Running",
        Ok(WorkerStatus::ShuttingDown) => "ShuttingDown",
        Ok(WorkerStatus::Shutdown) => "Shutdown",
        Ok(WorkerStatus::Unspecified) | Err(_) => "Unspecified",
    }
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::{deployment::v1::WorkerDeploymentVersion, worker::v1::WorkerHostInfo};
    use prost_types::Timestamp;

    use super::*;

    fn worker() -> WorkerHeartbeat {
        WorkerHeartbeat {
            worker_instance_key: "key".to_owned(),
            worker_identity: "17@host".to_owned(),
            host_info: Some(WorkerHostInfo { host_name: "host".to_owned(), ..WorkerHostInfo::default() }),
            task_queue: "orders".to_owned(),
            deployment_version: Some(WorkerDeploymentVersion { build_id: "b1".to_owned(), ..WorkerDeploymentVersion::default() }),
            status: WorkerStatus::Running as i32,
            start_time: Some(Timestamp { seconds: 1_700_000_000, nanos: 5 }),
            ..WorkerHeartbeat::default()
        }
    }

    fn fits(query: &str) -> bool {
        WorkerQuery::parse(query).unwrap().fits(&worker())
    }

    #[test]
    fn conditions_are_tested_as_in_temporal() {
        for query in [
            "",
            "WorkerInstanceKey = 'key'",
            "WorkerIdentity STARTS_WITH '17@'",
            "HostName NOT STARTS_WITH 'other'",
            "TaskQueue = 'orders' AND WorkerStatus = 'Running'",
            "Status = \"Running\"",
            "status != 'Shutdown'",
            "BuildId = 'b1' OR Unknown = 'x'",
            "(TaskQueue = 'other' OR TaskQueue = 'orders') AND SdkName IS NULL",
            "HostName IS NOT NULL",
            "DeploymentName IS NULL",
            "StartTime > '2023-11-14T22:13:20Z'",
            "StartTime = 1700000000000000005",
            "StartTime >= -7",
            "StartTime BETWEEN '2023-11-14T22:13:20Z' AND '2023-11-14T22:13:21Z'",
            "StartTime NOT BETWEEN '2024-01-01T00:00:00Z' AND '2025-01-01T00:00:00Z'",
            "HeartbeatTime < '2023-11-14T22:13:20Z'",
            "HeartbeatTime IS NULL",
            "TaskQueue = 'orders' GROUP BY TaskQueue",
        ] {
            assert!(fits(query), "{query}");
        }
    }

    #[test]
    fn what_cannot_be_tested_fits_nothing() {
        for query in [
            "TaskQueue = 'other'",
            "Unknown = 'x' OR BuildId = 'b1'",
            "Unknown != 'x'",
            "taskqueue = 'orders'",
            "NOT TaskQueue = 'other'",
            "TaskQueue != ''",
            "TaskQueue != 7",
            "TaskQueue > 'a'",
            "TaskQueue LIKE 'o%'",
            "TaskQueue IN ('orders')",
            "TaskQueue",
            "StartTime > 'yesterday'",
            "StartTime STARTS_WITH '2023'",
            "HeartbeatTime NOT BETWEEN '2024-01-01T00:00:00Z' AND '2025-01-01T00:00:00Z'",
            "TaskQueue IS TRUE",
            "'a' = 'a'",
        ] {
            assert!(!fits(query), "{query}");
        }
    }

    #[test]
    fn syntax_errors_are_told() {
        for (query, told) in [
            (" ", "malformed query: syntax error at position 1"),
            ("TaskQueue =", "malformed query: syntax error at position 39"),
            ("TaskQueue = 'orders' LIMIT 5", "operation is not supported: 'limit' clause"),
            ("ORDER BY TaskQueue", "malformed query: syntax error at position 33 near 'order'"),
        ] {
            assert_eq!(WorkerQuery::parse(query).unwrap_err(), told, "{query}");
        }
    }
}
