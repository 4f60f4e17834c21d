use crate::apply::{HashedProduct, ProductChange, ProductComparer, last_of_each, write};
use crate::pool::{self, Database};
use crate::versions::{self, Admitted};
use crate::{copy, indexes, quarantine, relay_lock, removal, rows};
use akin_entities::{Change, Product, ProductId, ProductRecord, Timestamp, Version};
use akin_ports::{
    Applied, NewIndex, OutboxEntry, PortResult, ProductStore, QuarantinedRow, RefusedRow,
    RegisteredIndex, RelayedPage, RemovedProduct, SendChanges, StoreCounts, relay_page,
};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Transaction};
use std::collections::HashMap;
use std::sync::Arc;

/// A [`ProductStore`] in the folder of a [`crate::LocalEngine`].
#[derive(Clone, Debug)]
pub struct LocalStore {
    pub(crate) database: Arc<Database>,
}

/// Up to this many products are fetched on the calling thread: it takes a tenth of a millisecond,
/// and waking another thread would cost more.
const MAX_INLINE_FETCH: usize = 32;

#[async_trait]
impl ProductStore for LocalStore {
    async fn apply(&self, products: &[Product], at: Version) -> PortResult<Applied> {
        let last = last_of_each(products);
        let mut applied = Applied::default();
        let mut changed = Vec::new();
        let (compared, admitted) = self.compare_with_stored(&last, at).await?;
        admitted.map_err(versions::overtaken)?;
        for (product, (hashed, comparison)) in last.iter().zip(compared) {
            match comparison {
                ProductChange::Unchanged => applied.unchanged.push(hashed.id),
                ProductChange::HeldNewer => applied.held_newer.push(hashed.id),
                ProductChange::New { .. } | ProductChange::Changed { .. } => {
                    changed.push(((*product).clone(), hashed.hash));
                }
            }
        }
        // A batch without changes takes no write lock.
        if changed.is_empty() {
            return Ok(applied);
        }
        let written = self.database.write_at(at, move |t| write(t, changed, at)).await?;
        applied.inserted = written.inserted;
        applied.changed = written.changed;
        applied.unchanged.extend(written.unchanged);
        applied.held_newer.extend(written.held_newer);
        Ok(applied)
    }

    async fn compare(&self, products: &[Product], at: Version) -> PortResult<Applied> {
        let mut compared = Applied::default();
        let last = last_of_each(products);
        let (products, _) = self.compare_with_stored(&last, at).await?;
        for (HashedProduct { id, .. }, comparison) in products {
            match comparison {
                ProductChange::New { .. } => compared.inserted.push(id),
                ProductChange::Changed { .. } => compared.changed.push(id),
                ProductChange::Unchanged => compared.unchanged.push(id),
                ProductChange::HeldNewer => compared.held_newer.push(id),
            }
        }
        Ok(compared)
    }

