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

/// Returns the number of a message that is visible, if there is one.
const VISIBLE: &str = "
    SELECT sequence FROM (
        SELECT sequence FROM queue INDEXED BY queue_ready WHERE died IS NULL AND hidden = 0 LIMIT 1)
    UNION ALL SELECT sequence FROM (
        SELECT sequence FROM queue INDEXED BY queue_hidden
        WHERE died IS NULL AND hidden = 1 AND leased IN (0, 1) AND visible <= ?1 LIMIT 1)";

/// The minimum number of messages that one call reveals, if so many became visible. Up to so many keep
/// their order.
const REVEALED: i64 = 10_000;

/// Reveals messages whose lease or delay is over. Those that have no attempts left die.
const REVEAL: &str = "
    UPDATE queue SET hidden = 0, leased = leased AND tries < ?2,
        died = CASE WHEN leased AND tries >= ?2 THEN ?1 END,
        reason = CASE WHEN leased AND tries >= ?2 THEN ?3 ELSE reason END
    WHERE sequence IN (
        SELECT sequence FROM queue INDEXED BY queue_hidden
        WHERE died IS NULL AND hidden = 1 AND leased IN (0, 1) AND visible <= ?1 LIMIT ?4)";

const FIRST: &str = "
    SELECT unfinished FROM queue INDEXED BY queue_ready WHERE died IS NULL AND hidden = 0
    ORDER BY sequence LIMIT 1";

const LEASE: &str = "
    UPDATE queue SET tries = tries + 1, unfinished = unfinished + 1, takes = takes + 1, leased = 1,
        hidden = 1, visible = ?1
    WHERE sequence IN (
        SELECT sequence FROM queue INDEXED BY queue_ready
        WHERE died IS NULL AND hidden = 0 AND unfinished < ?2 ORDER BY sequence LIMIT ?3)
    RETURNING sequence, id, version, takes, tries";

/// Returns whether a message is visible.
pub(crate) fn is_any_visible(connection: &Connection, now: i64) -> rusqlite::Result<bool> {
    connection.prepare_cached(VISIBLE)?.exists([now])
}

/// Leases at most `limit` messages, or one that must be isolated. Messages without an outcome and
/// without attempts left become dead letters first.
pub(crate) fn receive(
    connection: &Connection,
    limit: i64,
    now: i64,
    lease: i64,
) -> rusqlite::Result<Vec<Delivery>> {
    let revealed = REVEALED.max(limit);
    let mut reveal = connection.prepare_cached(REVEAL)?;
    reveal.execute(params![now, MAX_ATTEMPTS, UNSETTLED, revealed])?;
    let first = connection.prepare_cached(FIRST)?.query_row([], |row| row.get(0)).optional()?;
    let is_isolated = first.is_some_and(|unfinished: u32| unfinished >= ISOLATE_AFTER);
    let (below, limit) = if is_isolated { (u32::MAX, 1) } else { (ISOLATE_AFTER, limit) };
    let mut lease_messages = connection.prepare_cached(LEASE)?;
    let taken = lease_messages.query_map([now + lease, below.into(), limit], delivery)?;
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
        "UPDATE queue SET visible = ?3, hidden = 1
         WHERE sequence = ?1 AND takes = ?2 AND leased",
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
        "UPDATE queue SET leased = 0, unfinished = 0, tries = tries - 1, visible = ?3, hidden = 1
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
        "UPDATE queue SET leased = 0, unfinished = 0, visible = ?2, hidden = 1, reason = ?3, died = ?4
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

/// Counts the messages that wait, are leased, and are dead.
const COUNTS: &str = "
    SELECT (SELECT count(*) FROM queue INDEXED BY queue_ready WHERE died IS NULL AND hidden = 0)
            + (SELECT count(*) FROM queue INDEXED BY queue_hidden
                WHERE died IS NULL AND hidden = 1 AND leased = 0)
            + (SELECT count(*) FROM queue INDEXED BY queue_hidden
                WHERE died IS NULL AND hidden = 1 AND leased = 1 AND visible <= ?1),
        (SELECT count(*) FROM queue INDEXED BY queue_hidden
            WHERE died IS NULL AND hidden = 1 AND leased = 1 AND visible > ?1),
        (SELECT count(*) FROM queue INDEXED BY queue_dead WHERE died IS NOT NULL)";

/// Counts the messages, dead letters included.
pub(crate) fn counts(connection: &Connection, now: i64) -> rusqlite::Result<QueueCounts> {
    connection.prepare_cached(COUNTS)?.query_row([now], |row| {
        let count = |at| row.get(at).map(i64::cast_unsigned);
        Ok(QueueCounts { waiting: count(0)?, in_flight: count(1)?, dead: count(2)? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Database;
    use crate::{LocalOptions, letters};
    use rusqlite::StatementStatus;

    /// Runs `sql` and returns the number of steps that the database's machine took.
    fn steps(connection: &Connection, sql: &str, values: &[i64]) -> i32 {
        let mut statement = connection.prepare(sql).expect("a statement");
        let mut rows = statement.query(rusqlite::params_from_iter(values)).expect("rows");
        while rows.next().expect("a row").is_some() {}
        drop(rows);
        statement.get_status(StatementStatus::VmStep)
    }

    #[test]
    fn the_work_of_a_delivery_does_not_grow_with_the_messages_that_are_hidden_or_dead() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("akin.db");
        let database = Database::open(file, LocalOptions::default()).expect("a database");
        database
            .write_now(|queue| {
                let mut insert = queue.prepare(
                    "INSERT INTO queue (id, version, leased, hidden, visible, died)
                     VALUES (?1, 1, ?2, ?3, ?4, ?5)",
                )?;
                for number in 0..20_000 {
                    // Leased, delayed, dead.
                    for (leased, hidden, died) in [(1, 1, None), (0, 1, None), (0, 0, Some(1))] {
                        insert.execute(params![number.to_string(), leased, hidden, 9_000, died])?;
                    }
                }
                insert.execute(params!["ready", 0, 0, 1, None::<i64>])?;
                drop(insert);
                for (sql, values) in [
                    (VISIBLE, &[5][..]),
                    (REVEAL, &[5, 5, 0, 10_000][..]),
                    (FIRST, &[][..]),
                    (LEASE, &[65, 2, 512][..]),
                ] {
                    let steps = steps(queue, sql, values);
                    assert!(steps < 300, "{steps} steps: {sql}");
                }
                assert_eq!(receive(queue, 512, 70, 60)?.len(), 1, "the lease is over");
                let expected = QueueCounts { waiting: 20_000, in_flight: 20_001, dead: 20_000 };
                assert_eq!(counts(queue, 71)?, expected);
                assert_eq!(letters::redrive(queue, 1, 71)?, 1);
                assert_eq!(receive(queue, 512, 72, 60)?.len(), 1);
                Ok(())
            })
            .expect("a queue");
    }
}
