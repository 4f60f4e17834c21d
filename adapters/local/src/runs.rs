//! The rows of the run log.

use crate::queue::micros;
use crate::rows::invalid_value;
use crate::store::row_limit;
use akin_entities::{Timestamp, Version};
use akin_ports::{
    MAX_RUNS, NewRun, RUN_LEASE, Run, RunCounts, RunEnd, RunHolder, RunOutcome, RunStart,
    lease_is_valid,
};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use std::time::Duration;

/// Begins `run` at `now` unless another holds the lease, and deletes the oldest.
pub(crate) fn begin(
    connection: &Connection,
    run: &NewRun,
    now: Timestamp,
) -> rusqlite::Result<RunStart> {
    if let Some(last) = last(connection, 1, now)?.pop() {
        if last.holder.as_ref().is_some_and(|holder| holder.key == run.holder.key) {
            return Ok(RunStart::Begun(last.version));
        }
        if last.holds_lease && run.gone != Some(last.version) {
            return Ok(RunStart::Held(Box::new(last)));
        }
    }
    let newest: i64 = connection.query_row("SELECT newest FROM versions", [], |row| row.get(0))?;
    let version = Version::of_next_run(now, Version(newest));
    connection.execute(
        "UPDATE versions SET run = ?1, newest = ?2",
        [version.0, version.last_of_run().0],
    )?;
    let RunHolder { name, key } = &run.holder;
    connection.execute(
        "INSERT INTO runs (version, began, holder, holder_key, expires)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![version.0, now.0, name, key, lease_from(now)],
    )?;
    let number = connection.last_insert_rowid();
    let mut insert = connection.prepare_cached("INSERT INTO run_feeds VALUES (?1, ?2, ?3)")?;
    for (position, name) in (0_i64..).zip(&run.feeds) {
        insert.execute(params![number, position, name])?;
    }
    delete_oldest(connection)?;
    Ok(RunStart::Begun(version))
}

/// Renews the lease of the run `version`, and returns whether it holds it.
pub(crate) fn renew(
    connection: &Connection,
    version: Version,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let update = "UPDATE runs SET expires = ?2 WHERE version = ?1 AND outcome IS NULL
                      AND number = (SELECT max(number) FROM runs)";
    let renewed = connection.execute(update, [version.0, lease_from(now)])?;
    Ok(renewed > 0)
}

/// Returns the end of a lease that is given at `now`.
fn lease_from(now: Timestamp) -> i64 {
    now.0.saturating_add(micros(RUN_LEASE))
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
    version: Version,
    end: &RunEnd,
) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE runs SET outcome = ?2, reason = ?3, took = ?4, read = ?5, inserted = ?6,
             changed = ?7, unchanged = ?8, held_newer = ?9, repeated = ?10, removed = ?11,
             quarantined = ?12, blanked = ?13, embedded = ?14, updated_fields = ?15,
             failed = ?16
         WHERE version = ?1 AND outcome IS NULL",
    )?;
    let ((outcome, reason), took) = (end.outcome.parts(), micros(end.took));
    let counts = match end.counts {
        Some(counts) => counts.values().map(|count| Some(count.cast_signed())),
        None => [None; RunCounts::NAMES.len()],
    };
    let mut values: Vec<&dyn ToSql> = vec![&version.0, &outcome, &reason, &took];
    values.extend(counts.iter().map(|count| -> &dyn ToSql { count }));
    update.execute(values.as_slice())?;
    Ok(())
}

/// Returns the latest `limit` runs, the most recent first. Only the last may hold a lease at `now`.
pub(crate) fn last(
    connection: &Connection,
    limit: i64,
    now: Timestamp,
) -> rusqlite::Result<Vec<Run>> {
    let mut select = connection.prepare_cached(
        "SELECT number, version, began, holder, holder_key, expires, outcome, reason, took, read,
             inserted, changed, unchanged, held_newer, repeated, removed, quarantined, blanked,
             embedded, updated_fields, failed
         FROM runs ORDER BY number DESC LIMIT ?1",
    )?;
    let mut feeds =
        connection.prepare_cached("SELECT name FROM run_feeds WHERE run = ?1 ORDER BY place")?;
    let mut is_last = true;
    let runs = select.query_map([limit], |row| {
        let names = feeds.query_map([row.get::<_, i64>(0)?], |row| row.get(0))?;
        let feeds = names.collect::<rusqlite::Result<_>>()?;
        let (name, key): (Option<_>, Option<_>) = (row.get(3)?, row.get(4)?);
        let holder = name.zip(key).map(|(name, key)| RunHolder { name, key });
        let expires: Option<i64> = row.get(5)?;
        let end = end(row)?;
        let holds_lease = std::mem::take(&mut is_last)
            && end.is_none()
            && expires.is_some_and(|expires| lease_is_valid(Timestamp(expires), now));
        let (version, began) = (Version(row.get(1)?), Timestamp(row.get(2)?));
        Ok(Run { version, began, holder, feeds, holds_lease, end })
    })?;
    runs.collect()
}

fn end(row: &Row<'_>) -> rusqlite::Result<Option<RunEnd>> {
    let Some(name) = row.get::<_, Option<String>>(6)? else { return Ok(None) };
    let outcome = RunOutcome::from_parts(&name, row.get(7)?);
    let outcome =
        outcome.ok_or_else(|| invalid_value(6, format!("a run has the outcome {name:?}")))?;
    let took = Duration::from_micros(row.get::<_, i64>(8)?.cast_unsigned());
    let mut counts = [0; RunCounts::NAMES.len()];
    for (column, count) in (9..).zip(&mut counts) {
        let Some(value) = row.get::<_, Option<i64>>(column)? else {
            return Ok(Some(RunEnd { outcome, took, counts: None }));
        };
        *count = value.cast_unsigned();
    }
    Ok(Some(RunEnd { outcome, took, counts: Some(RunCounts::from_values(counts)) }))
}
