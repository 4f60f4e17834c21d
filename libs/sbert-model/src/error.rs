use std::io;
use std::path::{Path, PathBuf};

/// An error in reading a model's folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file is missing or cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The content of a file is invalid.
    #[error("{path}: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The model uses an unsupported feature.
    #[error("{path}: {what} is not supported; {supported}")]
    Unsupported {
        /// The file that requests it.
        path: PathBuf,
        /// The feature.
        what: String,
        /// The supported alternatives, or a remedy.
        supported: &'static str,
    },
    /// A tensor is missing from the weights.
    #[error("{path}: the tensor {name} is missing")]
    MissingTensor {
        /// The weights file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// The shape of a tensor differs from the configuration.
    #[error("{path}: the tensor {name} has shape {found:?}, not {expected:?}")]
    WrongShape {
        /// The weights file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape according to the configuration.
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
