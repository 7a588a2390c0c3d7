//! What librdkafka tells by itself: log lines and errors.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::{KafkaError, RDKafkaErrorCode},
};

/// Lines of one kind are written this often at most; a broker that is away makes many.
const SAME_LINE_EVERY: Duration = Duration::from_secs(10);

/// A problem older than this explains nothing.
const PROBLEM_FRESH_FOR: Duration = Duration::from_secs(30);

/// What has gone wrong with the connections, shared by all clients of a log.
#[derive(Default)]
pub(super) struct Problems {
    last: Mutex<Option<Problem>>,
    lines: Mutex<HashMap<String, Lines>>,
}

/// A problem of a connection.
#[derive(Clone)]
pub(super) struct Problem {
    pub(super) text: String,
    /// The broker does not take the credentials.
    pub(super) is_refusal: bool,
    at: Instant,
}

struct Lines {
    since: Instant,
    left_out: u64,
}

impl Problems {
    /// The newest problem, if it is a recent one.
    pub(super) fn last(&self) -> Option<Problem> {
        self.last.lock().clone().filter(|problem| problem.at.elapsed() < PROBLEM_FRESH_FOR)
    }

    /// The broker has answered.
    pub(super) fn over(&self) {
        let mut last = self.last.lock();
        if last.is_some() {
            *last = None;
        }
    }

    fn note(&self, code: Option<RDKafkaErrorCode>, text: &str) {
        let is_refusal =
            matches!(code, Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed | RDKafkaErrorCode::SSL));
        let mut last = self.last.lock();
        // "All brokers are down" says less than what came before it.
        let says_less = code == Some(RDKafkaErrorCode::AllBrokersDown)
            || last.as_ref().is_some_and(|last| last.is_refusal && !is_refusal && last.at.elapsed() < PROBLEM_FRESH_FOR);
        if !says_less || last.as_ref().is_none_or(|last| last.at.elapsed() >= PROBLEM_FRESH_FOR) {
            *last = Some(Problem { text: text.to_owned(), is_refusal, at: Instant::now() });
        }
    }

    /// How many lines of this kind were left out since the last one; `None` when this one is left out, too.
    fn admit(&self, kind: &str) -> Option<u64> {
        let mut lines = self.lines.lock();
        match lines.get_mut(kind) {
            Some(known) if known.since.elapsed() < SAME_LINE_EVERY => {
                known.left_out += 1;
                None
            }
            Some(known) => {
                known.since = Instant::now();
                Some(std::mem::take(&mut known.left_out))
            }
            None => {
                lines.insert(kind.to_owned(), Lines { since: Instant::now(), left_out: 0 });
                Some(0)
            }
        }
    }
}

/// What each client is made with.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) problems: std::sync::Arc<Problems>,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        // Every client gets all properties; that some are for other kinds of client is nothing to tell.
        if facility == "CONFWARN" && line.contains(" property and will be ignored by this ") {
            return;
        }
        let Some(left_out) = self.problems.admit(facility) else { return };
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::error!(target: "librdkafka", facility, left_out, "{line}");
            }
            RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice => tracing::warn!(target: "librdkafka", facility, left_out, "{line}"),
            RDKafkaLogLevel::Info => tracing::info!(target: "librdkafka", facility, left_out, "{line}"),
            RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, left_out, "{line}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code();
        // Those two are answers to reads.
        if matches!(code, Some(RDKafkaErrorCode::PartitionEOF | RDKafkaErrorCode::AutoOffsetReset)) {
            return;
        }
        self.problems.note(code, reason);
        if let Some(left_out) = self.problems.admit(&format!("{code:?}")) {
            tracing::warn!(target: "librdkafka", left_out, "{reason}");
        }
    }
}

impl ConsumerContext for Context {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_kind_are_not_repeated_at_once() {
        let problems = Problems::default();
        assert_eq!(problems.admit("FAIL"), Some(0));
        assert_eq!(problems.admit("FAIL"), None);
        assert_eq!(problems.admit("OTHER"), Some(0));
    }

    #[test]
    fn what_says_more_is_kept() {
        let problems = Problems::default();
        problems.note(Some(RDKafkaErrorCode::Authentication), "wrong password");
        problems.note(Some(RDKafkaErrorCode::BrokerTransportFailure), "connection closed");
        problems.note(Some(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
        let last = problems.last().unwrap();
        assert!(last.is_refusal && last.text == "wrong password");
        problems.over();
        assert!(problems.last().is_none());
    }
}
