//! Answers to the callers of accepted commands.

use klamm_machine::{Decision, Outcome};

/// Answer of an accepted command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nothing but that the command was accepted.
    Empty,
    /// The schedule's conflict token after the command (create): 8 bytes, big-endian.
    Token(Vec<u8>),
}

/// Nothing to tell.
pub(crate) const DONE: Decision<Answer> = Ok(Outcome::Answer(Answer::Empty));
