use crate::unpack::{TooLarge, UnpackLimit};
use std::io;

/// An error that ends an input. The records before it have been delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input could not be read, or its compressed data or encoding is damaged
    /// ([`io::ErrorKind::InvalidData`]).
    #[error("cannot read beyond byte {at}: {cause}")]
    Read {
        /// The number of decoded bytes before the error.
        at: u64,
        /// The cause.
        cause: io::Error,
    },
    /// A Parquet file from a stream could not be copied to a temporary file.
    #[error(
        "cannot copy to a temporary file in {folder}, which Parquet needs: {0}; free space there, or set \
         TMPDIR to another folder",
        folder = std::env::temp_dir().display()
    )]
    Spool(io::Error),
    /// The input has no bytes, or a CSV file has no header.
    #[error("the file is empty: was it written completely?")]
    Empty,
    /// The input is of a format that is not supported.
    #[error("the file is {what}: {remedy}")]
    Unsupported {
        /// The format.
        what: String,
        /// The remedy.
        remedy: &'static str,
    },
    /// An XML document declares an unknown encoding.
    #[error("the file declares the unknown encoding {0:?}: save it as UTF-8")]
    Encoding(String),
    /// The structure around the records is malformed.
    #[error("line {line}: {reason}")]
    Malformed {
        /// The line, counted from 1.
        line: u64,
        /// The reason, and the remedy.
        reason: String,
    },
    /// A Parquet file is malformed.
    #[error("cannot read the file as Parquet{position}: {reason}")]
    Parquet {
        /// The row and column, if the error is in one.
        position: String,
        /// The reason.
        reason: String,
    },
    /// The input unpacks to more than [`UnpackLimits`](crate::UnpackLimits) allow.
    #[error("the file unpacks to more than {limit}{position}")]
    TooLarge {
        /// The place, if it is known.
        position: String,
        /// The limit.
        limit: UnpackLimit,
    },
    /// The thread that reads ahead could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    /// The thread that reads ahead panicked.
    #[error("the reading thread panicked: this is a bug")]
    Panicked,
}

impl Error {
    /// Creates the error of a reader that failed after `at` decoded bytes.
    pub(crate) fn read(at: u64, cause: io::Error) -> Self {
        match TooLarge::find(&cause) {
            Some(TooLarge(limit)) => {
                Self::TooLarge { position: format!(", from byte {at} on"), limit }
            }
            None => Self::Read { at, cause },
        }
    }

    /// Returns whether reading the same input again may succeed: the error is not in the content.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Read { cause, .. } | Self::Spool(cause) => {
                !matches!(cause.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
            }
            Self::Thread(_) => true,
            _ => false,
        }
    }
}
