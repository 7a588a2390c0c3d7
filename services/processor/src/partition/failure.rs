//! Why a partition cannot go on as it is.

use klamm_engine::Error as EngineError;
use klamm_store::Error as StoreError;
use klamm_supervise::Panicked;

/// Why a partition cannot go on as it is. The variants differ in what has to be done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Another process owns the partition, or this one cannot decide its commands. The partition has to be given up.
    Lost(String),
    /// The partition's tables cannot be trusted any more. The partition has to be built anew.
    Store(StoreError),
    /// Nothing can mend the partition while the process runs.
    Stopped(String),
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Overtaken { .. } | EngineError::Version { .. } => Self::Lost(error.to_string()),
            EngineError::Store(error) => Self::Store(error),
            EngineError::Log(_) | EngineError::Outputs { .. } => Self::Stopped(error.to_string()),
        }
    }
}

impl From<Panicked> for Failure {
    /// A panic happened while the partition was worked on. Its state in memory may be half changed, so nobody must use it.
    fn from(panicked: Panicked) -> Self {
        Self::Stopped(format!("a panic: {}", panicked.text))
    }
}
