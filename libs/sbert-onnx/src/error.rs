use sbert_model::FolderError;
use std::io;
use std::path::{Path, PathBuf};

/// An error in exporting a model. No files remain after one.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The folder cannot be read, or uses an unsupported feature.
    #[error(transparent)]
    Model(#[from] FolderError),
    /// The opset is not supported.
    #[error("opset {opset} is not supported; {} to {} are", crate::OPSETS.start(), crate::OPSETS.end())]
    Opset {
        /// The requested opset.
        opset: u32,
    },
    /// A file of the tokenizer is invalid.
    #[error("{path}: {reason}")]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The path is not that of a file.
    #[error("{path} names no file that a model can be written to")]
    NoFile {
        /// The path.
        path: PathBuf,
    },
    /// Another export is writing to the same path.
    #[error("another export is writing {path}; wait for it, or choose another path")]
    Busy {
        /// The path.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("{path} cannot be written")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl ExportError {
    /// Returns a function for `map_err` that reports that `path` cannot be written.
    pub(crate) fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Unwritable { path: path.to_owned(), source }
    }
}
