use crate::BadSettings;
use akin_ports::{ErrorKind, PortError};
use tokio::task::JoinError;

/// Why a deployment did not start.
#[derive(Debug, thiserror::Error)]
pub enum CompositionError {
    /// Settings are missing or wrong; nothing was opened.
    #[error(transparent)]
    Settings(#[from] BadSettings),
    /// An adapter did not open.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A part was requested that the builder did not open.
    #[error("{0} was not opened")]
    NotOpened(String),
    /// A thread that opens an adapter panicked.
    #[error("opening an adapter failed")]
    Panic(#[from] JoinError),
}

impl CompositionError {
    /// Returns true if the operator must change a setting before another start can succeed.
    pub fn is_misconfigured(&self) -> bool {
        match self {
            Self::Settings(_) => true,
            Self::Port(error) => error.kind == ErrorKind::Misconfigured,
            Self::NotOpened(_) | Self::Panic(_) => false,
        }
    }
}
