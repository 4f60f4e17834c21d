use crate::counts::{Counted, count};
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::store::{product_id, row_limit};
use crate::text::escape;
use akin_entities::{Change, Version};
use akin_ports::{Delivery, ISOLATE_AFTER, MAX_ATTEMPTS, QueueCounts, Receipt, UNSETTLED};
use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection};
use std::time::Duration;

/// Inserts a message for each change.
pub(crate) struct Send<'a> {
    pub(crate) changes: &'a [Change],
}

#[async_trait]
impl Call for Send<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        let sql = "INSERT INTO {queue} (product_id, version)
                   SELECT id, version FROM unnest($1::text[], $2::bigint[])
                       WITH ORDINALITY AS batch(id, version, place) ORDER BY place";
        let ids = self.changes.iter().map(|change| escape(change.id.as_str()));
        let versions = self.changes.iter().map(|change| change.version.0);
        query(names.fill(sql))
            .bind(ids.collect::<Vec<_>>())
            .bind(versions.collect::<Vec<_>>())
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// Leases messages, after revealing those that became visible. Messages without an outcome and without
/// attempts left become dead letters.
/// If the answer is lost, the messages come back when their leases end.
pub(crate) struct Receive {
    pub(crate) limit: usize,
    pub(crate) lease: Duration,
}

/// The minimum number of messages that one call reveals, if so many became visible. Up to so many keep
/// their order.
const REVEALED: usize = 10_000;

/// Reveals messages whose lease or delay is over. Those that have no attempts left die. The time is that
/// of the statement: an index is of no use for a clock that goes on.
const REVEAL: &str = "
    WITH due AS MATERIALIZED (
        SELECT sequence, leased AND tries >= $1 AS is_over FROM {queue}
        WHERE died IS NULL AND hidden AND leased IN (true, false)
            AND visible <= statement_timestamp()
        LIMIT $3 FOR UPDATE SKIP LOCKED)
    UPDATE {queue} held SET hidden = false, leased = leased AND NOT is_over,
        died = CASE WHEN is_over THEN clock_timestamp() END,
        reason = CASE WHEN is_over THEN $2 ELSE reason END
    FROM due WHERE held.sequence = due.sequence";

const FIRST: &str = "
    SELECT unfinished FROM {queue} WHERE died IS NULL AND NOT hidden
    ORDER BY sequence LIMIT 1 FOR UPDATE SKIP LOCKED";

const LEASE: &str = "
    WITH chosen AS MATERIALIZED (
        SELECT sequence FROM {queue}
        WHERE died IS NULL AND NOT hidden AND unfinished < $1
        ORDER BY sequence LIMIT $2 FOR UPDATE SKIP LOCKED)
    UPDATE {queue} held SET tries = tries + 1, unfinished = unfinished + 1, takes = takes + 1,
        leased = true, hidden = true, visible = clock_timestamp() + $3 * interval '1 microsecond'
    FROM chosen WHERE held.sequence = chosen.sequence
    RETURNING held.sequence, product_id, version, takes, tries";

#[async_trait]
impl Call for Receive {
    type Answer = Vec<Delivery>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Vec<Delivery>, Failure> {
        if self.limit == 0 {
            return Ok(Vec::new());
        }
        let mut transaction = connection.begin().await?;
        query(names.fill(REVEAL))
            .bind(MAX_ATTEMPTS.cast_signed())
            .bind(UNSETTLED)
            .bind(row_limit(self.limit.max(REVEALED)))
            .execute(&mut *transaction)
            .await?;
        let first = query(names.fill(FIRST)).fetch_optional(&mut *transaction).await?;
        let mut taken = Vec::new();
        if let Some(first) = first {
            let is_isolated = get::<i32>(&first, 0)? >= ISOLATE_AFTER.cast_signed();
            let (below, limit) =
                if is_isolated { (i32::MAX, 1) } else { (ISOLATE_AFTER.cast_signed(), self.limit) };
            let lease = query(names.fill(LEASE)).bind(below).bind(row_limit(limit));
            let rows = lease.bind(micros(self.lease)).fetch_all(&mut *transaction).await?;
            taken = rows.iter().map(delivery).collect::<Result<Vec<_>, Failure>>()?;
        }
        transaction.commit().await?;
        taken.sort_unstable_by_key(|(sequence, _)| *sequence);
        Ok(taken.into_iter().map(|(_, delivery)| delivery).collect())
    }
}

fn delivery(row: &PgRow) -> Result<(i64, Delivery), Failure> {
    let (sequence, takes): (i64, i64) = (get(row, 0)?, get(row, 3)?);
    let change = Change { id: product_id(get(row, 1)?)?, version: Version(get(row, 2)?) };
    let receipt = Receipt::numbered(sequence.cast_unsigned(), takes.cast_unsigned());
    let attempts = get::<i32>(row, 4)?.cast_unsigned();
    Ok((sequence, Delivery { receipt, change, attempts }))
}

/// Returns `time` in microseconds, as the statements take it.
pub(crate) fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// Counts the messages.
pub(crate) struct Count;

#[async_trait]
impl Call for Count {
    type Answer = QueueCounts;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<QueueCounts, Failure> {
        let ready = "{queue} WHERE died IS NULL AND NOT hidden";
        let hidden = "{queue} WHERE died IS NULL AND hidden";
        let leased = "{queue} WHERE died IS NULL AND hidden AND leased AND visible > now()";
        let kinds = [
            Counted { rows: ready, relation: "{ready}" },
            Counted { rows: hidden, relation: "{hidden}" },
            Counted { rows: leased, relation: "{hidden}" },
            Counted { rows: "{queue} WHERE died IS NOT NULL", relation: "{dead}" },
        ];
        let [ready, hidden, in_flight, dead] = count(connection, names, kinds).await?;
        Ok(QueueCounts { waiting: ready + hidden.saturating_sub(in_flight), in_flight, dead })
    }
}
