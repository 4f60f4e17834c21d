use super::product_id;
use super::versions::admit_write;
use super::write::timestamp;
use crate::database::{Call, get, query};
use crate::error::Failure;
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

/// Rows are locked in the order of their ids, so that writers cannot deadlock.
const REMOVE: &str = "
    WITH held AS (
        SELECT product_id FROM {products}
        WHERE product_id = ANY ($1::text[]) AND akin_version <= $2
        ORDER BY product_id FOR UPDATE
    ), gone AS (
        DELETE FROM {products} products USING held WHERE products.product_id = held.product_id
        RETURNING products.product_id::text AS product_id, products.akin_created AS created
    ), remembered AS (
        INSERT INTO {removed} AS known (product_id, version, created)
        SELECT product_id, $2, coalesce(created, $2) FROM gone
        ON CONFLICT (product_id) DO UPDATE SET version = excluded.version,
            created = excluded.created WHERE known.version < excluded.version
    ), announced AS (
        INSERT INTO {outbox} (product_id, version)
        SELECT product_id, $2 FROM gone ORDER BY product_id
        ON CONFLICT (product_id) DO UPDATE SET sequence = DEFAULT, version = excluded.version
    )
    SELECT product_id FROM gone";

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
            let remove = query(names.fill(REMOVE)).bind(ids).bind(self.at.0);
            for row in remove.fetch_all(&mut *transaction).await? {
                removed.push(product_id(get(&row, 0)?)?);
            }
        }
        transaction.commit().await?;
        Ok(removed)
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
                WHERE products.product_id = removed.product_id
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
         FROM back WHERE products.product_id = back.product_id",
        timestamp("back.created")
    );
    query(names.fill(&recreated)).bind(inserted).bind(at.0).execute(&mut *connection).await?;
    Ok(late)
}
