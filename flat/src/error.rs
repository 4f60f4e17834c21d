/// Why a file, a document or a request was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Reading or writing a file failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is foreign, damaged or of another schema; build it anew.
    #[error("{path}: {reason}; build the file anew")]
    Refused {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A document does not fit the schema.
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
