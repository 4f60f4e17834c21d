//! Processes of akin, and how they end.

use crate::support::send;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What no fault is a reason to say: nothing is damaged, and no setting is at fault.
const NEVER_SAID: [&str; 5] = ["panicked", "corrupt", "damaged", "misconfigured", "refused"];

/// What is said of a disk that is full.
const FULL: &str = "nothing was lost";

/// A process whose remarks go to a file. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Process {
    words: String,
    child: Child,
    remarks: PathBuf,
    /// If its disk is full: since when.
    pub(crate) is_full_since: Option<Instant>,
}

impl Process {
    /// Starts `command`, which is to be called `words`.
    pub(crate) fn begin(words: &str, mut command: Command, remarks: PathBuf) -> Self {
        let file = File::create(&remarks).expect("a file for its remarks");
        let child = command.stdout(Stdio::null()).stderr(file).spawn().expect("a process");
        Self { words: words.to_owned(), child, remarks, is_full_since: None }
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.status().is_none()
    }

    /// Whether it did its work, once it has ended. However it ended, it said nothing that it must not.
    pub(crate) fn ended(&mut self) -> Option<bool> {
        let status = self.status()?;
        let said = self.said();
        let is_told = NEVER_SAID.iter().any(|word| said.contains(word));
        // Done, unavailable, done in part, asked to end; killed by this test; asked before it listened.
        let is_sound = matches!(status.code(), Some(0 | 1 | 3 | 143))
            || matches!(status.signal(), Some(9 | 15));
        assert!(is_sound && !is_told, "`akin {}` ended with {status}: {said}", self.words);
        Some(status.success())
    }

    /// Whether it has met a full disk.
    pub(crate) fn tells_of_a_full_disk(&self) -> bool {
        self.said().contains(FULL)
    }

    /// Sends it a signal, if it is there.
    pub(crate) fn signal(&mut self, name: &str) {
        if self.is_alive() {
            send(name, &self.child);
        }
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a process of this test");
        self.child.wait().expect("an end");
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn end(&mut self) {
        self.signal("TERM");
        let is_over = self.ends_within(Duration::from_secs(30));
        assert!(is_over, "`akin {}` does not end", self.words);
    }

    /// Waits until it has ended, but no longer; says whether it has.
    pub(crate) fn ends_within(&mut self, time: Duration) -> bool {
        let began = Instant::now();
        while self.ended().is_none() {
            if began.elapsed() > time {
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
        true
    }

    fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a process of this test")
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.remarks).expect("its remarks")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
