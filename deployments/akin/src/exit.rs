//! What the exit code tells a script.

use ports::{ErrorKind, PortError};
use std::process::ExitCode;

/// All was done.
pub(crate) const DONE: ExitCode = ExitCode::SUCCESS;

/// Done, but for some products.
pub(crate) fn partly() -> ExitCode {
    ExitCode::from(3)
}

/// Ended by Ctrl-C, as shells number it.
pub(crate) fn interrupted() -> ExitCode {
    ExitCode::from(130)
}

/// What `error` means: 2 where a setting is at fault, else 1.
pub(crate) fn of(error: &anyhow::Error) -> ExitCode {
    let misconfigured = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<PortError>())
        .any(|error| error.kind == ErrorKind::Misconfigured);
    ExitCode::from(if misconfigured { 2 } else { 1 })
}
