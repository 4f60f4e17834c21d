use super::product_id;
use super::versions::admit_write;
use super::write::timestamp;
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::halves::Halves;
use crate::names::Names;
use crate::text::escape;
use akin_entities::{ProductId, Version};
use async_trait::async_trait;
use sqlx::{Connection, PgConnection};
use std::borrow::Cow;
use std::collections::HashSet;

/// Removes products whose version is `at` or older.
pub(crate) struct RemoveProducts<'a> {
    pub(crate) ids: &'a [ProductId],
    pub(crate) at: Version,
    /// The maximum number of rows per statement.
    pub(crate) rows: usize,
}

/// Deletes the rows of products.
pub(super) const DELETE: &str = "DELETE FROM {products} products USING held";

/// Keeps the rows, which are no products of akin's any more.
pub(super) const FORGET: &str =
    "UPDATE {products} products SET akin_version = NULL, akin_hash = NULL FROM held";

/// Returns the statement that removes products by `removal`. Rows are locked in the order of their ids,
/// so that writers cannot deadlock.
fn remove(removal: &str) -> String {
    format!(
        "
    WITH held AS (
        SELECT product_id FROM {{products}}
        WHERE product_id::text COLLATE \"C\" = ANY ($1::text[]) AND akin_version <= $2
        ORDER BY product_id FOR UPDATE
    ), gone AS (
        {removal} WHERE products.product_id = held.product_id
        RETURNING products.product_id::text AS product_id, products.akin_created AS created
    ), remembered AS (
        INSERT INTO {{removed}} AS known (product_id, version, created)
        SELECT product_id, $2, coalesce(created, $2) FROM gone
        ON CONFLICT (product_id) DO UPDATE SET version = excluded.version,
            created = excluded.created WHERE known.version < excluded.version
    ), announced AS (
        INSERT INTO {{outbox}} (product_id, version)
        SELECT product_id, $2 FROM gone ORDER BY product_id
        ON CONFLICT (product_id) DO UPDATE SET sequence = DEFAULT, version = excluded.version
    )
    SELECT product_id FROM gone"
    )
}

#[async_trait]
impl Call for RemoveProducts<'_> {
    type Answer = Vec<ProductId>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        let mut transaction = connection.begin().await?;
        admit_write(&mut transaction, names, self.at).await?;
        let mut removed = Vec::new();
        let ids: Vec<_> = self.ids.iter().map(|id| escape(id.as_str())).collect();
        for ids in ids.chunks(self.rows) {
            removed.extend(self.remove(&mut transaction, names, ids).await?);
        }
        transaction.commit().await?;
        Ok(removed)
    }
}

impl RemoveProducts<'_> {
    /// Removes products. The rows that another table refers to stay.
    async fn remove(
        &self,
        transaction: &mut PgConnection,
        names: &Names,
        ids: &[Cow<'_, str>],
    ) -> Result<Vec<ProductId>, Failure> {
        let (mut halves, mut removed) = (Halves::new(ids), Vec::new());
        while let Some(part) = halves.next() {
            let mut savepoint = transaction.begin().await?;
            let failure = match self.execute(&mut savepoint, names, part, DELETE).await {
                Ok(deleted) => {
                    savepoint.commit().await?;
                    removed.extend(deleted);
                    continue;
                }
                Err(failure) if failure.is_about_values() => failure,
                Err(failure) => return Err(failure),
            };
            savepoint.rollback().await?;
            if let Some(id) = halves.fail(part) {
                let (product, reason) = (&**id, failure.describe());
                tracing::warn!(product, reason, "the row of a removed product cannot be deleted");
                removed.extend(self.execute(transaction, names, part, FORGET).await?);
            }
        }
        Ok(removed)
    }

    async fn execute(
        &self,
        connection: &mut PgConnection,
        names: &Names,
        ids: &[Cow<'_, str>],
        removal: &str,
    ) -> Result<Vec<ProductId>, Failure> {
        let remove = query(names.fill(&remove(removal))).bind(ids).bind(self.at.0);
        let rows = remove.fetch_all(connection).await?;
        rows.iter().map(|row| product_id(get(row, 0)?)).collect()
    }
}

/// Corrects products that were just inserted in version `at`: one that had been removed before
/// keeps its creation date, and one that was removed in version `at` or later is removed again.
/// Returns the latter.
pub(crate) async fn respect_removals(
    connection: &mut PgConnection,
    names: &Names,
    inserted: &[Cow<'_, str>],
    at: Version,
) -> Result<HashSet<ProductId>, Failure> {
    let late = "DELETE FROM {products} products USING {removed} removed
                WHERE products.product_id::text COLLATE \"C\" = removed.product_id
                    AND removed.product_id = ANY ($1::text[]) AND removed.version >= $2
                RETURNING removed.product_id";
    let rows =
        query(names.fill(late)).bind(inserted).bind(at.0).fetch_all(&mut *connection).await?;
    let late = rows.iter().map(|row| product_id(get(row, 0)?)).collect::<Result<_, _>>()?;
    let recreated = format!(
        "WITH back AS (
             DELETE FROM {{removed}} WHERE product_id = ANY ($1::text[]) AND version < $2
             RETURNING product_id, created
         )
         UPDATE {{products}} products SET akin_created = back.created, created_date = {}
         FROM back WHERE products.product_id::text COLLATE \"C\" = back.product_id",
        timestamp("back.created")
    );
    query(names.fill(&recreated)).bind(inserted).bind(at.0).execute(&mut *connection).await?;
    Ok(late)
}
