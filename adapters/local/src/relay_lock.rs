//! Lets one process at a time pass on changes of the outbox, so that none is sent twice.

use crate::pool::Database;
use crate::{error, permissions};
use akin_ports::PortResult;
use private_files::Access;
use std::fs::{File, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

/// The name of the lock's file, beside the database.
const NAME: &str = "relay.lock";

/// The longest wait for another process. Beyond it, it is probably suspended.
const PATIENCE: Duration = Duration::from_secs(2);

const PAUSE: Duration = Duration::from_millis(5);

/// Takes the lock, which ends with the file handle, even if the process is killed. If another process holds
/// it for too long, goes on without: a change that is sent twice is embedded once.
pub(crate) fn take(database: &Database) -> PortResult<File> {
    let path = database.file().with_file_name(NAME);
    let file = private_files::open(&path, Access::Owner).map_err(|e| error::io(&path, &e))?;
    permissions::share(&file, database.file());
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => thread::sleep(PAUSE),
            Err(TryLockError::Error(cause)) => return Err(error::io(&path, &cause)),
            Ok(()) | Err(TryLockError::WouldBlock) => return Ok(file),
        }
    }
}
