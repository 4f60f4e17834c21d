use std::io;
use std::path::Path;

/// Why a file, a document or a request was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Reading or writing a file failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is foreign, damaged or of another schema.
    #[error("{path}: {reason}; build the file anew")]
    Refused {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A document does not fit the schema, or comes out of order.
    #[error("document {key:?}: {reason}")]
    Document {
        /// The document's key.
        key: String,
        /// What does not fit.
        reason: &'static str,
    },
    /// A request cannot be answered.
    #[error("request: {0}")]
    Request(&'static str),
}

impl Error {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.display().to_string(), source }
    }

    pub(crate) fn refused(path: &Path) -> impl FnOnce(&'static str) -> Self + '_ {
        move |reason| Self::Refused { path: path.display().to_string(), reason }
    }
}
