//! What stands between a command and its work: one clear error with a hint.

use std::fmt;

/// Wrong configuration, or a server that is not there. The process ends with exit code 2.
#[derive(Debug)]
pub struct SetupError {
    doing: String,
    problem: String,
    hint: String,
}

impl SetupError {
    /// While `doing` this, `problem` arose; `hint` says what would help.
    pub fn new(doing: impl Into<String>, problem: impl fmt::Display, hint: impl Into<String>) -> Self {
        Self { doing: doing.into(), problem: problem.to_string(), hint: hint.into() }
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}: {}\nhint: {}", self.doing, self.problem, self.hint)
    }
}
