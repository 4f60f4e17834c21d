//! The indexes that changes are owed to.

use super::versions::admit;
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::runs::NOW;
use crate::text::{escape, unescape};
use akin_entities::Timestamp;
use akin_ports::{IndexContent, IndexDebt, IndexIdentity, NewIndex, RegisteredIndex, StoreHistory};
use async_trait::async_trait;
use sqlx::{Connection, Executor, PgConnection};
use std::time::Duration;

/// The time limit for adding the whole catalogue to the outbox.
const TIME_LIMIT: Duration = Duration::from_mins(10);

/// Lists the registered indexes, by name.
pub(crate) struct ListIndexes;

#[async_trait]
impl Call for ListIndexes {
    type Answer = Vec<RegisteredIndex>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        let sql = "SELECT name, key, since FROM {indexes} WHERE key IS NOT NULL ORDER BY name";
        let rows = query(names.fill(sql)).fetch_all(connection).await?;
        let index = rows.iter().map(|row| {
            let (name, key) = (unescape(get(row, 0)?), unescape(get(row, 1)?));
            let identity = IndexIdentity { name, key };
            Ok(RegisteredIndex { identity, since: Timestamp(get(row, 2)?) })
        });
        index.collect()
    }
}

/// Registers those that are not registered, and adds what they are owed to the outbox.
pub(crate) struct RegisterIndexes<'a>(pub(crate) &'a [NewIndex]);

#[async_trait]
impl Call for RegisterIndexes<'_> {
    type Answer = ();

    fn time_limit(&self) -> Option<Duration> {
        Some(TIME_LIMIT)
    }

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        let mut transaction = connection.begin().await?;
        transaction.execute("SET LOCAL statement_timeout = 0").await?;
        // Nobody changes products meanwhile.
        let lock = names.fill("SELECT newest FROM {versions} FOR UPDATE");
        query(lock).fetch_one(&mut *transaction).await?;
        let history = history(&mut transaction, names).await?;
        let mut debt = IndexDebt::Nothing;
        for NewIndex { identity, content } in self.0 {
            if let IndexContent::Complete(at) = content {
                admit(&mut transaction, names, *at).await?;
            }
            if register(&mut transaction, names, identity).await? {
                debt = debt.max(content.debt(history));
            }
        }
        owe(&mut transaction, names, debt).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Registers an index, and returns whether it was not registered.
async fn register(
    connection: &mut PgConnection,
    names: &Names,
    identity: &IndexIdentity,
) -> Result<bool, Failure> {
    let sql = format!(
        "INSERT INTO {{indexes}} AS held (name, key, since) VALUES ($1, $2, {NOW})
         ON CONFLICT (name) DO UPDATE SET key = excluded.key, since = excluded.since
             WHERE held.key IS DISTINCT FROM excluded.key"
    );
    let insert = query(names.fill(&sql)).bind(escape(&identity.name).into_owned());
    let insert = insert.bind(escape(&identity.key).into_owned());
    Ok(insert.execute(connection).await?.rows_affected() > 0)
}

async fn history(connection: &mut PgConnection, names: &Names) -> Result<StoreHistory, Failure> {
    let sql = "SELECT count(*), count(*) FILTER (WHERE name <> '') FROM {indexes}";
    let row = query(names.fill(sql)).fetch_one(&mut *connection).await?;
    let (all, real): (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
    if real > 0 {
        return Ok(StoreHistory::Registered);
    }
    if all == 0 {
        return Ok(StoreHistory::New);
    }
    let sql = "SELECT count(*) FROM {products} products WHERE akin_version IS NOT NULL
                   AND NOT EXISTS (SELECT FROM {outbox} outbox
                                   WHERE outbox.product_id = products.product_id::text)";
    let row = query(names.fill(sql)).fetch_one(connection).await?;
    Ok(StoreHistory::Unregistered { settled: get::<i64>(&row, 0)?.cast_unsigned() })
}

/// Adds what is owed to the outbox, in which everything gets a new sequence.
async fn owe(connection: &mut PgConnection, names: &Names, debt: IndexDebt) -> Result<(), Failure> {
    if debt == IndexDebt::Nothing {
        return Ok(());
    }
    connection.execute(query(names.fill("UPDATE {outbox} SET sequence = DEFAULT"))).await?;
    let products = "INSERT INTO {outbox} (product_id, version)
                    SELECT product_id::text, akin_version FROM {products}
                    WHERE akin_version IS NOT NULL ORDER BY 1 ON CONFLICT DO NOTHING";
    connection.execute(query(names.fill(products))).await?;
    if debt == IndexDebt::ProductsAndRemovals {
        let removed = "INSERT INTO {outbox} (product_id, version)
                       SELECT product_id, version FROM {removed} ORDER BY 1 ON CONFLICT DO NOTHING";
        connection.execute(query(names.fill(removed))).await?;
    }
    Ok(())
}

/// Ends a registration, and returns whether there was one.
pub(crate) struct ForgetIndex<'a>(pub(crate) &'a str);

#[async_trait]
impl Call for ForgetIndex<'_> {
    type Answer = bool;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<bool, Failure> {
        let sql = "UPDATE {indexes} SET key = NULL WHERE name = $1 AND key IS NOT NULL";
        let update = query(names.fill(sql)).bind(escape(self.0).into_owned());
        Ok(update.execute(connection).await?.rows_affected() > 0)
    }
}

/// Notes that products were written that no index was registered for, unless one was before.
pub(crate) async fn note_copies(
    connection: &mut PgConnection,
    names: &Names,
) -> Result<(), Failure> {
    let sql = "INSERT INTO {indexes} (name, since) VALUES ('', 0) ON CONFLICT DO NOTHING";
    query(names.fill(sql)).execute(connection).await?;
    Ok(())
}