    async fn remove(&self, ids: &[ProductId], at: Version) -> PortResult<Vec<ProductId>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids = ids.to_vec();
        self.database.write_at(at, move |t| removal::remove(t, ids, at)).await
    }

    async fn fetch(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, ProductRecord>> {
        let ids = ids.to_vec();
        if ids.len() <= MAX_INLINE_FETCH {
            return self.database.read_now(|connection| fetch(connection, ids));
        }
        self.database.read(move |connection| fetch(connection, ids)).await
    }

    async fn outbox(&self, after: Option<u64>, limit: usize) -> PortResult<Vec<OutboxEntry>> {
        let limit = row_limit(limit);
        self.database.read(move |connection| outbox(connection, after, limit)).await
    }

    async fn clear_outbox(&self, done: &[OutboxEntry]) -> PortResult<()> {
        if done.is_empty() {
            return Ok(());
        }
        let done: Vec<_> = done.iter().map(|entry| entry.sequence.cast_signed()).collect();
        let work = move |connection: &Transaction<'_>| {
            let mut delete = connection.prepare_cached("DELETE FROM outbox WHERE sequence = ?1")?;
            done.iter().try_for_each(|sequence| delete.execute([sequence]).map(|_| ()))
        };
        self.database.write(work).await
    }

    async fn relay(
        &self,
        after: Option<u64>,
        limit: usize,
        send: &SendChanges<'_>,
    ) -> PortResult<RelayedPage> {
        // An idle worker takes no lock.
        if self.outbox(after, 1).await?.is_empty() {
            return Ok(RelayedPage::default());
        }
        let database = Arc::clone(&self.database);
        let _lock = pool::blocking(move || relay_lock::take(&database)).await?;
        relay_page(self, after, limit, send).await
    }

    async fn quarantine(&self, feed: &str, rows: &[RefusedRow], at: Timestamp) -> PortResult<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let (feed, rows) = (feed.to_owned(), rows.to_vec());
        let insert = move |t: &Transaction<'_>| quarantine::insert(t, &feed, &rows, at);
        self.database.write_at(Version(at.0), insert).await
    }

    async fn release_quarantine(&self, feed: &str, before: Timestamp) -> PortResult<()> {
        let feed = feed.to_owned();
        let release = move |t: &Transaction<'_>| quarantine::release(t, &feed, before);
        self.database.write_at(Version(before.0), release).await
    }

    async fn clear_quarantine(&self, feed: &str, until: Timestamp) -> PortResult<u64> {
        let feed = feed.to_owned();
        self.database.write(move |t| quarantine::clear(t, &feed, until)).await
    }

    async fn quarantined(
        &self,
        after: Option<&QuarantinedRow>,
        limit: usize,
    ) -> PortResult<Vec<QuarantinedRow>> {
        let after = quarantine::key(after);
        self.database.read(move |c| quarantine::list(c, &after, row_limit(limit))).await
    }

    async fn list(
        &self,
        after: Option<&ProductId>,
        limit: usize,
    ) -> PortResult<Vec<ProductRecord>> {
        let after = after.cloned();
        self.database.read(move |c| copy::products(c, after.as_ref(), row_limit(limit))).await
    }

    async fn ids(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<ProductId>> {
        let after = after.cloned();
        self.database.read(move |c| copy::ids(c, after.as_ref(), row_limit(limit))).await
    }

    async fn restore(&self, records: &[ProductRecord]) -> PortResult<()> {
        if records.is_empty() {
            return Ok(());
        }
        let records = records.to_vec();
        self.database.write(move |t| copy::restore(t, &records)).await
    }

    async fn removed(
        &self,
        after: Option<&ProductId>,
        limit: usize,
    ) -> PortResult<Vec<RemovedProduct>> {
        let after = after.cloned();
        self.database.read(move |c| copy::removed(c, after.as_ref(), row_limit(limit))).await
    }

    async fn restore_removed(&self, removed: &[RemovedProduct]) -> PortResult<()> {
        if removed.is_empty() {
            return Ok(());
        }
        let removed = removed.to_vec();
        self.database.write(move |t| copy::restore_removed(t, &removed)).await
    }

    async fn restore_quarantine(&self, rows: &[QuarantinedRow]) -> PortResult<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let rows = rows.to_vec();
        self.database.write(move |t| quarantine::restore(t, &rows)).await
    }

    async fn indexes(&self) -> PortResult<Vec<RegisteredIndex>> {
        self.database.read(indexes::list).await
    }

    async fn register_indexes(&self, indexes: &[NewIndex]) -> PortResult<()> {
        let (indexes, clock) = (indexes.to_vec(), self.database.clock());
        let registered = self.database.write(move |t| indexes::register(t, &indexes, clock()));
        registered.await?.map_err(versions::overtaken)
    }

    async fn forget_index(&self, name: &str) -> PortResult<bool> {
        let name = name.to_owned();
        self.database.write(move |t| indexes::forget(t, &name)).await
    }

    async fn counts(&self) -> PortResult<StoreCounts> {
        self.database.read(counts).await
    }
}

impl LocalStore {
    /// Compares each of `products` with the stored one, and returns whether `at` may be written. That
    /// is all that a batch without changes needs.
    async fn compare_with_stored(
        &self,
        products: &[&Product],
        at: Version,
    ) -> PortResult<(Vec<(HashedProduct, ProductChange)>, Admitted<()>)> {
        let hashed = |product: &&Product| HashedProduct {
            id: product.id.clone(),
            hash: product.content_hash(),
        };
        let products: Vec<_> = products.iter().map(hashed).collect();
        let compare = move |connection: &Connection| {
            let mut known = ProductComparer::prepare(connection)?;
            let compared = products.into_iter().map(|product| {
                let comparison = known.compare(&product.id, product.hash, at)?;
                Ok((product, comparison))
            });
            let compared = compared.collect::<rusqlite::Result<_>>()?;
            Ok((compared, versions::admit(connection, at)?))
        };
        self.database.read(compare).await
    }
}

fn fetch(
    connection: &Connection,
    ids: Vec<ProductId>,
) -> rusqlite::Result<HashMap<ProductId, ProductRecord>> {
    let mut statement = connection.prepare_cached(rows::FETCH)?;
    let mut found = HashMap::with_capacity(ids.len());
    for id in ids {
        let record =
            statement.query_row([id.as_str()], |row| rows::record(id.clone(), row)).optional()?;
        if let Some(record) = record {
            found.insert(id, record);
        }
    }
    Ok(found)
}

fn outbox(
    connection: &Connection,
    after: Option<u64>,
    limit: i64,
) -> rusqlite::Result<Vec<OutboxEntry>> {
    let mut statement = connection.prepare_cached(
        "SELECT sequence, id, version FROM outbox WHERE sequence > ?1
         ORDER BY sequence LIMIT ?2",
    )?;
    let after = after.map_or(0, row_number);
    let rows = statement.query_map([after, limit], |row| {
        let change = Change { id: rows::id(row, 1)?, version: Version(row.get(2)?) };
        Ok(OutboxEntry { sequence: row.get::<_, i64>(0)?.cast_unsigned(), change })
    })?;
    rows.collect()
}

fn counts(connection: &Connection) -> rusqlite::Result<StoreCounts> {
    let count = |sql: &str| -> rusqlite::Result<u64> {
        let count: i64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    };
    Ok(StoreCounts {
        products: count("SELECT count(*) FROM products")?,
        outbox: count("SELECT count(*) FROM outbox")?,
        quarantined: count("SELECT count(*) FROM quarantine WHERE kept = 0")?,
        blanked: count("SELECT count(*) FROM quarantine WHERE kept = 1")?,
    })
}

pub(crate) fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn row_number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
