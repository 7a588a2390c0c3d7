//! The errors, sorted by what the caller has to do next.

use thiserror::Error;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Errors of the index.
#[derive(Debug, Error)]
pub enum Error {
    /// The client's filter is wrong (InvalidArgument).
    #[error(transparent)]
    Filter(#[from] klamm_filters::Error),
    /// The client's page token was not made by this index (InvalidArgument).
    #[error("Invalid NextPageToken.")]
    InvalidPageToken,
    /// SQLite failed (disk full, IO, locked for too long): try again later. Meanwhile the index takes no records, and nothing is lost.
    #[error("visibility index: {0}")]
    Unavailable(#[from] rusqlite::Error),
    /// The file cannot be removed or made (permissions, missing directory).
    #[error("visibility index file {path}: {source}")]
    File {
        /// The file's path.
        path: String,
        /// The file system's error.
        source: std::io::Error,
    },
    /// A stored document cannot be decoded, so the file is damaged: [`crate::Index::reset`] it and feed it anew.
    #[error("visibility index: the document of run {run_id} is damaged: {source}")]
    Corrupt {
        /// The run whose document it is.
        run_id: String,
        /// What is wrong with the bytes.
        source: prost::DecodeError,
    },
    /// The source ends before the offset that the index has reached. So the index was fed from another topic, or from records that are
    /// gone. It is built anew.
    #[error("the visibility index has read partition {partition} up to {offset}, beyond the topic's end")]
    Ahead {
        /// The partition.
        partition: u32,
        /// The offset that the index has reached.
        offset: i64,
    },
    /// The source of documents failed. When the feeder is called again, it goes on from where it is.
    #[error("reading the visibility topic, partition {partition} from offset {offset}: {message}")]
    Source {
        /// Partition that was read.
        partition: u32,
        /// The first offset that was asked for.
        offset: i64,
        /// The source's message.
        message: String,
    },
}

impl Error {
    /// The file does not hold what was written to it. Waiting does not mend that.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Corrupt { .. } => true,
            Self::Unavailable(error) => is_damage(error),
            _ => false,
        }
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::{Error, ErrorCode, ffi};
    match error {
        Error::SqliteFailure(failure, _) => {
            matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
                || [ffi::SQLITE_IOERR_READ, ffi::SQLITE_IOERR_SHORT_READ, ffi::SQLITE_IOERR_CORRUPTFS].contains(&failure.extended_code)
        }
        // Our statements read only what our statements have written, so a wrong type is damage.
        Error::InvalidColumnType(..) | Error::FromSqlConversionFailure(..) | Error::IntegralValueOutOfRange(..) | Error::Utf8Error(..) => {
            true
        }
        _ => false,
    }
}
