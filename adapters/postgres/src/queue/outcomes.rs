use super::messages::micros;
use crate::database::{Call, query};
use crate::error::Failure;
use crate::names::Names;
use crate::text::escape;
use akin_ports::{MAX_ATTEMPTS, Receipt, retry_delay};
use async_trait::async_trait;
use sqlx::PgConnection;
use std::collections::HashMap;
use std::time::Duration;

/// A delivery of a message, as a receipt names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lease {
    sequence: i64,
    /// The number of this delivery of the message, counted from 1.
    takes: i64,
}

impl Lease {
    /// Returns the lease that a receipt names, if it can be that of a row.
    pub(crate) fn parse(receipt: &Receipt) -> Option<Self> {
        let (sequence, takes) = receipt.numbers()?;
        Some(Self { sequence: sequence.try_into().ok()?, takes: takes.try_into().ok()? })
    }
}

/// Extends the leases.
pub(crate) const EXTEND: &str = "
    UPDATE {queue} held SET hidden = true, visible = clock_timestamp() + $3 * interval '1 microsecond'
    FROM unnest($1::bigint[], $2::bigint[]) AS receipt(sequence, takes)
    WHERE held.sequence = receipt.sequence AND held.takes = receipt.takes AND leased";

/// Deletes messages that are done; the delay that every statement takes is zero.
pub(crate) const DELETE: &str = "
    DELETE FROM {queue} held
    USING unnest($1::bigint[], $2::bigint[]) AS receipt(sequence, takes)
    WHERE held.sequence = receipt.sequence AND held.takes = receipt.takes AND leased
        AND $3::bigint = 0";

/// Returns messages to the queue and takes their attempt back.
pub(crate) const RELEASE: &str = "
    UPDATE {queue} held SET leased = false, hidden = true, unfinished = 0, tries = tries - 1,
        visible = clock_timestamp() + $3 * interval '1 microsecond'
    FROM unnest($1::bigint[], $2::bigint[]) AS receipt(sequence, takes)
    WHERE held.sequence = receipt.sequence AND held.takes = receipt.takes AND leased";

/// Applies one statement to several messages.
pub(crate) struct Update<'a> {
    pub(crate) leases: &'a [Lease],
    pub(crate) sql: &'static str,
    pub(crate) delay: Duration,
}

#[async_trait]
impl Call for Update<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        query(names.fill(self.sql))
            .bind(self.leases.iter().map(|lease| lease.sequence).collect::<Vec<_>>())
            .bind(self.leases.iter().map(|lease| lease.takes).collect::<Vec<_>>())
            .bind(micros(self.delay))
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// Hides failed messages until their next attempt, or makes dead letters of them.
pub(crate) struct Fail<'a> {
    pub(crate) failed: &'a [(Lease, &'a str)],
}

/// $4 holds the delay after each attempt, from the first on.
const FAIL: &str = "
    UPDATE {queue} held SET leased = false, hidden = true, unfinished = 0, reason = receipt.reason,
        visible = clock_timestamp() + ($4::bigint[])[least(tries, $5)] * interval '1 microsecond',
        died = CASE WHEN tries >= $5 THEN clock_timestamp() END
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS receipt(sequence, takes, reason)
    WHERE held.sequence = receipt.sequence AND held.takes = receipt.takes AND leased";

#[async_trait]
impl Call for Fail<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        // If a batch names a message twice, its last reason counts.
        let last: HashMap<_, _> = self.failed.iter().copied().collect();
        query(names.fill(FAIL))
            .bind(last.keys().map(|lease| lease.sequence).collect::<Vec<_>>())
            .bind(last.keys().map(|lease| lease.takes).collect::<Vec<_>>())
            .bind(last.values().map(|reason| escape(reason)).collect::<Vec<_>>())
            .bind(
                (1..=MAX_ATTEMPTS).map(|attempt| micros(retry_delay(attempt))).collect::<Vec<_>>(),
            )
            .bind(MAX_ATTEMPTS.cast_signed())
            .execute(connection)
            .await?;
        Ok(())
    }
}
