//! What can be wrong with bytes that are being read.

/// Why a value could not be read; sorted by what the reader does next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are no value of the schema. The record goes to the dead-letter topic.
    #[error("{what}, {remaining} bytes before the end")]
    Corrupt {
        /// What was found.
        what: &'static str,
        /// How many bytes of the input were not read yet.
        remaining: usize,
    },
    /// The frame names a schema that this process does not know. The registry or a newer klamm may know it.
    #[error("schema {id} is not known")]
    UnknownSchema {
        /// Id in the frame.
        id: u32,
    },
    /// The frame holds a value of another topic.
    #[error("schema {id} is of {found}, not of {expected}")]
    OtherSubject {
        /// Id in the frame.
        id: u32,
        /// Subject of that schema.
        found: String,
        /// Subject of the value that was asked for.
        expected: String,
    },
    /// A value of an older schema version could not be converted to the present one. This is a bug that the compatibility test should have
    /// found.
    #[error("value of schema {id} cannot be carried over: {what}")]
    Resolution {
        /// Id in the frame.
        id: u32,
        /// What went wrong.
        what: String,
    },
}

impl Error {
    /// The error for bytes that are no value, at the present place in the input.
    #[cold]
    pub(crate) fn corrupt(what: &'static str, input: &[u8]) -> Self {
        Self::Corrupt { what, remaining: input.len() }
    }
}
