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

/// What a receipt says: the message, and which time of its being taken is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Held {
    sequence: i64,
    takes: i64,
}

impl Held {
    /// The numbers of a receipt, if they can be those of a row.
    pub(crate) fn of(receipt: &Receipt) -> Option<Self> {
        let (sequence, takes) = receipt.numbers()?;
        Some(Self { sequence: sequence.try_into().ok()?, takes: takes.try_into().ok()? })
    }
}

/// Lets the leases last.
pub(crate) const EXTEND: &str = "
    UPDATE {queue} held SET visible = clock_timestamp() + $3 * interval '1 microsecond'
    FROM unnest($1::bigint[], $2::bigint[]) AS receipt(sequence, takes)
    WHERE held.sequence = receipt.sequence AND held.takes = receipt.takes AND leased";

/// Forgets what is done; the pause, which every statement takes, is none.
pub(crate) const FORGET: &str = "
    DELETE FROM {queue} held
    USING unnest($1::bigint[], $2::bigint[]) AS receipt(sequence, takes)
    WHERE held.sequence = receipt.sequence AND held.takes = receipt.takes AND leased
        AND $3::bigint = 0";

/// Gives back what is not to blame.
pub(crate) const RELEASE: &str = "
    UPDATE {queue} held SET leased = false, unfinished = 0, tries = tries - 1,
        visible = clock_timestamp() + $3 * interval '1 microsecond'
    FROM unnest($1::bigint[], $2::bigint[]) AS receipt(sequence, takes)
    WHERE held.sequence = receipt.sequence AND held.takes = receipt.takes AND leased";

/// An outcome that is the same for all of them.
pub(crate) struct Settle<'a> {
    pub(crate) held: &'a [Held],
    pub(crate) sql: &'static str,
    pub(crate) pause: Duration,
}

#[async_trait]
impl Call for Settle<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        query(names.fill(self.sql))
            .bind(self.held.iter().map(|held| held.sequence).collect::<Vec<_>>())
            .bind(self.held.iter().map(|held| held.takes).collect::<Vec<_>>())
            .bind(micros(self.pause))
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// Lets messages rest that failed, or gives them up.
pub(crate) struct Fail<'a> {
    pub(crate) failed: &'a [(Held, &'a str)],
}

/// $4 holds the pause after each try, from the first one on.
const FAIL: &str = "
    UPDATE {queue} held SET leased = false, unfinished = 0, reason = receipt.reason,
        visible = clock_timestamp() + ($4::bigint[])[least(tries, $5)] * interval '1 microsecond',
        died = CASE WHEN tries >= $5 THEN clock_timestamp() END
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS receipt(sequence, takes, reason)
    WHERE held.sequence = receipt.sequence AND held.takes = receipt.takes AND leased";

#[async_trait]
impl Call for Fail<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        // Of a message that a batch names twice the last reason counts.
        let last: HashMap<_, _> = self.failed.iter().copied().collect();
        query(names.fill(FAIL))
            .bind(last.keys().map(|held| held.sequence).collect::<Vec<_>>())
            .bind(last.keys().map(|held| held.takes).collect::<Vec<_>>())
            .bind(last.values().map(|reason| escape(reason)).collect::<Vec<_>>())
            .bind((1..=MAX_ATTEMPTS).map(|tries| micros(retry_delay(tries))).collect::<Vec<_>>())
            .bind(MAX_ATTEMPTS.cast_signed())
            .execute(connection)
            .await?;
        Ok(())
    }
}
