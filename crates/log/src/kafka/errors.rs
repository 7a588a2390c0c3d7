//! Turns answers of librdkafka and the broker into errors of the log.

use std::fmt;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::{
    context::{Barred, Problems},
    settings::Settings,
};
use crate::Error;

/// What klamm wanted to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Doing<'a> {
    /// Appending to a topic.
    Append(&'a str),
    /// Reading records of a topic.
    Read(&'a str),
    /// Asking where a topic's partitions begin and end.
    Bounds(&'a str),
    /// Asking how a topic is kept.
    Describe(&'a str),
    /// Making a topic.
    Create(&'a str),
    /// Trimming a topic.
    Trim(&'a str),
    /// Being the holder of a transactional id, and committing with it.
    Transact(&'a str),
    /// Asking for a consumer group's positions.
    Group(&'a str),
    /// Writing a share group's settings.
    ShareGroup(&'a str),
}

impl fmt::Display for Doing<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Append(topic) => write!(formatter, "append to topic {topic}"),
            Self::Read(topic) => write!(formatter, "read topic {topic}"),
            Self::Bounds(topic) => write!(formatter, "ask for the offsets of topic {topic}"),
            Self::Describe(topic) => write!(formatter, "describe topic {topic}"),
            Self::Create(topic) => write!(formatter, "make topic {topic}"),
            Self::Trim(topic) => write!(formatter, "delete old records of topic {topic}"),
            Self::Transact(id) => write!(formatter, "commit with transactional id {id}"),
            Self::Group(group) => write!(formatter, "use consumer group {group}"),
            Self::ShareGroup(group) => write!(formatter, "write the settings of share group {group}"),
        }
    }
}

impl<'a> Doing<'a> {
    /// The topic that it is about.
    fn topic(&self) -> Option<&'a str> {
        match self {
            Self::Append(topic)
            | Self::Read(topic)
            | Self::Bounds(topic)
            | Self::Describe(topic)
            | Self::Create(topic)
            | Self::Trim(topic) => Some(topic),
            Self::Transact(_) | Self::Group(_) | Self::ShareGroup(_) => None,
        }
    }

    /// Operations and resource, as `kafka-acls.sh` names them.
    fn acl(&self, settings: &Settings) -> String {
        match self {
            Self::Append(topic) => format!("--operation Write --operation Describe --topic '{topic}'"),
            Self::Read(topic) | Self::Bounds(topic) => {
                format!("--operation Read --operation Describe --topic '{topic}' --group '{}'", settings.group_id)
            }
            Self::Describe(topic) => format!("--operation Describe --operation DescribeConfigs --topic '{topic}'"),
            Self::Create(topic) => format!("--operation Create --operation Describe --operation DescribeConfigs --topic '{topic}'"),
            Self::Trim(topic) => format!("--operation Delete --topic '{topic}'"),
            Self::Transact(id) => format!("--operation Write --operation Describe --transactional-id '{id}'"),
            Self::Group(group) => format!("--operation Read --operation Describe --group '{group}'"),
            Self::ShareGroup(group) => format!("--operation DescribeConfigs --operation AlterConfigs --group '{group}'"),
        }
    }
}

/// Makes errors. Knows what the connections have reported.
#[derive(Clone, Copy)]
pub(super) struct Errors<'a> {
    pub(super) settings: &'a Settings,
    pub(super) problems: &'a Problems,
}

impl Errors<'_> {
    /// The error of a failed call that certainly wrote nothing.
    pub(super) fn failed(&self, doing: Doing<'_>, error: &KafkaError) -> Error {
        let code = code_of(error);
        match (code, doing) {
            (Some(code), _) if is_denial(code) => self.denied(doing, code, error),
            (Some(RDKafkaErrorCode::MessageSizeTooLarge), _) => {
                self.mismatch(doing, "the broker takes no record of that size; its max.message.bytes is smaller than klamm's")
            }
            (
                Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic),
                Doing::Append(topic) | Doing::Read(topic) | Doing::Bounds(topic) | Doing::Describe(topic) | Doing::Trim(topic),
            ) => Error::UnknownTopic { topic: topic.to_owned() },
            _ => self.unavailable(doing, &error.to_string()),
        }
    }

    /// The error for a record of `size` bytes that was certainly not written. It is `TooLarge` if the broker (or its client) says so.
    pub(super) fn refused_record(&self, topic: &str, size: usize, error: &KafkaError) -> Error {
        match code_of(error) {
            Some(RDKafkaErrorCode::MessageSizeTooLarge) => {
                tracing::error!(
                    topic,
                    size,
                    "the broker takes no record of that size: the topic's max.message.bytes is smaller than klamm expects"
                );
                metrics::counter!("klamm_log_errors_total", "kind" => "too_large").increment(1);
                // The broker does not tell its limit, but the limit is below the record's size.
                Error::TooLarge { topic: topic.to_owned(), size, limit: size.saturating_sub(1) }
            }
            _ => self.failed(Doing::Append(topic), error),
        }
    }

    /// The error when the broker has not done it; later it may.
    pub(super) fn unavailable(&self, doing: Doing<'_>, what: &str) -> Error {
        metrics::counter!("klamm_log_errors_total", "kind" => "unavailable").increment(1);
        match self.problems.last() {
            Some(problem) if problem.is_refusal() => self.refused(doing, &problem.text),
            Some(problem) if problem.is_of_group() && matches!(doing, Doing::Group(_)) => self.forbidden(doing, &problem.text),
            Some(problem) => Error::Unavailable {
                reason: format!("could not {doing} at Kafka on {}: {what} ({})", self.settings.bootstrap_servers, problem.text),
            },
            None => Error::Unavailable { reason: format!("could not {doing} at Kafka on {}: {what}", self.settings.bootstrap_servers) },
        }
    }

    /// The error when the broker may have done it.
    pub(super) fn in_doubt(&self, doing: Doing<'_>, what: &str) -> Error {
        metrics::counter!("klamm_log_errors_total", "kind" => "in_doubt").increment(1);
        let known = self.problems.last().map(|problem| format!(" ({})", problem.text)).unwrap_or_default();
        Error::InDoubt { reason: format!("was to {doing} at Kafka on {}: {what}{known}", self.settings.bootstrap_servers) }
    }

    /// The error for a transaction that may not write to a topic.
    pub(super) fn barred(&self, barred: &Barred) -> Error {
        let doing = Doing::Append(&barred.topic);
        if barred.is_missing { Error::UnknownTopic { topic: barred.topic.clone() } } else { self.forbidden(doing, &barred.line) }
    }

    fn denied(&self, doing: Doing<'_>, code: RDKafkaErrorCode, error: &KafkaError) -> Error {
        if matches!(code, RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) {
            return self.refused(doing, &error.to_string());
        }
        self.forbidden(doing, &error.to_string())
    }

    fn forbidden(&self, doing: Doing<'_>, reason: &str) -> Error {
        metrics::counter!("klamm_log_errors_total", "kind" => "denied").increment(1);
        let remedy = format!(
            "allow it: kafka-acls.sh --bootstrap-server {} --add --allow-principal User:<klamm's> {}",
            self.settings.bootstrap_servers,
            doing.acl(self.settings)
        );
        let topic = doing.topic().map(str::to_owned);
        Error::Denied { operation: doing.to_string(), reason: reason.to_owned(), remedy, topic }
    }

    fn refused(&self, doing: Doing<'_>, reason: &str) -> Error {
        metrics::counter!("klamm_log_errors_total", "kind" => "refused").increment(1);
        let remedy = "check security.protocol, sasl.mechanism, sasl.username, sasl.password and the ssl.* properties of [kafka]".to_owned();
        Error::Denied { operation: doing.to_string(), reason: reason.to_owned(), remedy, topic: None }
    }

    fn mismatch(&self, doing: Doing<'_>, problem: &str) -> Error {
        let topic = match doing {
            Doing::Transact(name) | Doing::Group(name) | Doing::ShareGroup(name) => name.to_owned(),
            topic => topic.topic().unwrap_or_default().to_owned(),
        };
        Error::Mismatch { topic, problem: problem.to_owned() }
    }
}

/// The code in an error, if there is one.
pub(super) fn code_of(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    match error {
        KafkaError::AdminOp(code) => Some(*code),
        other => other.rdkafka_error_code(),
    }
}

/// Whether only an operator can change this answer.
pub(super) fn is_denial(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed
            | RDKafkaErrorCode::TransactionalIdAuthorizationFailed
            | RDKafkaErrorCode::SaslAuthenticationFailed
            | RDKafkaErrorCode::Authentication
    )
}

