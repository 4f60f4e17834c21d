//! The signals by which a process is asked to end.

use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// The numbers of Ctrl-C and of a plain `kill`, the same on every Unix.
const INTERRUPT: u8 = 2;
const TERMINATE: u8 = 15;

/// Waits until the process is asked to end; answers with the number of the signal.
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
