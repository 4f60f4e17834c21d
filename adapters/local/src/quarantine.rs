//! Rows that could not become products.

use entities::Version;
use ports::{QuarantinedRow, RefusedRow};
use rusqlite::{Connection, params};

/// Keeps `rows` of `feed`, refused at `at`.
pub(crate) fn keep(
    connection: &Connection,
    feed: &str,
    rows: &[RefusedRow],
    at: Version,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO quarantine (feed, line, field, value, reason, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for row in rows {
        let line = row.line.cast_signed();
        statement.execute(params![feed, line, row.field, row.value, row.reason, at.0])?;
    }
    Ok(())
}

/// Forgets the rows of `feed` that were refused before `before`.
pub(crate) fn release(
    connection: &Connection,
    feed: &str,
    before: Version,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM quarantine WHERE feed = ?1 AND at < ?2")?
        .execute(params![feed, before.0])?;
    Ok(())
}

/// At most `limit` rows, by feed and line.
pub(crate) fn list(connection: &Connection, limit: i64) -> rusqlite::Result<Vec<QuarantinedRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT feed, line, field, value, reason, at FROM quarantine
         ORDER BY feed, line, field LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], |row| {
        let refused = RefusedRow {
            line: row.get::<_, i64>(1)?.cast_unsigned(),
            field: row.get(2)?,
            value: row.get(3)?,
            reason: row.get(4)?,
        };
        Ok(QuarantinedRow { feed: row.get(0)?, row: refused, at: Version(row.get(5)?) })
    })?;
    rows.collect()
}
