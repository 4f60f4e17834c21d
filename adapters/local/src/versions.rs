//! The versions that the store has given out, by which it refuses the writes of overtaken runs.

use crate::error::SYSTEM;
use akin_entities::{Timestamp, Version};
use akin_ports::{ErrorKind, PortError, RunOvertaken};
use rusqlite::{Connection, OptionalExtension};

/// The result of work that an overtaken run may not do.
pub(crate) type Admitted<T> = Result<T, RunOvertaken>;

/// Refuses work in the version `at` if a newer run has begun.
pub(crate) fn admit(connection: &Connection, at: Version) -> rusqlite::Result<Admitted<()>> {
    let select = "SELECT run FROM versions";
    let fence: Option<i64> = connection.prepare_cached(select)?.query_row([], |row| row.get(0))?;
    if fence.is_none_or(|fence| fence <= at.0) {
        return Ok(Ok(()));
    }
    let select = "SELECT holder, began FROM runs WHERE version = ?1";
    let newer = connection.prepare_cached(select)?.query_row([fence], |row| {
        Ok(RunOvertaken { holder: row.get(0)?, since: Some(Timestamp(row.get(1)?)) })
    });
    Ok(Err(newer.optional()?.unwrap_or(RunOvertaken { holder: None, since: None })))
}

/// Refuses a write in the version `at` if a newer run has begun, and notes the version.
pub(crate) fn admit_write(connection: &Connection, at: Version) -> rusqlite::Result<Admitted<()>> {
    let admitted = admit(connection, at)?;
    if admitted.is_ok() {
        note(connection, at)?;
    }
    Ok(admitted)
}

/// Notes that the store holds the version `at`.
pub(crate) fn note(connection: &Connection, at: Version) -> rusqlite::Result<()> {
    let update = "UPDATE versions SET newest = ?1 WHERE newest < ?1";
    connection.prepare_cached(update)?.execute([at.0]).map(drop)
}

/// Converts the refusal of an overtaken run into the port's error.
pub(crate) fn overtaken(refusal: RunOvertaken) -> PortError {
    PortError::new(SYSTEM, ErrorKind::Overtaken, refusal)
}
