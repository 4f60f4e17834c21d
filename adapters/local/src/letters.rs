//! The rows of the queue that were given up.

use crate::rows;
use akin_entities::{Change, Timestamp, Version};
use akin_ports::DeadLetter;
use rusqlite::{Connection, params};

/// The next `limit` dead letters behind the sequence `after`.
pub(crate) fn list(
    connection: &Connection,
    after: i64,
    limit: i64,
) -> rusqlite::Result<Vec<DeadLetter>> {
    let mut statement = connection.prepare_cached(
        "SELECT sequence, id, version, tries, reason, died FROM queue
         WHERE died IS NOT NULL AND sequence > ?1 ORDER BY sequence LIMIT ?2",
    )?;
    let letters = statement.query_map([after, limit], |row| {
        Ok(DeadLetter {
            sequence: row.get::<_, i64>(0)?.cast_unsigned(),
            change: Change { id: rows::id(row, 1)?, version: Version(row.get(2)?) },
            tries: row.get(3)?,
            reason: row.get(4)?,
            at: Timestamp(row.get(5)?),
        })
    })?;
    letters.collect()
}

/// Makes the oldest `limit` of them messages again.
pub(crate) fn redrive(connection: &Connection, limit: i64, now: i64) -> rusqlite::Result<u64> {
    let redriven = connection
        .prepare_cached(
            "UPDATE queue SET died = NULL, tries = 0, visible = ?1
             WHERE sequence IN (SELECT sequence FROM queue WHERE died IS NOT NULL
                 ORDER BY sequence LIMIT ?2)",
        )?
        .execute(params![now, limit])?;
    Ok(redriven as u64)
}
