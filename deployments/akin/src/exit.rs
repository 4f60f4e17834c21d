//! What the exit code tells a script.

use crate::output;
use akin_composition::{BadSettings, CompositionError};
use akin_ports::{ErrorKind, PortError};
use std::process::ExitCode;

/// All was done.
pub(crate) const DONE: ExitCode = ExitCode::SUCCESS;

/// Done, but for some products.
pub(crate) fn partly() -> ExitCode {
    ExitCode::from(3)
}

/// A setting or the command line is at fault.
pub(crate) fn misconfigured() -> ExitCode {
    ExitCode::from(2)
}

/// Ended by the signal of this number, as shells put it: Ctrl-C is 130.
pub(crate) fn interrupted(signal: u8) -> ExitCode {
    ExitCode::from(128 + signal)
}

/// Says that the signal of this number ended what goes on at the next run.
pub(crate) fn cut_short(signal: u8) -> ExitCode {
    output::note("interrupted; what was done is kept, and the next run goes on");
    interrupted(signal)
}

/// What `error` means: 2 where a setting is at fault, else 1.
pub(crate) fn of(error: &anyhow::Error) -> ExitCode {
    let is_setting = error.chain().any(|cause| {
        let port = cause.downcast_ref::<PortError>();
        let composition = cause.downcast_ref::<CompositionError>();
        cause.is::<BadSettings>()
            || port.is_some_and(|error| error.kind == ErrorKind::Misconfigured)
            || composition.is_some_and(CompositionError::is_misconfigured)
    });
    if is_setting { misconfigured() } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_setting_at_fault_is_told_from_a_failure_however_deep_it_lies() {
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
