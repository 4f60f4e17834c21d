use super::{product_id, row_limit};
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use akin_entities::{Change, Version};
use akin_ports::{OutboxEntry, RelayedPage, SendChanges};
use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection};

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
        let rows = query(names.fill(PAGE)).bind(position(self.after)).bind(row_limit(self.limit));
        rows.fetch_all(connection).await?.iter().map(entry).collect()
    }
}

const PAGE: &str = "
    SELECT sequence, product_id, version FROM {outbox}
    WHERE sequence > $1 ORDER BY sequence LIMIT $2";

fn position(after: Option<u64>) -> i64 {
    after.map_or(0, |after| i64::try_from(after).unwrap_or(i64::MAX))
}

fn entry(row: &PgRow) -> Result<OutboxEntry, Failure> {
    let sequence: i64 = get(row, 0)?;
    let change = Change { id: product_id(get(row, 1)?)?, version: Version(get(row, 2)?) };
    Ok(OutboxEntry { sequence: sequence.cast_unsigned(), change })
}

/// Sends the oldest entries after one, and deletes those that were sent. They are locked meanwhile, so that
/// each is sent by one process; a process that dies loses its locks.
pub(crate) struct RelayOutbox<'a, 'b> {
    pub(crate) after: Option<u64>,
    pub(crate) limit: usize,
    pub(crate) send: &'a SendChanges<'b>,
}

#[async_trait]
impl Call for RelayOutbox<'_, '_> {
    type Answer = RelayedPage;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<RelayedPage, Failure> {
        let mut transaction = connection.begin().await?;
        let page = names.fill(PAGE) + " FOR UPDATE SKIP LOCKED";
        let rows = query(page).bind(position(self.after)).bind(row_limit(self.limit));
        let rows = rows.fetch_all(&mut *transaction).await?;
        let mut entries = rows.iter().map(entry).collect::<Result<Vec<_>, Failure>>()?;
        let Some(last) = entries.last() else { return Ok(RelayedPage::default()) };
        let last = Some(last.sequence);
        let failures = (self.send)(entries.iter().map(|entry| entry.change.clone()).collect());
        let failures = failures.await?;
        entries.retain(|entry| !failures.contains_key(&entry.change.id));
        ClearOutbox { done: &entries }.run(&mut transaction, names).await?;
        transaction.commit().await?;
        Ok(RelayedPage { last, sent: entries.len() as u64, failures })
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
