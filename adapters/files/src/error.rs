use akin_ports::{ErrorKind, PortError};
use feed_formats::UnpackLimit;
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
    #[error("{0}; if the file is as it should be, raise {1}")]
    TooLarge(feed_formats::Error, &'static str),
    #[error(transparent)]
    Content(feed_formats::Error),
}

impl From<feed_formats::Error> for FileError {
    fn from(error: feed_formats::Error) -> Self {
        match error {
            feed_formats::Error::TooLarge { limit: UnpackLimit::Ratio(_), .. } => {
                Self::TooLarge(error, "--max-unpacked-ratio (AKIN_MAX_UNPACKED_RATIO)")
            }
            feed_formats::Error::TooLarge { limit: UnpackLimit::Bytes(_), .. } => {
                Self::TooLarge(error, "--max-unpacked-bytes (AKIN_MAX_UNPACKED_BYTES)")
            }
            _ => Self::Content(error),
        }
    }
}

/// The only mapping to the errors of the ports.
impl From<FileError> for PortError {
    fn from(error: FileError) -> Self {
        let kind = match &error {
            FileError::Open { .. } | FileError::Directory(_) => ErrorKind::Misconfigured,
            FileError::Changed(_) => ErrorKind::Unavailable,
            FileError::Content(error) if error.is_transient() => ErrorKind::Unavailable,
            FileError::Content(feed_formats::Error::Panicked) => ErrorKind::Corrupt,
            FileError::TooLarge(..) | FileError::Content(_) => ErrorKind::Refused,
        };
        Self::new("feed", kind, error)
    }
}