/// Whether the broker certainly did not take the record that it answered so.
pub(super) fn is_refusal_of_record(code: RDKafkaErrorCode) -> bool {
    is_denial(code)
        || matches!(
            code,
            RDKafkaErrorCode::MessageSizeTooLarge
                | RDKafkaErrorCode::InvalidMessageSize
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::InvalidRecord
                | RDKafkaErrorCode::InvalidTimestamp
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_name_operation_topic_and_acl() {
        let (settings, problems) = (Settings::default(), Problems::default());
        let errors = Errors { settings: &settings, problems: &problems };
        let error =
            errors.failed(Doing::Append("klamm.commands"), &KafkaError::MessageProduction(RDKafkaErrorCode::TopicAuthorizationFailed));
        let text = error.to_string();
        assert!(matches!(error, Error::Denied { .. }));
        assert!(text.contains("append to topic klamm.commands") && text.contains("--operation Write"), "{text}");
    }

    #[test]
    fn a_broker_that_is_away_is_named() {
        let (settings, problems) = (Settings::default(), Problems::default());
        let errors = Errors { settings: &settings, problems: &problems };
        let error = errors.failed(Doing::Read("t"), &KafkaError::MessageConsumption(RDKafkaErrorCode::AllBrokersDown));
        assert!(matches!(&error, Error::Unavailable { reason } if reason.contains("localhost:9092")), "{error}");
    }
}
