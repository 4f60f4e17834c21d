use std::io;
use std::path::Path;

/// An error about an index file, a document or a request.
#[derive(Debug, thiserror::Error)]
pub enum IndexFileError {
    /// Reading or writing a file failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file has another format or schema, or is damaged.
    #[error("{path}: {reason}; rebuild the file")]
    InvalidFile {
        /// The file.
        path: String,
        /// The reason.
        reason: &'static str,
    },
    /// A document does not match the schema, or is out of order.
    #[error("document {key:?}: {reason}")]
    Document {
        /// The document's key.
        key: String,
        /// The reason.
        reason: &'static str,
    },
    /// A request cannot be answered.
    #[error("request: {0}")]
    Request(&'static str),
}

impl IndexFileError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.display().to_string(), source }
    }

    pub(crate) fn invalid_file(path: &Path) -> impl FnOnce(&'static str) -> Self + '_ {
        move |reason| Self::InvalidFile { path: path.display().to_string(), reason }
    }
}
