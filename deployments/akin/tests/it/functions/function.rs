//! A function of AWS Lambda: the real binary, under the emulated Runtime API.

use super::runtime_api::{Answer, RuntimeApi};
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A function, whose process is started by its first event and again after it was killed.
#[derive(Debug)]
pub(crate) struct Function {
    name: &'static str,
    api: RuntimeApi,
    variables: Vec<(String, String)>,
    process: Option<Child>,
    log: PathBuf,
    /// The time in which an event must be answered, as the function's timeout.
    pub(crate) timeout: Duration,
    invocations: u64,
    pub(crate) starts: u64,
}

/// The end of an invocation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    Answered(Answer),
    /// The process ended without an answer.
    Died,
    /// There was no answer in time, so that AWS Lambda kills the process.
    TimedOut,
}

/// What AWS Lambda sets, whatever the function.
const LAMBDA: [(&str, &str); 3] = [
    ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
    ("TZ", ":UTC"),
];

impl Function {
    /// Returns the function of the binary `name`. Its log is kept in `folder`.
    pub(crate) fn new(
        name: &'static str,
        folder: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let api = RuntimeApi::start();
        let log = folder.join(format!("{name}-{}.log", api.address.port()));
        File::create(&log).expect("a log");
        Self {
            name,
            api,
            variables: variables.into_iter().collect(),
            process: None,
            log,
            timeout: Duration::from_mins(1),
            invocations: 0,
            starts: 0,
        }
    }

    /// Sets a variable for the processes that start from now on.
    pub(crate) fn set_variable(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Removes a variable of the processes that start from now on.
    pub(crate) fn remove_variable(&mut self, name: &str) {
        self.variables.retain(|(known, _)| known != name);
    }

    /// Sends an event and returns its end.
    pub(crate) fn invoke(&mut self, event: Value) -> End {
        let id = self.begin(event);
        self.finish(&id)
    }

    /// Sends an event and returns the answer; any other end fails the test.
    pub(crate) fn answer(&mut self, event: Value) -> Value {
        match self.invoke(event) {
            End::Answered(Answer::Done(answer)) => answer,
            end => panic!("{} ended with {end:?}: {}", self.name, self.log()),
        }
    }

    /// Sends an event and returns its id.
    pub(crate) fn begin(&mut self, event: Value) -> String {
        self.start();
        self.invocations += 1;
        let id = format!("{}-{:08}", self.name, self.invocations);
        self.api.send(&id, event, self.timeout);
        id
    }

    /// Sends an event again with the id of an earlier one, as AWS Lambda does after a failure.
    pub(crate) fn begin_again(&mut self, id: &str, event: Value) {
        self.start();
        self.api.send(id, event, self.timeout);
    }

    /// Sends an event again, and returns its end.
    pub(crate) fn retry(&mut self, id: &str, event: Value) -> End {
        self.begin_again(id, event);
        self.finish(id)
    }

    /// Waits for the end of the event `id`.
    pub(crate) fn finish(&mut self, id: &str) -> End {
        let until = Instant::now() + self.timeout;
        while Instant::now() < until {
            if let Some(answer) = self.api.take_answer(id, Duration::from_millis(50)) {
                return End::Answered(answer);
            }
            let process = self.process.as_mut();
            if process.is_none_or(|process| process.try_wait().expect("a child").is_some()) {
                self.process = None;
                return End::Died;
            }
        }
        self.kill();
        End::TimedOut
    }

    /// Starts the process, unless it runs.
    pub(crate) fn start(&mut self) {
        if let Some(process) = &mut self.process
            && process.try_wait().expect("a child").is_none()
        {
            return;
        }
        self.api.begin_process();
        let log = File::options().append(true).open(&self.log).expect("a log");
        let mut command = Command::new(binary(self.name));
        command.env_clear().envs(LAMBDA).env("AWS_LAMBDA_FUNCTION_NAME", self.name);
        command.env("AWS_LAMBDA_RUNTIME_API", self.api.address.to_string());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.process = Some(command.spawn().expect("a process"));
        self.starts += 1;
    }

    /// Returns whether the function asks for its first event within `time`.
    pub(crate) fn is_ready_within(&self, time: Duration) -> bool {
        self.api.is_asked_within(time)
    }

    /// Kills the process, if it runs.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended already.
            drop(process.kill());
            drop(process.wait());
        }
    }

    /// Returns the exit code of a process that ends by itself.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        let mut process = self.process.take().expect("a process");
        process.wait().expect("an exit status").code()
    }

    /// Returns all that its processes logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("a log")
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns the binary of this name, which is built beside `akin`.
pub(crate) fn binary(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_akin")).with_file_name(name);
    assert!(path.exists(), "{} is missing: cargo build --bins", path.display());
    path
}
