//! The log on Kafka, as the configuration says.

use std::sync::Arc;

use klamm_log::{Error as LogError, Log, TopicSpec};

use crate::{config::Config, setup_error::SetupError};

/// How the log is set up.
pub struct Settings;

/// From the configuration.
pub fn settings(_: &Config) -> Settings {
    Settings
}

/// Connects, and makes or checks the topics.
///
/// # Errors
/// The log's.
pub fn connect(_: Settings, _: &[TopicSpec]) -> Result<Arc<dyn Log>, LogError> {
    Err(LogError::Invalid { topic: String::new(), reason: "the Kafka provider is not built yet".to_owned() })
}

/// True for what waiting may mend.
pub fn may_pass(error: &LogError) -> bool {
    matches!(error, LogError::Unavailable { .. } | LogError::InDoubt { .. })
}

/// For what only the operator can mend.
pub fn setup_error(error: &LogError) -> SetupError {
    SetupError::new("using Kafka", error, "see docs/kafka.md")
}
