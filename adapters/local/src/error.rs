use akin_ports::{ErrorKind, PortError};
use rusqlite::{Error, ErrorCode};
use std::io;
use std::path::Path;

/// The name of this adapter in errors.
pub(crate) const SYSTEM: &str = "local store";

/// An error of a file, with the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {what}; {remedy}")]
struct FileError {
    file: String,
    what: String,
    remedy: &'static str,
}

/// Creates an error of `file` that names the remedy.
pub(crate) fn at(
    file: &Path,
    kind: ErrorKind,
    what: impl Into<String>,
    remedy: &'static str,
) -> PortError {
    let file = file.display().to_string();
    PortError::new(SYSTEM, kind, FileError { file, what: what.into(), remedy })
}

/// Creates the error for work that was canceled because the runtime is shutting down.
pub(crate) fn stopped(cause: tokio::task::JoinError) -> PortError {
    PortError::new(SYSTEM, ErrorKind::Unavailable, cause)
}

/// Maps an SQLite error in `file`. The only such mapping.
pub(crate) fn sqlite(file: &Path, error: &Error) -> PortError {
    let (kind, remedy) = match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed,
        ) => (ErrorKind::Unavailable, "another process is writing to this folder: try again later"),
        Some(ErrorCode::DiskFull) => {
            (ErrorKind::Unavailable, "nothing was lost: free some space, then try again")
        }
        Some(ErrorCode::SystemIoFailure) => (
            ErrorKind::Unavailable,
            "nothing was lost: check the disk, its free space and its limits, then try again",
        ),
        Some(ErrorCode::OutOfMemory) => (ErrorKind::Unavailable, "free some memory"),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => (
            ErrorKind::Misconfigured,
            "make the folder and its files writable for this user, or choose another with --data",
        ),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => (
            ErrorKind::Corrupt,
            "the file is damaged: restore it from a backup, or delete the folder and ingest again",
        ),
        Some(ErrorCode::TooBig) => (ErrorKind::Refused, "shorten the text"),
        Some(_) => (
            ErrorKind::Corrupt,
            "the file does not have the expected tables: restore it from a backup, or delete the \
             folder and ingest again",
        ),
        None => (
            ErrorKind::Corrupt,
            "the file contains an invalid value: restore it from a backup, or delete the folder \
             and ingest again",
        ),
    };
    at(file, kind, error.to_string(), remedy)
}

/// Maps an error of the search files.
pub(crate) fn flat(path: &Path, error: &flat_index::IndexFileError) -> PortError {
    match error {
        flat_index::IndexFileError::Io { source, .. } => io(path, source),
        flat_index::IndexFileError::Request(_) => {
            at(path, ErrorKind::Refused, error.to_string(), "use the model of the index")
        }
        flat_index::IndexFileError::InvalidFile { .. }
        | flat_index::IndexFileError::Document { .. } => {
            at(path, ErrorKind::Corrupt, error.to_string(), "delete the folder `index` in it")
        }
    }
}

/// Maps a file-system error at `path`.
pub(crate) fn io(path: &Path, error: &io::Error) -> PortError {
    let (kind, remedy) = match error.kind() {
        io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::Interrupted
        | io::ErrorKind::OutOfMemory => {
            (ErrorKind::Unavailable, "nothing was lost: free some space, then try again")
        }
        _ => (
            ErrorKind::Misconfigured,
            "make it a folder that this user can read and write, or choose another with --data",
        ),
    };
    at(path, kind, error.to_string(), remedy)
}
