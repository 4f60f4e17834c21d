//! The messages of the queue that are still delivered. Times are microseconds since 1970.

use crate::queue::micros;
use crate::rows;
use akin_entities::{Change, Version};
use akin_ports::{
    Delivery, ISOLATE_AFTER, MAX_ATTEMPTS, QueueCounts, Receipt, UNSETTLED, retry_delay,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// A delivery of a message, as a receipt names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    pub(crate) sequence: i64,
    /// The number of this delivery of the message, counted from 1.
    pub(crate) takes: i64,
}

/// Inserts a message for each of `changes`.
pub(crate) fn send(connection: &Connection, changes: &[Change], now: i64) -> rusqlite::Result<()> {
    let mut insert = connection
        .prepare_cached("INSERT INTO queue (id, version, visible) VALUES (?1, ?2, ?3)")?;
    changes.iter().try_for_each(|change| {
        insert.execute(params![change.id.as_str(), change.version.0, now]).map(drop)
    })
}

/// Returns whether a message is visible.
pub(crate) fn is_any_visible(connection: &Connection, now: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM queue WHERE died IS NULL AND visible <= ?1 LIMIT 1")?
        .exists([now])
}

/// Leases at most `limit` messages, or one that must be isolated. Messages without an outcome and
/// without attempts left become dead letters first.
pub(crate) fn receive(
    connection: &Connection,
    limit: i64,
    now: i64,
    lease: i64,
) -> rusqlite::Result<Vec<Delivery>> {
    connection
        .prepare_cached(
            "UPDATE queue SET died = ?1, reason = ?2, leased = 0
             WHERE died IS NULL AND leased AND tries >= ?3 AND visible <= ?1",
        )?
        .execute(params![now, UNSETTLED, MAX_ATTEMPTS])?;
    let first = "SELECT unfinished FROM queue WHERE died IS NULL AND visible <= ?1
                 ORDER BY sequence LIMIT 1";
    let first: Option<u32> =
        connection.prepare_cached(first)?.query_row([now], |row| row.get(0)).optional()?;
    let is_isolated = first.is_some_and(|unfinished| unfinished >= ISOLATE_AFTER);
    let (below, limit) = if is_isolated { (u32::MAX, 1) } else { (ISOLATE_AFTER, limit) };
    let mut lease_messages = connection.prepare_cached(
        "UPDATE queue SET tries = tries + 1, unfinished = unfinished + 1, takes = takes + 1,
             leased = 1, visible = ?2
         WHERE sequence IN (SELECT sequence FROM queue
             WHERE died IS NULL AND visible <= ?1 AND unfinished < ?3
             ORDER BY sequence LIMIT ?4)
         RETURNING sequence, id, version, takes, tries",
    )?;
    let taken = lease_messages.query_map([now, now + lease, below.into(), limit], delivery)?;
    let mut taken = taken.collect::<rusqlite::Result<Vec<_>>>()?;
    taken.sort_unstable_by_key(|(sequence, _)| *sequence);
    Ok(taken.into_iter().map(|(_, delivery)| delivery).collect())
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<(i64, Delivery)> {
    let (sequence, takes): (i64, i64) = (row.get(0)?, row.get(3)?);
    let change = Change { id: rows::id(row, 1)?, version: Version(row.get(2)?) };
    let receipt = Receipt::numbered(sequence.cast_unsigned(), takes.cast_unsigned());
    Ok((sequence, Delivery { receipt, change, attempts: row.get(4)? }))
}

/// Extends the leases until `visible`.
pub(crate) fn extend(
    connection: &Connection,
    leases: &[Lease],
    visible: i64,
) -> rusqlite::Result<()> {
    let mut extend = connection.prepare_cached(
        "UPDATE queue SET visible = ?3 WHERE sequence = ?1 AND takes = ?2 AND leased",
    )?;
    leases
        .iter()
        .try_for_each(|lease| extend.execute([lease.sequence, lease.takes, visible]).map(drop))
}

/// Deletes messages that are done.
pub(crate) fn delete(connection: &Connection, leases: &[Lease]) -> rusqlite::Result<()> {
    let mut delete = connection
        .prepare_cached("DELETE FROM queue WHERE sequence = ?1 AND takes = ?2 AND leased")?;
    leases.iter().try_for_each(|lease| delete.execute([lease.sequence, lease.takes]).map(drop))
}

/// Returns messages to the queue and takes their attempt back.
pub(crate) fn release(
    connection: &Connection,
    leases: &[Lease],
    visible: i64,
) -> rusqlite::Result<()> {
    let mut release = connection.prepare_cached(
        "UPDATE queue SET leased = 0, unfinished = 0, tries = tries - 1, visible = ?3
         WHERE sequence = ?1 AND takes = ?2 AND leased",
    )?;
    leases
        .iter()
        .try_for_each(|lease| release.execute([lease.sequence, lease.takes, visible]).map(drop))
}

/// Hides failed messages until their next attempt, or makes dead letters of them.
pub(crate) fn fail(
    connection: &Connection,
    failed: &[(Lease, String)],
    now: i64,
) -> rusqlite::Result<()> {
    let mut attempts = connection
        .prepare_cached("SELECT tries FROM queue WHERE sequence = ?1 AND takes = ?2 AND leased")?;
    let mut fail = connection.prepare_cached(
        "UPDATE queue SET leased = 0, unfinished = 0, visible = ?2, reason = ?3, died = ?4
         WHERE sequence = ?1",
    )?;
    for (lease, reason) in failed {
        let attempts: Option<u32> =
            attempts.query_row([lease.sequence, lease.takes], |row| row.get(0)).optional()?;
        let Some(attempts) = attempts else { continue };
        let died = (attempts >= MAX_ATTEMPTS).then_some(now);
        fail.execute(params![lease.sequence, now + micros(retry_delay(attempts)), reason, died])?;
    }
    Ok(())
}

/// Counts the messages, dead letters included.
pub(crate) fn counts(connection: &Connection, now: i64) -> rusqlite::Result<QueueCounts> {
    let mut statement = connection.prepare_cached(
        "SELECT count(*) FILTER (WHERE died IS NULL AND NOT (leased AND visible > ?1)),
             count(*) FILTER (WHERE died IS NULL AND leased AND visible > ?1),
             count(died) FROM queue",
    )?;
    statement.query_row([now], |row| {
        let count = |at| row.get(at).map(i64::cast_unsigned);
        Ok(QueueCounts { waiting: count(0)?, in_flight: count(1)?, dead: count(2)? })
    })
}
