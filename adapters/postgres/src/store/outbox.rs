use super::{product_id, row_limit};
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use akin_entities::{Change, Version};
use akin_ports::OutboxEntry;
use async_trait::async_trait;
use sqlx::PgConnection;

/// Reads the oldest entries after one.
pub(crate) struct ReadOutbox {
    pub(crate) after: Option<u64>,
    pub(crate) limit: usize,
}

#[async_trait]
impl Call for ReadOutbox {
    type Answer = Vec<OutboxEntry>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        let sql = "SELECT sequence, product_id, version FROM {outbox}
                   WHERE sequence > $1 ORDER BY sequence LIMIT $2";
        let after = self.after.map_or(0, |after| i64::try_from(after).unwrap_or(i64::MAX));
        let rows = query(names.fill(sql)).bind(after).bind(row_limit(self.limit));
        let rows = rows.fetch_all(connection).await?;
        let entries = rows.iter().map(|row| {
            let sequence: i64 = get(row, 0)?;
            let change = Change { id: product_id(get(row, 1)?)?, version: Version(get(row, 2)?) };
            Ok(OutboxEntry { sequence: sequence.cast_unsigned(), change })
        });
        entries.collect()
    }
}

/// Deletes entries that are done.
pub(crate) struct ClearOutbox<'a> {
    pub(crate) done: &'a [OutboxEntry],
}

#[async_trait]
impl Call for ClearOutbox<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        // A locked entry is being replaced with a new sequence, and stays. Waiting for it could
        // deadlock.
        let sql = "DELETE FROM {outbox} WHERE sequence IN (
                       SELECT sequence FROM {outbox} WHERE sequence = ANY ($1::bigint[])
                       FOR UPDATE SKIP LOCKED)";
        let done: Vec<_> = self.done.iter().map(|entry| entry.sequence.cast_signed()).collect();
        query(names.fill(sql)).bind(done).execute(connection).await?;
        Ok(())
    }
}
