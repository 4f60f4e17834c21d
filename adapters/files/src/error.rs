use akin_ports::{ErrorKind, PortError};
use std::io;

/// An error of a feed in a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("cannot open {name}: {cause}; check the path and its permissions")]
    Open { name: String, cause: io::Error },
    #[error("{0} is a directory: name the feed files in it")]
    Directory(String),
    #[error(
        "{0} changed while it was read: run the command again; replace a feed by renaming a complete \
         file to its name"
    )]
    Changed(String),
}

impl From<FileError> for PortError {
    fn from(error: FileError) -> Self {
        let kind = match &error {
            FileError::Open { .. } | FileError::Directory(_) => ErrorKind::Misconfigured,
            FileError::Changed(_) => ErrorKind::Unavailable,
        };
        Self::new("feed", kind, error)
    }
}
