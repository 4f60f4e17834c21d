//! The signals that end a process.

use std::io;
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
