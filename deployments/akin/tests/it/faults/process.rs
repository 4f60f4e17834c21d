//! Processes of akin, and the ways in which they may end.

use crate::support::send_signal;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Words that no fault may cause in a log: nothing is damaged, and no setting is wrong.
const FORBIDDEN_WORDS: [&str; 5] = ["panicked", "corrupt", "damaged", "misconfigured", "refused"];

/// Part of the message about a full disk.
const DISK_FULL_MESSAGE: &str = "nothing was lost";

/// Part of the message to a process that embeds for fewer indexes than the store owes its changes to.
const LESS_THAN_REGISTERED: &str = "akin indexes forget";

/// A process that logs to a file. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    arguments: String,
    child: Child,
    log: PathBuf,
    /// When its disk became full, if it is.
    pub(crate) disk_full_since: Option<Instant>,
}

impl Process {
    /// Starts `command`, which was built from `arguments`.
    pub(crate) fn start(arguments: &str, mut command: Command, log: PathBuf) -> Self {
        let file = File::create(&log).expect("a log file");
        let child = command.stdout(Stdio::null()).stderr(file).spawn().expect("a process");
        Self { arguments: arguments.to_owned(), child, log, disk_full_since: None }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.status().is_none()
    }

    /// Returns whether it succeeded, once it has ended. An unexpected exit code or log fails the test.
    pub(crate) fn ended(&mut self) -> Option<bool> {
        let status = self.status()?;
        let log = self.read_log();
        if status.code() == Some(2) && log.contains(LESS_THAN_REGISTERED) {
            return Some(false);
        }
        let is_forbidden = FORBIDDEN_WORDS.iter().any(|word| log.contains(word));
        // Success, an outage, partial success, a requested stop; killed by this test, or stopped before
        // it handled signals.
        let is_expected = matches!(status.code(), Some(0 | 1 | 3 | 143))
            || matches!(status.signal(), Some(9 | 15));
        assert!(
            is_expected && !is_forbidden,
            "`akin {}` ended with {status}: {log}",
            self.arguments
        );
        Some(status.success())
    }

    pub(crate) fn has_logged_a_full_disk(&self) -> bool {
        self.read_log().contains(DISK_FULL_MESSAGE)
    }

    /// Sends the signal with this name, if the process is running.
    pub(crate) fn signal(&mut self, name: &str) {
        if self.is_running() {
            send_signal(name, &self.child);
        }
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a child of this test");
        self.child.wait().expect("an exit status");
    }

    /// Asks it to stop, and waits until it has ended.
    pub(crate) fn stop(&mut self) {
        self.signal("TERM");
        let has_ended = self.ends_within(Duration::from_secs(30));
        assert!(has_ended, "`akin {}` does not stop: {}", self.arguments, self.read_log());
    }

    /// Waits at most `timeout`, and returns whether it has ended.
    pub(crate) fn ends_within(&mut self, timeout: Duration) -> bool {
        let began = Instant::now();
        while self.ended().is_none() {
            if began.elapsed() > timeout {
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
        true
    }

    fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child of this test")
    }

    fn read_log(&self) -> String {
        fs::read_to_string(&self.log).expect("a readable log")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
