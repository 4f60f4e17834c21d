mod apply;
mod indexes;
mod outbox;
mod quarantine;
mod records;
mod refusal;
mod removal;
mod removed;
mod restore;
pub(crate) mod versions;
pub(crate) mod write;

use crate::counts::{Counted, count};
use crate::database::{Call, Database};
use crate::error::Failure;
use crate::names::Names;
use crate::text::{escape, unescape};
use akin_entities::{Product, ProductId, ProductRecord, Timestamp, Version};
use akin_ports::{
    Applied, NewIndex, OutboxEntry, PortResult, ProductStore, QuarantinedRow, RefusedRow,
    RegisteredIndex, RelayedPage, RemovedProduct, SendChanges, StoreCounts,
};
use apply::{ApplyProducts, CompareProducts};
use async_trait::async_trait;
use indexes::{ForgetIndex, ListIndexes, RegisterIndexes};
use outbox::{ClearOutbox, ReadOutbox, RelayOutbox};
use quarantine::{
    ClearQuarantine, ListQuarantine, QuarantineRows, ReleaseQuarantine, RestoreQuarantine,
};
use records::{FetchProducts, ListIds, ListProducts};
use removal::RemoveProducts;
use removed::{ListRemoved, RestoreRemoved};
use restore::RestoreProducts;
use sqlx::PgConnection;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// A [`ProductStore`] in the tables of a [`crate::PostgresEngine`].
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pub(crate) database: Arc<Database>,
}

#[async_trait]
impl ProductStore for PostgresStore {
    async fn apply(&self, products: &[Product], at: Version) -> PortResult<Applied> {
        if products.is_empty() {
            return Ok(Applied::default());
        }
        let rows = self.database.settings.upsert_batch_size.get();
        let (mut applied, refused) =
            self.database.call(&ApplyProducts::new(products, at, rows)).await?;
        let server = self.database.settings.server();
        let into_port = |(id, failure): (ProductId, Failure)| (id, failure.into_port(&server));
        applied.failures.extend(refused.into_iter().map(into_port));
        Ok(applied)
    }

    async fn compare(&self, products: &[Product], at: Version) -> PortResult<Applied> {
        if products.is_empty() {
            return Ok(Applied::default());
        }
        let rows = self.database.settings.upsert_batch_size.get();
        self.database.call(&CompareProducts(ApplyProducts::new(products, at, rows))).await
    }

    async fn remove(&self, ids: &[ProductId], at: Version) -> PortResult<Vec<ProductId>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.database.settings.upsert_batch_size.get();
        self.database.call(&RemoveProducts { ids, at, rows }).await
    }

    async fn fetch(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, ProductRecord>> {
        let rows = self.database.settings.fetch_batch_size.get();
        self.database.call(&FetchProducts { ids, rows }).await
    }

    async fn outbox(&self, after: Option<u64>, limit: usize) -> PortResult<Vec<OutboxEntry>> {
        self.database.call(&ReadOutbox { after, limit }).await
    }

    async fn clear_outbox(&self, done: &[OutboxEntry]) -> PortResult<()> {
        if done.is_empty() {
            return Ok(());
        }
        self.database.call(&ClearOutbox { done }).await
    }

    async fn relay(
        &self,
        after: Option<u64>,
        limit: usize,
        send: &SendChanges<'_>,
    ) -> PortResult<RelayedPage> {
        self.database.call(&RelayOutbox { after, limit, send }).await
    }

    async fn quarantine(&self, feed: &str, rows: &[RefusedRow], at: Timestamp) -> PortResult<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.database.call(&QuarantineRows { feed, rows, at }).await
    }

    async fn release_quarantine(&self, feed: &str, before: Timestamp) -> PortResult<()> {
        self.database.call(&ReleaseQuarantine { feed, before }).await
    }

    async fn clear_quarantine(&self, feed: &str, until: Timestamp) -> PortResult<u64> {
        self.database.call(&ClearQuarantine { feed, until }).await
    }

    async fn quarantined(
        &self,
        after: Option<&QuarantinedRow>,
        limit: usize,
    ) -> PortResult<Vec<QuarantinedRow>> {
        self.database.call(&ListQuarantine { after, limit }).await
    }

    async fn list(
        &self,
        after: Option<&ProductId>,
        limit: usize,
    ) -> PortResult<Vec<ProductRecord>> {
        self.database.call(&ListProducts { after, limit }).await
    }

    async fn ids(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<ProductId>> {
        self.database.call(&ListIds { after, limit }).await
    }

    async fn restore(&self, records: &[ProductRecord]) -> PortResult<()> {
        if records.is_empty() {
            return Ok(());
        }
        let rows = self.database.settings.upsert_batch_size.get();
        self.database.call(&RestoreProducts::new(records, rows)).await
    }

    async fn removed(
        &self,
        after: Option<&ProductId>,
        limit: usize,
    ) -> PortResult<Vec<RemovedProduct>> {
        self.database.call(&ListRemoved { after, limit }).await
    }

    async fn restore_removed(&self, removed: &[RemovedProduct]) -> PortResult<()> {
        let rows = self.database.settings.upsert_batch_size.get();
        self.database.call(&RestoreRemoved { removed, rows }).await
    }

    async fn restore_quarantine(&self, rows: &[QuarantinedRow]) -> PortResult<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.database.call(&RestoreQuarantine(rows)).await
    }

    async fn indexes(&self) -> PortResult<Vec<RegisteredIndex>> {
        self.database.call(&ListIndexes).await
    }

    async fn register_indexes(&self, indexes: &[NewIndex]) -> PortResult<()> {
        self.database.call(&RegisterIndexes(indexes)).await
    }

    async fn forget_index(&self, name: &str) -> PortResult<bool> {
        self.database.call(&ForgetIndex(name)).await
    }

    async fn counts(&self) -> PortResult<StoreCounts> {
        self.database.call(&ReadStoreCounts).await
    }
}

struct ReadStoreCounts;

#[async_trait]
impl Call for ReadStoreCounts {
    type Answer = StoreCounts;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<StoreCounts, Failure> {
        let rows = [
            Counted { rows: "{products} WHERE akin_version IS NOT NULL", relation: "{products}" },
            Counted { rows: "{outbox}", relation: "{outbox}" },
            Counted { rows: "{quarantine} WHERE NOT kept", relation: "{quarantine}" },
            Counted { rows: "{quarantine} WHERE kept", relation: "{quarantine}" },
        ];
        let [products, outbox, quarantined, blanked] = count(connection, names, rows).await?;
        Ok(StoreCounts { products, outbox, quarantined, blanked })
    }
}

/// Converts a limit to Postgres' type.
pub(crate) fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Returns the value that precedes every id after `after`; an id is never blank.
pub(crate) fn lower_bound(after: Option<&ProductId>) -> Cow<'_, str> {
    after.map_or(Cow::Borrowed(""), |after| escape(after.as_str()))
}

/// Parses a product id that a row contains.
pub(crate) fn product_id(text: String) -> Result<ProductId, Failure> {
    ProductId::new(unescape(text)).map_err(|error| Failure::corrupt(error.to_string()))
}
