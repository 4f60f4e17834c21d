use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::store::{product_id, row_limit};
use crate::text::unescape;
use akin_entities::{Change, Timestamp, Version};
use akin_ports::DeadLetter;
use async_trait::async_trait;
use sqlx::PgConnection;

/// Lists the dead letters after one, each with its sequence number.
pub(crate) struct ListLetters {
    pub(crate) after: Option<u64>,
    pub(crate) limit: usize,
}

#[async_trait]
impl Call for ListLetters {
    type Answer = Vec<(u64, DeadLetter)>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Vec<(u64, DeadLetter)>, Failure> {
        let sql = "SELECT sequence, product_id, version, tries, reason,
                       (extract(epoch FROM died) * 1000000)::numeric::bigint
                   FROM {queue} WHERE died IS NOT NULL AND sequence > $1
                   ORDER BY sequence LIMIT $2";
        let after = self.after.map_or(0, |after| i64::try_from(after).unwrap_or(i64::MAX));
        let rows = query(names.fill(sql)).bind(after).bind(row_limit(self.limit));
        let rows = rows.fetch_all(connection).await?;
        let letters = rows.iter().map(|row| {
            let letter = DeadLetter {
                change: Change { id: product_id(get(row, 1)?)?, version: Version(get(row, 2)?) },
                attempts: get::<i32>(row, 3)?.cast_unsigned(),
                reason: get::<Option<String>>(row, 4)?.map(unescape),
                died: get::<Option<i64>>(row, 5)?.map(Timestamp),
            };
            Ok((get::<i64>(row, 0)?.cast_unsigned(), letter))
        });
        letters.collect()
    }
}

/// Returns the oldest dead letters to the queue.
pub(crate) struct Redrive {
    pub(crate) limit: usize,
}

#[async_trait]
impl Call for Redrive {
    type Answer = u64;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<u64, Failure> {
        let sql =
            "UPDATE {queue} SET died = NULL, tries = 0, hidden = false, visible = clock_timestamp()
                   WHERE sequence = ANY (ARRAY(
                       SELECT sequence FROM {queue} WHERE died IS NOT NULL
                       ORDER BY sequence LIMIT $1 FOR UPDATE))";
        let redriven = query(names.fill(sql)).bind(row_limit(self.limit)).execute(connection);
        Ok(redriven.await?.rows_affected())
    }
}
