//! What every function does before its first event.

use crate::defaults::{Queue, defaults};
use crate::parts::chain;
use akin_composition::{CpuSettings, LogSettings, Refusal, printable};
use akin_lambda::{NotOpened, RuntimeError};
use clap::{Args, Parser};
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io::{Write, stderr};
use std::process::ExitCode;

/// A function of AWS Lambda; its settings are environment variables.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Function<T: Args> {
    #[command(flatten)]
    logging: LogSettings,

    #[command(flatten)]
    cpu: CpuSettings,

    #[command(flatten)]
    own: T,
}

/// Why a function ended.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A setting must change.
    Settings(String),
    /// The Runtime API cannot be used.
    Runtime(RuntimeError),
}

/// Reads the settings `T` and runs the function with them and with the problems of those that are invalid,
/// which it reports beside the missing ones. It ends only with a failure. The exit code is 2 if a setting
/// is wrong, else 1.
pub(crate) fn start<T: Args>(
    queue: Queue,
    run: impl AsyncFnOnce(T, Vec<String>) -> Result<(), Failure>,
) -> ExitCode {
    let parsed = akin_composition::parse_environment(&arguments(queue));
    let (function, problems): (Function<T>, _) = match parsed {
        Ok(parsed) => parsed,
        // Covers the version, which is not a failure.
        Err(Refusal::Usage(error)) => error.exit(),
        Err(Refusal::Bad(bad)) => return ended(&Failure::Settings(bad.to_string())),
    };
    function.logging.start();
    akin_composition::warn_of_ignored_variables();
    let selected = function.cpu.select().map_err(|error| Failure::Settings(error.to_string()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ran = selected.and_then(|()| match runtime {
        Ok(runtime) => runtime.block_on(run(function.own, problems)),
        Err(error) => Err(Failure::Settings(format!("no threads can be started: {error}"))),
    });
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ended(&failure),
    }
}

/// Returns the arguments of this process, and those that its surroundings imply.
fn arguments(queue: Queue) -> Vec<OsString> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    env::args_os().chain(defaults(queue, &set)).collect()
}

/// Reports a failure where AWS Lambda logs it, at every log level.
fn ended(failure: &Failure) -> ExitCode {
    let message = format!("error: {failure}\n");
    // Without standard error there is nobody to tell.
    drop(stderr().write_all(printable(&message).as_bytes()));
    match failure {
        Failure::Settings(_) => ExitCode::from(2),
        Failure::Runtime(_) => ExitCode::FAILURE,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(message) => f.write_str(message),
            Self::Runtime(error) => f.write_str(&chain(error)),
        }
    }
}

impl From<NotOpened> for Failure {
    fn from(error: NotOpened) -> Self {
        Self::Settings(error.message)
    }
}

impl From<RuntimeError> for Failure {
    fn from(error: RuntimeError) -> Self {
        Self::Runtime(error)
    }
}
