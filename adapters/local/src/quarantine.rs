//! Rows that could not become products.

use crate::rows::invalid_value;
use akin_entities::Timestamp;
use akin_ports::{FeedRow, QuarantinedRow, RefusedRow};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeMap;

/// Stores `rows` of `feed`, refused at `at`.
pub(crate) fn insert(
    connection: &Connection,
    feed: &str,
    rows: &[RefusedRow],
    at: Timestamp,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO quarantine (feed, line, field, value, reason, at, texts, kept)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for RefusedRow { line, is_kept, field, value, reason, row } in rows {
        let texts = row.as_deref().map(to_json).transpose()?;
        let line = line.cast_signed();
        statement.execute(params![feed, line, field, value, reason, at.0, texts, is_kept])?;
    }
    Ok(())
}

/// Stores rows of another store, except where a row is held that was refused at that time or later.
pub(crate) fn restore(connection: &Connection, rows: &[QuarantinedRow]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO quarantine (feed, line, field, value, reason, at, texts, kept)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (feed, line, field) DO UPDATE SET value = excluded.value,
             reason = excluded.reason, at = excluded.at, texts = excluded.texts,
             kept = excluded.kept
         WHERE excluded.at > at",
    )?;
    for QuarantinedRow { feed, row, at } in rows {
        let RefusedRow { line, is_kept, field, value, reason, row } = row;
        let texts = row.as_deref().map(to_json).transpose()?;
        let line = line.cast_signed();
        statement.execute(params![feed, line, field, value, reason, at.0, texts, is_kept])?;
    }
    Ok(())
}

/// Deletes the rows of `feed` that were refused before `before`.
pub(crate) fn release(
    connection: &Connection,
    feed: &str,
    before: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM quarantine WHERE feed = ?1 AND at < ?2")?
        .execute(params![feed, before.0])?;
    Ok(())
}

/// Deletes the rows of `feed` that were refused at `until` or before, and returns their number.
pub(crate) fn clear(
    connection: &Connection,
    feed: &str,
    until: Timestamp,
) -> rusqlite::Result<u64> {
    let deleted = connection
        .prepare_cached("DELETE FROM quarantine WHERE feed = ?1 AND at <= ?2")?
        .execute(params![feed, until.0])?;
    Ok(deleted as u64)
}

/// The sort key of a row: feed, line and field.
pub(crate) type QuarantineKey = (String, i64, String);

/// Returns the key of a row; without a row, the key before all others.
pub(crate) fn key(row: Option<&QuarantinedRow>) -> QuarantineKey {
    let before_all = || (String::new(), i64::MIN, String::new());
    row.map_or_else(before_all, |row| {
        (row.feed.clone(), row.row.line.cast_signed(), row.row.field.clone())
    })
}

/// Returns the next `limit` rows after a key.
pub(crate) fn list(
    connection: &Connection,
    (feed, line, field): &QuarantineKey,
    limit: i64,
) -> rusqlite::Result<Vec<QuarantinedRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT feed, line, field, value, reason, at, texts, kept FROM quarantine
         WHERE (feed, line, field) > (?1, ?2, ?3) ORDER BY feed, line, field LIMIT ?4",
    )?;
    let rows = statement.query_map(params![feed, line, field, limit], quarantined)?;
    rows.collect()
}

fn quarantined(row: &Row<'_>) -> rusqlite::Result<QuarantinedRow> {
    let line = row.get::<_, i64>(1)?.cast_unsigned();
    let texts = row.get_ref(6)?.as_str_or_null().map_err(|e| invalid_value(6, e))?;
    let texts = texts.map(|texts| from_json(line, texts)).transpose();
    let texts = texts.map_err(|e| invalid_value(6, e))?;
    let refused = RefusedRow {
        line,
        is_kept: row.get(7)?,
        field: row.get(2)?,
        value: row.get(3)?,
        reason: row.get(4)?,
        row: texts.map(Box::new),
    };
    Ok(QuarantinedRow { feed: row.get(0)?, row: refused, at: Timestamp(row.get(5)?) })
}

/// Serializes the texts of a row by the names of their columns.
fn to_json(row: &FeedRow) -> rusqlite::Result<String> {
    let texts: BTreeMap<_, _> = row.named_texts().collect();
    let texts = serde_json::to_string(&texts);
    texts.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn from_json(line: u64, texts: &str) -> serde_json::Result<FeedRow> {
    let texts: BTreeMap<String, String> = serde_json::from_str(texts)?;
    Ok(FeedRow::from_texts(line, texts))
}
