use std::io;
use std::path::Path;

/// Why a model was not downloaded.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The hub refused, or what it has is not a model that akin can use.
    #[error("{0}")]
    Refused(String),
    /// The hub did not answer.
    #[error("{url} cannot be reached (--hub, HF_ENDPOINT)")]
    Unreachable {
        /// The address.
        url: String,
        /// The cause.
        source: Box<ureq::Error>,
    },
    /// The hub's list of files cannot be read.
    #[error("{url} is not a list of files")]
    Listing {
        /// The address.
        url: String,
        /// The cause.
        source: serde_json::Error,
    },
    /// A file failed to download several times in a row.
    #[error("{file} could not be downloaded")]
    File {
        /// The file's name in the model.
        file: String,
        /// The last failure.
        source: Box<HubError>,
    },
    /// A file on this machine, or a connection, failed.
    #[error("{what}")]
    Io {
        /// The operation.
        what: String,
        /// The cause.
        source: io::Error,
    },
}

impl HubError {
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self::Refused(what.into())
    }

    /// Returns a conversion for failures of files at `path`.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let what = format!("{} cannot be written", path.display());
        move |source| Self::Io { what, source }
    }

    /// Returns a conversion for a connection that broke off.
    pub(crate) fn broken(url: &str) -> impl FnOnce(io::Error) -> Self {
        let what = format!("the connection to {url} broke");
        move |source| Self::Io { what, source }
    }
}
