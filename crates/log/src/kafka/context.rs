//! What librdkafka tells by itself: log lines and errors.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rdkafka::{
    ClientContext, Statistics,
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::{KafkaError, RDKafkaErrorCode},
};

use super::statistics::Figures;

/// At most one line of a kind is written in this time: a broker that is away causes many.
const SAME_LINE_EVERY: Duration = Duration::from_secs(10);

/// A problem older than this explains nothing.
const PROBLEM_FRESH_FOR: Duration = Duration::from_secs(30);

/// What has gone wrong with the connections. All clients of a log share it.
#[derive(Default)]
pub(super) struct Problems {
    last: Mutex<Option<Problem>>,
    lines: Mutex<HashMap<String, Lines>>,
}

/// A problem of a connection.
#[derive(Clone)]
pub(super) struct Problem {
    pub(super) text: String,
    code: Option<RDKafkaErrorCode>,
    at: Instant,
}

impl Problem {
    /// The broker does not take the credentials.
    pub(super) fn is_refusal(&self) -> bool {
        is_refusal(self.code)
    }

    /// The broker does not let klamm use a consumer group. librdkafka goes on asking for the group's coordinator, so the call itself only
    /// times out.
    pub(super) fn is_of_group(&self) -> bool {
        self.code == Some(RDKafkaErrorCode::GroupAuthorizationFailed)
    }
}

fn is_refusal(code: Option<RDKafkaErrorCode>) -> bool {
    matches!(code, Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed | RDKafkaErrorCode::SSL))
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
        let mut last = self.last.lock();
        // "All brokers are down" says less than the problem that came before it, and so does any other problem after a refusal.
        let says_less = code == Some(RDKafkaErrorCode::AllBrokersDown)
            || last.as_ref().is_some_and(|last| last.is_refusal() && !is_refusal(code) && last.at.elapsed() < PROBLEM_FRESH_FOR);
        if !says_less || last.as_ref().is_none_or(|last| last.at.elapsed() >= PROBLEM_FRESH_FOR) {
            *last = Some(Problem { text: text.to_owned(), code, at: Instant::now() });
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
    /// The figures of the one client that this context is made for.
    pub(super) figures: std::sync::Arc<Figures>,
    /// Why this client's transaction may not write to a topic.
    pub(super) barred: std::sync::Arc<Mutex<Option<Barred>>>,
}

/// A topic that a transaction may not write to. librdkafka says it in a line of its log only: the records themselves are purged without a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Barred {
    pub(super) topic: String,
    /// The topic is not there. Else klamm has no permission.
    pub(super) is_missing: bool,
    pub(super) line: String,
}

impl Barred {
    /// Reads a line such as `Failed to add partition "t" [0] to transaction: Broker: Topic authorization failed`.
    fn read(line: &str) -> Option<Self> {
        let (_, rest) = line.split_once("Failed to add partition \"")?;
        let (topic, rest) = rest.split_once("\" [")?;
        let is_missing = rest.contains("Unknown topic");
        let is_barred = is_missing || rest.contains("Topic authorization failed");
        is_barred.then(|| Self { topic: topic.to_owned(), is_missing, line: line.to_owned() })
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        // Every client gets all properties of the operator. librdkafka's warnings about those for other kinds of client are not worth a
        // line.
        let other_kind = line.contains(" property and will be ignored by this ");
        // librdkafka has called this property experimental for years. klamm's tests run with it.
        let gapless = line.contains("enable.gapless.guarantee");
        if facility == "CONFWARN" && (other_kind || gapless) {
            return;
        }
        if facility == "ADDPARTS"
            && let Some(barred) = Barred::read(line)
        {
            *self.barred.lock() = Some(barred);
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

    fn stats(&self, statistics: Statistics) {
        self.figures.take(&statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code();
        // These two codes are ordinary answers to reads, no problems.
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
        assert!(last.is_refusal() && last.text == "wrong password");
        problems.over();
        assert!(problems.last().is_none());
    }

    #[test]
    fn a_topic_that_a_transaction_may_not_write_is_read_from_the_line_about_it() {
        let line = |what: &str| {
            format!("[thrd:main]: TxnCoordinator/1: Failed to add partition \"shop.ledger\" [0] to transaction: Broker: {what}")
        };
        let barred = |what| Barred::read(&line(what)).map(|barred| (barred.topic, barred.is_missing));
        assert_eq!(barred("Topic authorization failed"), Some(("shop.ledger".to_owned(), false)));
        assert_eq!(barred("Unknown topic or partition"), Some(("shop.ledger".to_owned(), true)));
        assert_eq!(barred("Producer attempted an operation with an old epoch"), None, "that is said otherwise");
        assert_eq!(Barred::read("Failed to add partition"), None);
    }
}
