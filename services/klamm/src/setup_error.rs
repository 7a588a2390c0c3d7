//! The error of a command that could not do its work: one clear problem with a hint, or several that were found together.

use std::{fmt, process::ExitCode};

use serde_json::{Value, json};

/// How a command ends. docs/cli.md lists these codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is as it should be.
    Fine = 0,
    /// Something is not as it should be: there are differences, times without a decision, or a server that is not healthy.
    Amiss = 1,
    /// Options or settings are wrong, or something else prevents a start.
    Setup = 2,
    /// No server answers at the address.
    Unreachable = 3,
    /// The server has no such topic, schedule or namespace.
    Missing = 4,
    /// The server refused the request, or broke off its answer.
    Refused = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A wrong configuration, a server that does not answer, and the like. The process ends with [`SetupError::exit`].
#[derive(Debug)]
pub struct SetupError {
    doing: String,
    problem: String,
    hint: String,
    exit: Exit,
    others: Vec<SetupError>,
}

impl SetupError {
    /// An error: `problem` came up while klamm was `doing` something. `hint` says what would help.
    pub fn new(doing: impl Into<String>, problem: impl fmt::Display, hint: impl Into<String>) -> Self {
        Self { doing: doing.into(), problem: problem.to_string(), hint: hint.into(), exit: Exit::Setup, others: Vec::new() }
    }

    /// The same error, with another exit code than [`Exit::Setup`].
    pub fn ending(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// All these errors in one; `Ok` when there is none.
    ///
    /// # Errors
    /// When there is one.
    pub fn all(errors: Vec<Self>) -> Result<(), Self> {
        let mut errors = errors.into_iter();
        match errors.next() {
            Some(mut first) => {
                first.others.extend(errors);
                Err(first)
            }
            None => Ok(()),
        }
    }

    /// The exit code of the process.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Each error as an object, for programs.
    pub fn as_json(&self) -> Vec<Value> {
        let first = json!({ "doing": self.doing, "problem": self.problem, "hint": self.hint });
        std::iter::once(first).chain(self.others.iter().flat_map(Self::as_json)).collect()
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}: {}\nhint: {}", self.doing, self.problem, self.hint)?;
        self.others.iter().try_for_each(|other| write!(f, "\n{other}"))
    }
}
