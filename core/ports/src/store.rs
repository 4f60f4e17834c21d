use crate::{Failures, PortResult, RefusedRow};
use akin_entities::{Change, Product, ProductId, ProductRecord, Timestamp, Version};
use async_trait::async_trait;
use std::collections::HashMap;
use std::fmt::Debug;

/// Keeps the products themselves, and what is still to be done about them.
#[async_trait]
pub trait ProductStore: Debug + Send + Sync {
    /// Makes the store hold `products` as of `at`, and enters each that is new or whose content
    /// differs into the outbox, in one transaction. What is equal is not touched. A product that
    /// the store holds in a newer version stays as it is. Of a repeated id the last one counts.
    async fn apply(&self, products: &[Product], at: Version) -> PortResult<Applied>;

    /// What [`ProductStore::apply`] would do to each of `products`, which is not done.
    async fn compare(&self, products: &[Product], at: Version) -> PortResult<Applied>;

    /// Removes the products `ids` as of `at`, and enters each that was there into the outbox, in
    /// one transaction; answers with those. A product that the store holds in a newer version
    /// stays. A removed one is remembered: no state of `at` or earlier brings it back, and a
    /// later one does with the date on which it was created first.
    async fn remove(&self, ids: &[ProductId], at: Version) -> PortResult<Vec<ProductId>>;

    /// The products the store knows among `ids`.
    async fn fetch(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, ProductRecord>>;

    /// The oldest `limit` changes behind `after` that wait to be embedded, oldest first. The
    /// outbox names a product once, at its newest version. A sequence is never given twice.
    async fn outbox(&self, after: Option<u64>, limit: usize) -> PortResult<Vec<OutboxEntry>>;

    /// Forgets entries that are done. An entry whose product changed meanwhile has another
    /// sequence, and stays.
    async fn clear_outbox(&self, done: &[OutboxEntry]) -> PortResult<()>;

    /// Keeps the rows of `feed` that were refused at `at`, whole as far as they could be read; a
    /// field of a line that was refused before is kept once, as it was refused last.
    async fn quarantine(&self, feed: &str, rows: &[RefusedRow], at: Timestamp) -> PortResult<()>;

    /// Forgets the rows of `feed` that were refused before `at`: a later run has read it whole.
    async fn release_quarantine(&self, feed: &str, before: Timestamp) -> PortResult<()>;

    /// The next `limit` rows in quarantine behind `after`, by feed, line and field.
    async fn quarantined(
        &self,
        after: Option<&QuarantinedRow>,
        limit: usize,
    ) -> PortResult<Vec<QuarantinedRow>>;

    /// The next `limit` products behind `after`, in the order of their ids' bytes: a copy is made
    /// of them.
    async fn list(&self, after: Option<&ProductId>, limit: usize)
    -> PortResult<Vec<ProductRecord>>;

    /// The ids of the next `limit` products behind `after`, in the order of their bytes.
    async fn ids(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<ProductId>>;

    /// Keeps products as another store did, with their dates, and announces nothing: their index
    /// entries are copied with them. A product that is held in this version or a newer one stays
    /// as it is, and one that was removed in it or a later one stays away.
    async fn restore(&self, records: &[ProductRecord]) -> PortResult<()>;

    /// How much it holds.
    async fn counts(&self) -> PortResult<StoreCounts>;
}

/// What became of a batch of products.
#[derive(Debug, Default)]
pub struct Applied {
    /// New to the store.
    pub inserted: Vec<ProductId>,
    /// Known, with other content.
    pub changed: Vec<ProductId>,
    /// Known, with the same content; also those that the store holds in a newer version.
    pub unchanged: Vec<ProductId>,
    /// Not done, and why.
    pub failures: Failures,
}

/// A change that waits in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its place in the outbox.
    pub sequence: u64,
    /// What changed.
    pub change: Change,
}

/// A refused row, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantinedRow {
    /// The feed it stands in.
    pub feed: String,
    /// The row, and why it was refused.
    pub row: RefusedRow,
    /// When it was refused.
    pub at: Timestamp,
}

/// How much a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounts {
    /// Products.
    pub products: u64,
    /// Changes that wait to be embedded.
    pub outbox: u64,
    /// Rows in quarantine.
    pub quarantined: u64,
}
