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
    #[error("cannot copy to a temporary file, which Parquet needs: {0}")]
    Spool(io::Error),
    /// The input has no bytes, or a CSV file has no header.
    #[error("the file is empty: was it written completely?")]
    Empty,
    /// The input is of a format that is not supported.
    #[error("the file is {what}: {remedy}")]
    Unsupported {
        /// The format.
        what: &'static str,
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
    /// The thread that reads ahead could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    /// The thread that reads ahead panicked.
    #[error("the reading thread panicked: this is a bug")]
    Panicked,
}

impl Error {
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
