//! Exit codes.

use crate::output;
use akin_composition::{BadSettings, CompositionError};
use akin_ports::{ErrorKind, PortError};
use akin_usecases::BackupError;
use std::process::ExitCode;

/// Everything was done.
pub(crate) const DONE: ExitCode = ExitCode::SUCCESS;

/// Done, except for some products.
pub(crate) fn partly() -> ExitCode {
    ExitCode::from(3)
}

/// Done, but a measure is below what was demanded.
pub(crate) fn below_standard() -> ExitCode {
    ExitCode::from(4)
}

/// The command line or a setting is wrong.
pub(crate) fn misconfigured() -> ExitCode {
    ExitCode::from(2)
}

/// Ended by a signal, numbered as in shells: Ctrl-C is 130.
pub(crate) fn interrupted(signal: u8) -> ExitCode {
    ExitCode::from(128 + signal)
}

/// Reports an interruption by a signal.
pub(crate) fn cut_short(signal: u8) -> ExitCode {
    output::note("interrupted; completed work is kept, and the next run continues from there");
    interrupted(signal)
}

/// Returns 2 if a setting is wrong, else 1.
pub(crate) fn of(error: &anyhow::Error) -> ExitCode {
    let is_setting = error.chain().any(|cause| {
        let port = cause.downcast_ref::<PortError>().or_else(|| of_backup(cause));
        let composition = cause.downcast_ref::<CompositionError>();
        let backup = cause.downcast_ref::<BackupError>();
        cause.is::<BadSettings>()
            || backup.is_some_and(|error| !matches!(error, BackupError::Port(_)))
            || port.is_some_and(|error| error.kind == ErrorKind::Misconfigured)
            || composition.is_some_and(CompositionError::is_misconfigured)
    });
    if is_setting { misconfigured() } else { ExitCode::FAILURE }
}

/// Returns the error of a step of a backup, which is no cause of its own.
fn of_backup<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a PortError> {
    match cause.downcast_ref() {
        Some(BackupError::Port(error)) => Some(error),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_wrong_setting_is_distinguished_from_a_failure_at_any_depth() {
        let code = |kind| {
            let error = Err::<(), _>(PortError::new("store", kind, "cause"));
            of(&error.context("around it").unwrap_err())
        };
        assert_eq!(code(ErrorKind::Misconfigured), ExitCode::from(2));
        assert_eq!(code(ErrorKind::Unavailable), ExitCode::from(1));
        assert_eq!(of(&BadSettings(vec!["no".to_owned()]).into()), ExitCode::from(2));
        assert_eq!(interrupted(2), ExitCode::from(130));
    }
}
