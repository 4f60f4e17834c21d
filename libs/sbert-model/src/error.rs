use std::io;
use std::path::{Path, PathBuf};

/// Why a folder is no model that can be read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file is missing or cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{path}: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The model is of a kind that is not supported.
    #[error("{path}: {what} is not supported; {supported}")]
    Unsupported {
        /// The file that says so.
        path: PathBuf,
        /// What it is.
        what: String,
        /// What is supported, or what to do.
        supported: &'static str,
    },
    /// The weights lack a tensor.
    #[error("{path}: the tensor {name} is missing")]
    MissingTensor {
        /// The file of the weights.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A tensor has another shape than the configuration says.
    #[error("{path}: the tensor {name} has shape {found:?}, not {expected:?}")]
    WrongShape {
        /// The file of the weights.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that the configuration says.
        expected: Vec<usize>,
    },
}

impl FolderError {
    pub(crate) fn malformed(path: &Path, reason: impl Into<String>) -> Self {
        Self::Malformed { path: path.to_owned(), reason: reason.into() }
    }

    pub(crate) fn unsupported(
        path: &Path,
        what: impl Into<String>,
        supported: &'static str,
    ) -> Self {
        Self::Unsupported { path: path.to_owned(), what: what.into(), supported }
    }
}
