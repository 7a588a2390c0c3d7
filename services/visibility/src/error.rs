//! What can go wrong, by what the caller does next.

use thiserror::Error;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Errors of the index.
#[derive(Debug, Error)]
pub enum Error {
    /// The client's filter is wrong (InvalidArgument); the text is Temporal's, "invalid query: " included.
    #[error("invalid query: {0}")]
    InvalidQuery(String),
    /// A filter of schedules names an attribute that is the system's own (InvalidArgument).
    #[error("invalid query filter for schedules: cannot filter on {0:?}")]
    NotForSchedules(String),
    /// The client's page token is none of ours (InvalidArgument).
    #[error("Invalid NextPageToken.")]
    InvalidPageToken,
    /// SQLite failed (disk full, IO, locked for too long): try again later; feeding stands still meanwhile and nothing is lost.
    #[error("visibility index: {0}")]
    Unavailable(#[from] rusqlite::Error),
    /// The file cannot be removed or made (permissions, missing directory).
    #[error("visibility index file {path}: {source}")]
    File {
        /// Its path.
        path: String,
        /// What the file system says.
        source: std::io::Error,
    },
    /// A stored document does not decode: the file is damaged; [`crate::Index::reset`] it and feed it anew.
    #[error("visibility index: the document of run {run_id} is damaged: {source}")]
    Corrupt {
        /// Whose document.
        run_id: String,
        /// What is wrong with the bytes.
        source: prost::DecodeError,
    },
    /// The source of documents failed; the feeder goes on from where it stands when it is called again.
    #[error("reading the visibility topic, partition {partition} from offset {offset}: {message}")]
    Source {
        /// Partition that was read.
        partition: u32,
        /// From which offset.
        offset: i64,
        /// What the source says.
        message: String,
    },
}
