//! The signals that end a process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{fmt, io};
use tokio::signal::unix::{SignalKind, signal};

/// The numbers of Ctrl-C and of a plain `kill`, the same on every Unix.
const INTERRUPT: u8 = 2;
const TERMINATE: u8 = 15;

/// Waits for SIGINT or SIGTERM and returns its number.
pub(crate) fn asked_to_end() -> io::Result<impl Future<Output = u8> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => INTERRUPT,
            _ = terminate.recv() => TERMINATE,
        }
    })
}

/// The time that work may take to finish what it has started.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// Asks work that should not be dropped half done to stop.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    is_asked: AtomicBool,
    is_finishing: AtomicBool,
}

/// Work that finishes what it has started once it is asked to stop, until this is dropped.
#[derive(Debug)]
pub(crate) struct Finishing<'a>(&'a Stop);

impl Stop {
    /// Asks the work to stop, and returns whether it finishes something first.
    pub(crate) fn ask(&self) -> bool {
        self.is_asked.store(true, Ordering::Relaxed);
        self.is_finishing.load(Ordering::Relaxed)
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
    }

    /// Begins work that finishes what it has started.
    pub(crate) fn finishing(&self) -> Finishing<'_> {
        self.is_finishing.store(true, Ordering::Relaxed);
        Finishing(self)
    }
}

impl Drop for Finishing<'_> {
    fn drop(&mut self) {
        self.0.is_finishing.store(false, Ordering::Relaxed);
    }
}

/// The error of work that was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}
