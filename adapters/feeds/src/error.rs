use crate::columns::HeaderFault;
use akin_ports::{ErrorKind, PortError};
use std::io::{self, ErrorKind as Io};

/// Why a feed cannot be read, or read on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FeedError {
    #[error("cannot open {name}: {cause}; check the path and its rights")]
    Open { name: String, cause: io::Error },
    #[error("{0} is a folder: name the feed files in it")]
    Folder(String),
    #[error("cannot read {name} beyond byte {at}: {cause}")]
    Read { name: String, at: u64, cause: io::Error },
    #[error(
        "{0} is empty: its first line must name the columns, `name` or `title` among them; \
         was the file written completely?"
    )]
    Empty(String),
    #[error("{0} is empty: was the file written completely?")]
    Nothing(String),
    #[error("{name} is {what}: {remedy}")]
    NotText { name: String, what: &'static str, remedy: &'static str },
    #[error("{name} declares the encoding {label:?}, which nobody knows: save it as UTF-8")]
    Encoding { name: String, label: String },
    #[error("{name} must be kept in a temporary file to be read, which failed: {cause}")]
    Spool { name: String, cause: io::Error },
    #[error("{name}, line {line}: {reason}")]
    Broken { name: String, line: u64, reason: String },
    #[error("{name} cannot be read as Parquet{place}: {reason}")]
    Parquet { name: String, place: String, reason: String },
    #[error("{name}, line {line}: {fault}")]
    Header { name: String, line: u64, fault: HeaderFault },
    #[error("{name}, line {line}: the header does not end within {limit} bytes: close its quotes")]
    EndlessHeader { name: String, line: u64, limit: usize },
    #[error("cannot start a thread that reads {name}: {cause}")]
    Thread { name: String, cause: io::Error },
    #[error("the thread that reads {0} ended before the feed did: this is a defect of akin")]
    Lost(String),
}

impl FeedError {
    pub(crate) fn read(name: &str, at: u64, cause: io::Error) -> Self {
        Self::Read { name: name.to_owned(), at, cause }
    }
}

/// Says what a use case may know of a feed's error. The only such mapping in this crate.
impl From<FeedError> for PortError {
    fn from(error: FeedError) -> Self {
        let kind = match error {
            FeedError::Open { .. } | FeedError::Folder(_) => ErrorKind::Misconfigured,
            FeedError::Read { ref cause, .. } | FeedError::Spool { ref cause, .. }
                if matches!(cause.kind(), Io::InvalidData | Io::UnexpectedEof) =>
            {
                ErrorKind::Refused
            }
            FeedError::Read { .. } | FeedError::Spool { .. } | FeedError::Thread { .. } => {
                ErrorKind::Unavailable
            }
            FeedError::Lost(_) => ErrorKind::Corrupt,
            FeedError::Empty(_)
            | FeedError::Nothing(_)
            | FeedError::Encoding { .. }
            | FeedError::Broken { .. }
            | FeedError::Parquet { .. }
            | FeedError::NotText { .. }
            | FeedError::Header { .. }
            | FeedError::EndlessHeader { .. } => ErrorKind::Refused,
        };
        Self::new("feed", kind, error)
    }
}
