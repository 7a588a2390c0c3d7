//! What callers of accepted commands are told.

/// Answer of an accepted command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nothing to tell.
    Empty,
    /// The schedule's conflict token as it stands after the command (create): 8 bytes, big-endian.
    Token(Vec<u8>),
}
