//! The log on Kafka, as the configuration says.

use std::sync::Arc;

use klamm_log::{
    Error as LogError, KafkaLog, Log, TopicSpec,
    kafka::{Settings, TopicsMode as Mode},
};
use klamm_supervise::Supervisor;

use crate::{
    config::{Config, TopicsMode},
    setup_error::SetupError,
};

/// How the log is set up.
pub fn settings(config: &Config) -> Settings {
    let kafka = &config.kafka;
    Settings {
        bootstrap_servers: kafka.bootstrap_servers.clone(),
        properties: kafka.properties.clone(),
        topics: match kafka.topics {
            TopicsMode::Create => Mode::Create,
            TopicsMode::Verify => Mode::Verify,
            TopicsMode::Leave => Mode::LeaveAlone,
        },
        // A negative number means the broker's default.
        replication_factor: u16::try_from(kafka.replication_factor).ok(),
        topic_prefix: kafka.topic_prefix.clone(),
        group_id: format!("{}readers", kafka.topic_prefix),
        ..Settings::default()
    }
}

/// Connects, and makes or checks the topics.
///
/// # Errors
/// The log's.
pub fn connect(settings: Settings, topics: &[TopicSpec], supervisor: &Supervisor) -> Result<Arc<dyn Log>, LogError> {
    let log = KafkaLog::open_supervised(settings, supervisor)?;
    log.ensure_topics(topics)?;
    Ok(Arc::new(log))
}

/// A second log object, whose clients only the beats use.
///
/// # Errors
/// The log's. The broker is not asked, so there are no errors of the broker.
pub fn beats_log(config: &Config, supervisor: &Supervisor) -> Result<Arc<dyn Log>, LogError> {
    let settings = Settings { name: "beats".to_owned(), readers_max: 1, ..settings(config) };
    Ok(Arc::new(KafkaLog::open_supervised(settings, supervisor)?))
}

/// True for an error that may go away with time.
pub fn may_pass(error: &LogError) -> bool {
    matches!(error, LogError::Unavailable { .. } | LogError::InDoubt { .. } | LogError::Full { .. })
}

/// The error for a problem that only the operator can mend.
pub fn setup_error(error: &LogError) -> SetupError {
    SetupError::new("using Kafka", error, "see docs/kafka.md, on what klamm needs of the broker and its topics")
}
