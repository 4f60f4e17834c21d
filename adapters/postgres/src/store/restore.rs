use super::indexes::note_copies;
use super::refusal::explain;
use super::versions::note;
use super::write::{ProductColumns, upsert};
use crate::database::{Call, query};
use crate::error::Failure;
use crate::halves::Halves;
use crate::names::Names;
use crate::text::escape;
use akin_entities::{ProductId, ProductRecord};
use async_trait::async_trait;
use sqlx::{Connection, PgConnection};
use std::collections::BTreeMap;

/// Writes products with the versions and dates of another store.
pub(crate) struct RestoreProducts<'a> {
    /// The newest record of each id, in the order of the ids.
    records: Vec<&'a ProductRecord>,
    /// The maximum number of rows per statement.
    rows: usize,
}

/// Keeps rows of the same or a newer version.
const NEWER: &str = "akin_created = excluded.akin_created, created_date = excluded.created_date
    WHERE coalesce(held.akin_version < excluded.akin_version, true)";

/// Deletes products that were removed in the same or a later version.
const REMOVED_LATER: &str = "
    DELETE FROM {products} products USING {removed} removed
    WHERE products.product_id::text COLLATE \"C\" = removed.product_id AND removed.product_id = ANY ($1::text[])
        AND removed.version >= products.akin_version";

/// Deletes the tombstones of products that are back.
const DELETE_TOMBSTONES: &str = "
    DELETE FROM {removed} removed USING {products} products
    WHERE products.product_id::text COLLATE \"C\" = removed.product_id AND removed.product_id = ANY ($1::text[])";

impl<'a> RestoreProducts<'a> {
    pub(crate) fn new(records: &'a [ProductRecord], rows: usize) -> Self {
        let mut newest: BTreeMap<&ProductId, &ProductRecord> = BTreeMap::new();
        for record in records {
            let held = newest.entry(&record.product.id).or_insert(record);
            if held.version < record.version {
                *held = record;
            }
        }
        Self { records: newest.into_values().collect(), rows }
    }
}

#[async_trait]
impl Call for RestoreProducts<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<(), Failure> {
        let mut transaction = connection.begin().await?;
        if let Some(newest) = self.records.iter().map(|record| record.version).max() {
            note(&mut transaction, names, newest).await?;
            note_copies(&mut transaction, names).await?;
        }
        for records in self.records.chunks(self.rows) {
            self.write(&mut transaction, names, records).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

impl RestoreProducts<'_> {
    /// Writes `records`. An error names the product that the table cannot hold.
    async fn write(
        &self,
        transaction: &mut PgConnection,
        names: &Names,
        records: &[&ProductRecord],
    ) -> Result<(), Failure> {
        let mut halves = Halves::new(records);
        while let Some(part) = halves.next() {
            let mut savepoint = transaction.begin().await?;
            let failure = match write(&mut savepoint, names, part).await {
                Ok(()) => {
                    savepoint.commit().await?;
                    continue;
                }
                Err(failure) if failure.is_about_values() => failure,
                Err(failure) => return Err(failure),
            };
            savepoint.rollback().await?;
            if let Some(ProductRecord { product, .. }) = halves.fail(part) {
                let (what, remedy) = explain(transaction, names, product, &failure).await?;
                let what =
                    format!("the product {:?} cannot be written: {what}", product.id.as_str());
                return Err(Failure::refused(what, remedy));
            }
        }
        Ok(())
    }
}

async fn write(
    connection: &mut PgConnection,
    names: &Names,
    records: &[&ProductRecord],
) -> Result<(), Failure> {
    let mut columns = ProductColumns::default();
    for record in records {
        let hash = record.product.content_hash();
        columns.push(&record.product, hash, record.version, record.created);
    }
    let statement = query(names.fill(&upsert(NEWER)));
    columns.bind(statement).execute(&mut *connection).await?;
    let ids: Vec<_> = records.iter().map(|record| escape(record.product.id.as_str())).collect();
    for statement in [REMOVED_LATER, DELETE_TOMBSTONES] {
        let statement = query(names.fill(statement));
        statement.bind(&ids).execute(&mut *connection).await?;
    }
    Ok(())
}
