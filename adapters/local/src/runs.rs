//! The rows of the run log.

use crate::queue::micros;
use crate::rows::invalid_value;
use crate::store::row_limit;
use akin_entities::Timestamp;
use akin_ports::{MAX_RUNS, Run, RunCounts, RunEnd, RunOutcome};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use std::time::Duration;

/// Inserts a run over `feeds` unless it exists, and deletes the oldest.
pub(crate) fn begin(
    connection: &Connection,
    began: Timestamp,
    feeds: &[String],
) -> rusqlite::Result<()> {
    let insert =
        "INSERT INTO runs (began) VALUES (?1) ON CONFLICT (began) DO NOTHING RETURNING number";
    let number: Option<i64> =
        connection.prepare_cached(insert)?.query_row([began.0], |row| row.get(0)).optional()?;
    if let Some(number) = number {
        let mut insert = connection.prepare_cached("INSERT INTO run_feeds VALUES (?1, ?2, ?3)")?;
        for (position, name) in (0_i64..).zip(feeds) {
            insert.execute(params![number, position, name])?;
        }
    }
    delete_oldest(connection)
}

/// Deletes all but the latest [`MAX_RUNS`] runs.
fn delete_oldest(connection: &Connection) -> rusqlite::Result<()> {
    let kept = row_limit(MAX_RUNS);
    let newest = "SELECT number FROM runs ORDER BY number DESC LIMIT 1 OFFSET ?1";
    let first: Option<i64> =
        connection.prepare_cached(newest)?.query_row([kept], |row| row.get(0)).optional()?;
    let Some(number) = first else { return Ok(()) };
    connection.prepare_cached("DELETE FROM run_feeds WHERE run <= ?1")?.execute([number])?;
    connection.prepare_cached("DELETE FROM runs WHERE number <= ?1")?.execute([number])?;
    Ok(())
}

/// Records how a run ended, unless it has ended.
pub(crate) fn finish(
    connection: &Connection,
    began: Timestamp,
    end: &RunEnd,
) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE runs SET outcome = ?2, reason = ?3, took = ?4, read = ?5, inserted = ?6,
             changed = ?7, unchanged = ?8, removed = ?9, quarantined = ?10, embedded = ?11,
             updated_fields = ?12, failed = ?13
         WHERE began = ?1 AND outcome IS NULL",
    )?;
    let ((outcome, reason), took) = (end.outcome.parts(), micros(end.took));
    let counts = match end.counts {
        Some(counts) => counts.values().map(|count| Some(count.cast_signed())),
        None => [None; RunCounts::NAMES.len()],
    };
    let mut values: Vec<&dyn ToSql> = vec![&began.0, &outcome, &reason, &took];
    values.extend(counts.iter().map(|count| -> &dyn ToSql { count }));
    update.execute(values.as_slice())?;
    Ok(())
}

/// Returns the latest `limit` runs, the most recent first.
pub(crate) fn last(connection: &Connection, limit: i64) -> rusqlite::Result<Vec<Run>> {
    let mut select = connection.prepare_cached(
        "SELECT number, began, outcome, reason, took, read, inserted, changed, unchanged, removed,
             quarantined, embedded, updated_fields, failed
         FROM runs ORDER BY number DESC LIMIT ?1",
    )?;
    let mut feeds =
        connection.prepare_cached("SELECT name FROM run_feeds WHERE run = ?1 ORDER BY place")?;
    let runs = select.query_map([limit], |row| {
        let names = feeds.query_map([row.get::<_, i64>(0)?], |row| row.get(0))?;
        let feeds = names.collect::<rusqlite::Result<_>>()?;
        Ok(Run { began: Timestamp(row.get(1)?), feeds, end: end(row)? })
    })?;
    runs.collect()
}

fn end(row: &Row<'_>) -> rusqlite::Result<Option<RunEnd>> {
    let Some(name) = row.get::<_, Option<String>>(2)? else { return Ok(None) };
    let outcome = RunOutcome::from_parts(&name, row.get(3)?);
    let outcome =
        outcome.ok_or_else(|| invalid_value(2, format!("a run has the outcome {name:?}")))?;
    let took = Duration::from_micros(row.get::<_, i64>(4)?.cast_unsigned());
    let mut counts = [0; RunCounts::NAMES.len()];
    for (column, count) in (5..).zip(&mut counts) {
        let Some(value) = row.get::<_, Option<i64>>(column)? else {
            return Ok(Some(RunEnd { outcome, took, counts: None }));
        };
        *count = value.cast_unsigned();
    }
    Ok(Some(RunEnd { outcome, took, counts: Some(RunCounts::from_values(counts)) }))
}
