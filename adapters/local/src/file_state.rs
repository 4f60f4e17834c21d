//! Identifies files, to notice that another one took their place.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

/// Identifies a file that is open or mapped: another file under its name differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    #[cfg(unix)]
    place: (u64, u64),
    #[cfg(not(unix))]
    created: Option<std::time::SystemTime>,
}

/// The state of a file's content, as far as its metadata shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileState {
    id: FileId,
    length: u64,
    modified: Option<std::time::SystemTime>,
}

impl FileId {
    /// Identifies the file at `path`.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self::new(&metadata))
    }

    #[cfg(unix)]
    fn new(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { place: (metadata.dev(), metadata.ino()) }
    }

    #[cfg(not(unix))]
    fn new(metadata: &Metadata) -> Self {
        Self { created: metadata.created().ok() }
    }
}

impl FileState {
    /// Returns the state of the file at `path`.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self {
            id: FileId::new(&metadata),
            length: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }
}
