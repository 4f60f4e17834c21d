//! The dead letters: rows of the queue that are no longer delivered.

use crate::rows;
use akin_entities::{Change, Timestamp, Version};
use akin_ports::DeadLetter;
use rusqlite::{Connection, params};

/// Returns the next `limit` dead letters after `after`, each with its sequence number.
pub(crate) fn list(
    connection: &Connection,
    after: i64,
    limit: i64,
) -> rusqlite::Result<Vec<(u64, DeadLetter)>> {
    let mut statement = connection.prepare_cached(
        "SELECT sequence, id, version, tries, reason, died FROM queue INDEXED BY queue_dead
         WHERE died IS NOT NULL AND sequence > ?1 ORDER BY sequence LIMIT ?2",
    )?;
    let letters = statement.query_map([after, limit], |row| {
        let letter = DeadLetter {
            change: Change { id: rows::id(row, 1)?, version: Version(row.get(2)?) },
            attempts: row.get(3)?,
            reason: row.get(4)?,
            died: row.get::<_, Option<i64>>(5)?.map(Timestamp),
        };
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), letter))
    })?;
    letters.collect()
}

/// Returns the oldest `limit` dead letters to the queue, and returns their number.
pub(crate) fn redrive(connection: &Connection, limit: i64, now: i64) -> rusqlite::Result<u64> {
    let redriven = connection
        .prepare_cached(
            "UPDATE queue SET died = NULL, tries = 0, hidden = 0, visible = ?1
             WHERE sequence IN (SELECT sequence FROM queue INDEXED BY queue_dead WHERE died IS NOT NULL
                 ORDER BY sequence LIMIT ?2)",
        )?
        .execute(params![now, limit])?;
    Ok(redriven as u64)
}
