use super::product_id;
use super::refusal::explain;
use super::removal::respect_removals;
use super::versions::{admit, admit_write};
use super::write::{ProductColumns, upsert};
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::halves::Halves;
use crate::names::Names;
use crate::text::escape;
use akin_entities::{ContentHash, Product, ProductId, Version};
use akin_ports::Applied;
use async_trait::async_trait;
use sqlx::{Connection, PgConnection};
use std::collections::{HashMap, HashSet};

/// Writes products, and adds those that changed to the outbox.
pub(crate) struct ApplyProducts<'a> {
    /// The last product of each id, in the order of the batch, with its content hash.
    products: Vec<(&'a Product, ContentHash)>,
    at: Version,
    /// The maximum number of rows per statement.
    rows: usize,
}

impl<'a> ApplyProducts<'a> {
    pub(crate) fn new(products: &'a [Product], at: Version, rows: usize) -> Self {
        let last = last_of_each(products).into_iter();
        let products = last.map(|product| (product, product.content_hash())).collect();
        Self { products, at, rows }
    }
}

/// Returns the last product of each id, in the order of the batch.
fn last_of_each(products: &[Product]) -> Vec<&Product> {
    let mut last = HashMap::with_capacity(products.len());
    for (position, product) in products.iter().enumerate() {
        last.insert(&product.id, position);
    }
    let is_last = |(position, product): &(usize, &Product)| last.get(&product.id) == Some(position);
    products.iter().enumerate().filter(is_last).map(|(_, product)| product).collect()
}

/// Keeps rows that are equal to or newer than the batch. A row that was updated has an `xmax`.
const CHANGED: &str = "akin_created = coalesce(held.akin_created, excluded.akin_created),
        created_date = coalesce(held.created_date, excluded.created_date)
    WHERE coalesce(held.akin_version <= excluded.akin_version, true)
        AND held.akin_hash IS DISTINCT FROM excluded.akin_hash
    RETURNING held.product_id::text, held.xmax = 0";

/// Inserts changes into the outbox in the order of the batch.
const ANNOUNCE: &str = "
    INSERT INTO {outbox} (product_id, version)
    SELECT id, $2 FROM unnest($1::text[]) WITH ORDINALITY AS batch(id, place) ORDER BY place
    ON CONFLICT (product_id) DO UPDATE SET sequence = DEFAULT, version = excluded.version";

/// Returns what applying would do.
pub(crate) struct CompareProducts<'a>(pub(crate) ApplyProducts<'a>);

/// Compares the stored products with those of a batch. Products that were removed later are
/// known, too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StoredState {
    Unchanged,
    HeldNewer,
    Changed,
}

/// The maximum number of rows per statement that are written again because another writer was faster.
const MAX_RETRIES: u32 = 5;

/// The products that the table cannot hold, and why.
type Refused = Vec<(ProductId, Failure)>;

#[async_trait]
impl Call for ApplyProducts<'_> {
    type Answer = (Applied, Refused);

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        let states = self.compare(connection, names).await?;
        let mut applied = Applied::default();
        let mut changed = Vec::new();
        for product in &self.products {
            let id = &product.0.id;
            match states.get(id) {
                Some(StoredState::Unchanged) => applied.unchanged.push(id.clone()),
                Some(StoredState::HeldNewer) => applied.held_newer.push(id.clone()),
                Some(StoredState::Changed) | None => changed.push(product),
            }
        }
        let mut refused = Refused::new();
        // A batch without changes takes no lock.
        if changed.is_empty() {
            admit(connection, names, self.at).await?;
        } else {
            changed.sort_by_key(|(product, _)| product.id.as_str());
            let mut transaction = connection.begin().await?;
            admit_write(&mut transaction, names, self.at).await?;
            for rows in changed.chunks(self.rows) {
                let failed = self.write_part(&mut transaction, names, rows, &mut applied).await?;
                refused.extend(failed);
            }
            self.announce(&mut transaction, names, &applied).await?;
            transaction.commit().await?;
        }
        // Another writer was faster with the rest.
        let mut settled = written(&applied);
        settled.extend(refused.iter().map(|(id, _)| id));
        let ids = changed.iter().map(|(product, _)| &product.id);
        let late: Vec<_> = ids.filter(|id| !settled.contains(id)).cloned().collect();
        applied.held_newer.extend(late);
        Ok((applied, refused))
    }
}

#[async_trait]
impl Call for CompareProducts<'_> {
    type Answer = Applied;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<Applied, Failure> {
        let Self(apply) = self;
        let states = apply.compare(connection, names).await?;
        let mut compared = Applied::default();
        for (product, _) in &apply.products {
            let ids = match states.get(&product.id) {
                None => &mut compared.inserted,
                Some(StoredState::Changed) => &mut compared.changed,
                Some(StoredState::Unchanged) => &mut compared.unchanged,
                Some(StoredState::HeldNewer) => &mut compared.held_newer,
            };
            ids.push(product.id.clone());
        }
        Ok(compared)
    }
}

