use akin_ports::{ErrorKind, PortError};
use feed_formats::UnpackLimit;

/// An error in the content of a feed, with the setting to change where there is one.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// Compressed data becomes too large.
    #[error("{0}; if the file is as it should be, raise {1}")]
    TooLarge(feed_formats::Error, &'static str),
    /// The content cannot be read.
    #[error(transparent)]
    Content(feed_formats::Error),
}

impl From<feed_formats::Error> for ContentError {
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

impl From<ContentError> for PortError {
    fn from(error: ContentError) -> Self {
        let kind = match &error {
            ContentError::Content(error) if error.is_transient() => ErrorKind::Unavailable,
            ContentError::Content(feed_formats::Error::Panicked) => ErrorKind::Corrupt,
            ContentError::TooLarge(..) | ContentError::Content(_) => ErrorKind::Refused,
        };
        Self::new("feed", kind, error)
    }
}
