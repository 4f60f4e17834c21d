use sbert_model::FolderError;
use std::io;
use std::path::{Path, PathBuf};

/// Why a model was not exported. Nothing is left behind then.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The folder cannot be read, or holds what is not supported.
    #[error(transparent)]
    Model(#[from] FolderError),
    /// An opset that this exporter does not know.
    #[error("opset {opset} is not supported; {} to {} are", crate::OPSETS.start(), crate::OPSETS.end())]
    Opset {
        /// What was asked for.
        opset: u32,
    },
    /// The tokenizer's file is not what it should be.
    #[error("{path}: {reason}")]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A path that names no file.
    #[error("{path} names no file that a model can be written to")]
    NoFile {
        /// The path.
        path: PathBuf,
    },
    /// Somebody else is exporting to the same path.
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
        /// Why.
        source: io::Error,
    },
}

impl ExportError {
    /// For `map_err`: that `path` cannot be written.
    pub(crate) fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Unwritable { path: path.to_owned(), source }
    }
}