/// Returns the products that were inserted or changed.
fn written(applied: &Applied) -> HashSet<&ProductId> {
    applied.inserted.iter().chain(&applied.changed).collect()
}

impl ApplyProducts<'_> {
    /// Compares the batch with the known products.
    async fn compare(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<HashMap<ProductId, StoredState>, Failure> {
        let ids: Vec<_> =
            self.products.iter().map(|(product, _)| escape(product.id.as_str())).collect();
        let hashes: Vec<_> =
            self.products.iter().map(|(_, hash)| hash.to_bytes().to_vec()).collect();
        let sql = "SELECT held.product_id::text,
                       coalesce(held.akin_hash = batch.hash, false),
                       coalesce(held.akin_version > $3, false)
                   FROM {products} held JOIN unnest($1::text[], $2::bytea[]) AS batch(id, hash)
                       ON held.product_id::text COLLATE \"C\" = batch.id
                   UNION ALL
                   SELECT product_id, false, true FROM {removed}
                   WHERE product_id = ANY ($1::text[]) AND version >= $3";
        let rows = query(names.fill(sql))
            .bind(ids)
            .bind(hashes)
            .bind(self.at.0)
            .fetch_all(connection)
            .await?;
        let compared = rows.iter().map(|row| {
            let state = match (get(row, 1)?, get(row, 2)?) {
                (true, _) => StoredState::Unchanged,
                (false, true) => StoredState::HeldNewer,
                (false, false) => StoredState::Changed,
            };
            Ok((product_id(get(row, 0)?)?, state))
        });
        compared.collect()
    }

    /// Writes `rows`, and returns those that the table cannot hold.
    async fn write_part(
        &self,
        transaction: &mut PgConnection,
        names: &Names,
        rows: &[&(&Product, ContentHash)],
        applied: &mut Applied,
    ) -> Result<Refused, Failure> {
        let mut refused = Refused::new();
        let (mut halves, mut retries) = (Halves::new(rows), 0);
        while let Some(part) = halves.next() {
            let mut savepoint = transaction.begin().await?;
            let failure = match self.write(&mut savepoint, names, part).await {
                Ok(written) => {
                    savepoint.commit().await?;
                    applied.inserted.extend(written.inserted);
                    applied.changed.extend(written.changed);
                    continue;
                }
                Err(failure) if failure.is_about_values() => failure,
                Err(failure) => return Err(failure),
            };
            savepoint.rollback().await?;
            if let Some((product, _)) = halves.fail(part) {
                // Where two indexes make ids unique, a row that was inserted meanwhile is an error.
                if failure.is_repetition() && retries < MAX_RETRIES {
                    retries += 1;
                    halves.retry(part);
                    continue;
                }
                let (what, remedy) = explain(transaction, names, product, &failure).await?;
                refused.push((product.id.clone(), Failure::refused(what, remedy)));
            }
        }
        Ok(refused)
    }

    async fn write(
        &self,
        connection: &mut PgConnection,
        names: &Names,
        rows: &[&(&Product, ContentHash)],
    ) -> Result<Applied, Failure> {
        let mut applied = Applied::default();
        let mut columns = ProductColumns::default();
        for (product, hash) in rows {
            columns.push(product, *hash, self.at, self.at.timestamp());
        }
        let written = columns.bind(query(names.fill(&upsert(CHANGED))));
        let mut inserted = Vec::new();
        for row in written.fetch_all(&mut *connection).await? {
            let id = product_id(get(&row, 0)?)?;
            if get(&row, 1)? { inserted.push(id) } else { applied.changed.push(id) }
        }
        if !inserted.is_empty() {
            let ids: Vec<_> = inserted.iter().map(|id| escape(id.as_str())).collect();
            let late = respect_removals(connection, names, &ids, self.at).await?;
            inserted.retain(|id| !late.contains(id));
            applied.inserted.extend(inserted);
        }
        Ok(applied)
    }

    async fn announce(
        &self,
        connection: &mut PgConnection,
        names: &Names,
        applied: &Applied,
    ) -> Result<(), Failure> {
        let written = written(applied);
        let ids = self.products.iter().map(|(product, _)| &product.id);
        let ids: Vec<_> =
            ids.filter(|id| written.contains(id)).map(|id| escape(id.as_str())).collect();
        query(names.fill(ANNOUNCE)).bind(ids).bind(self.at.0).execute(connection).await?;
        Ok(())
    }
}
