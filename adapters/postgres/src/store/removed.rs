//! Lists the tombstones of removed products, and writes those of another store.

use super::removal::{DELETE, FORGET};
use super::versions::note;
use super::{lower_bound, product_id, row_limit};
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::text::escape;
use akin_entities::{ProductId, Timestamp, Version};
use akin_ports::RemovedProduct;
use async_trait::async_trait;
use sqlx::{Connection, PgConnection};

/// Lists the tombstones after an id, in the byte order of the ids.
pub(crate) struct ListRemoved<'a> {
    pub(crate) after: Option<&'a ProductId>,
    pub(crate) limit: usize,
}

#[async_trait]
impl Call for ListRemoved<'_> {
    type Answer = Vec<RemovedProduct>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        let sql = "SELECT product_id, version, created FROM {removed}
                   WHERE product_id > $1 ORDER BY product_id LIMIT $2";
        let after = lower_bound(self.after).into_owned();
        let rows = query(names.fill(sql)).bind(after).bind(row_limit(self.limit));
        let rows = rows.fetch_all(connection).await?;
        let removed = rows.iter().map(|row| {
            let (version, created) = (Version(get(row, 1)?), Timestamp(get(row, 2)?));
            Ok(RemovedProduct { id: product_id(get(row, 0)?)?, version, created })
        });
        removed.collect()
    }
}

/// Removes what another store removed, unless it has a newer version or tombstone.
pub(crate) struct RestoreRemoved<'a> {
    pub(crate) removed: &'a [RemovedProduct],
    /// The maximum number of rows per statement.
    pub(crate) rows: usize,
}

#[async_trait]
impl Call for RestoreRemoved<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        let mut transaction = connection.begin().await?;
        if let Some(newest) = self.removed.iter().map(|removed| removed.version).max() {
            note(&mut transaction, names, newest).await?;
        }
        for removed in self.removed.chunks(self.rows) {
            let mut savepoint = transaction.begin().await?;
            match remove(&mut savepoint, names, removed, DELETE).await {
                Ok(()) => savepoint.commit().await?,
                // Another table refers to a row.
                Err(failure) if failure.is_about_values() => {
                    savepoint.rollback().await?;
                    remove(&mut transaction, names, removed, FORGET).await?;
                }
                Err(failure) => return Err(failure),
            }
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// Removes products by `removal`. Rows are locked in the order of their ids, so that writers cannot
/// deadlock.
async fn remove(
    connection: &mut PgConnection,
    names: &Names,
    removed: &[RemovedProduct],
    removal: &str,
) -> Result<(), Failure> {
    let sql = format!(
        "
        WITH batch AS (
            SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS b(id, version, created)
        ), stored AS (
            SELECT product_id, batch.id, akin_version > batch.version AS is_newer
            FROM {{products}} products JOIN batch
                ON products.product_id::text COLLATE \"C\" = batch.id COLLATE \"C\"
            WHERE akin_version IS NOT NULL ORDER BY product_id FOR UPDATE OF products
        ), held AS (
            SELECT product_id FROM stored WHERE NOT is_newer
        ), gone AS (
            {removal} WHERE products.product_id = held.product_id
        )
        INSERT INTO {{removed}} AS known (product_id, version, created)
        SELECT id, version, created FROM batch
        WHERE NOT EXISTS (SELECT FROM stored WHERE stored.id = batch.id AND is_newer) ORDER BY id
        ON CONFLICT (product_id) DO UPDATE
            SET version = excluded.version, created = excluded.created
            WHERE known.version < excluded.version"
    );
    let ids: Vec<_> = removed.iter().map(|is| escape(is.id.as_str()).into_owned()).collect();
    let versions: Vec<_> = removed.iter().map(|is| is.version.0).collect();
    let created: Vec<_> = removed.iter().map(|is| is.created.0).collect();
    let remove = query(names.fill(&sql)).bind(ids).bind(versions).bind(created);
    remove.execute(connection).await?;
    Ok(())
}
