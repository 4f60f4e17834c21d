use crate::{Failures, NewIndex, PortResult, RefusedRow, RegisteredIndex};
use akin_entities::{Change, Product, ProductId, ProductRecord, Timestamp, Version};
use async_trait::async_trait;
use std::collections::HashMap;
use std::fmt::Debug;
use std::pin::Pin;

/// Keeps the products, the changes that wait to be embedded (the outbox), and the names of the indexes
/// that it owes them to.
#[async_trait]
pub trait ProductStore: Debug + Send + Sync {
    /// Writes `products` with the version `at`, and adds each that is new or whose content differs to
    /// the outbox, in one transaction. Products with equal content are not touched, and a newer version
    /// is not overwritten. Of a repeated id the last product counts.
    ///
    /// If a run with a version greater than `at` has begun ([`RunLog::begin`](crate::RunLog::begin)),
    /// this is an error of the kind [`Overtaken`](crate::ErrorKind::Overtaken), and nothing changes. The
    /// same holds for [`ProductStore::remove`], [`ProductStore::quarantine`] and
    /// [`ProductStore::release_quarantine`].
    async fn apply(&self, products: &[Product], at: Version) -> PortResult<Applied>;

    /// Returns what [`ProductStore::apply`] would do to each of `products`, without doing it.
    async fn compare(&self, products: &[Product], at: Version) -> PortResult<Applied>;

    /// Removes the products `ids` with the version `at`, adds each that was held to the outbox, in one
    /// transaction, and returns those. A product with a newer version stays. A tombstone remains: no
    /// version up to `at` brings the product back, and a later one does so with its original date of
    /// creation.
    async fn remove(&self, ids: &[ProductId], at: Version) -> PortResult<Vec<ProductId>>;

    /// Returns those of `ids` that the store holds.
    async fn fetch(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, ProductRecord>>;

    /// Lists the next `limit` changes after `after` that wait to be embedded, the oldest first. The
    /// outbox names a product once, at its newest version. No sequence number is used twice.
    async fn outbox(&self, after: Option<u64>, limit: usize) -> PortResult<Vec<OutboxEntry>>;

    /// Deletes entries that are done. An entry whose product changed meanwhile has another sequence
    /// number, and stays.
    async fn clear_outbox(&self, done: &[OutboxEntry]) -> PortResult<()>;

    /// Passes the next `limit` changes after `after` that wait to be embedded to `send`, the oldest first,
    /// and deletes them, except for those that `send` returns as failures. A change that another process
    /// is passing on meanwhile may be left out; a store that cannot tell passes it on twice.
    async fn relay(
        &self,
        after: Option<u64>,
        limit: usize,
        send: &SendChanges<'_>,
    ) -> PortResult<RelayedPage> {
        relay_page(self, after, limit, send).await
    }

    /// Keeps the rows of `feed` that were refused at `at`, and the values without which rows were kept, as
    /// completely as they could be read. A field
    /// of a line that was refused before is kept once, as it was refused last.
    async fn quarantine(&self, feed: &str, rows: &[RefusedRow], at: Timestamp) -> PortResult<()>;

    /// Deletes the rows of `feed` that were refused before `before`: a later run has read all of it.
    async fn release_quarantine(&self, feed: &str, before: Timestamp) -> PortResult<()>;

    /// Deletes the rows of `feed` that were refused at `until` or before: somebody has dealt with them.
    /// Returns their number. Runs do not matter.
    async fn clear_quarantine(&self, feed: &str, until: Timestamp) -> PortResult<u64>;

    /// Lists the next `limit` rows in quarantine after `after`, by feed, line and field.
    async fn quarantined(
        &self,
        after: Option<&QuarantinedRow>,
        limit: usize,
    ) -> PortResult<Vec<QuarantinedRow>>;

    /// Lists the next `limit` products after `after`, in the byte order of their ids. Copies are made of
    /// them.
    async fn list(&self, after: Option<&ProductId>, limit: usize)
    -> PortResult<Vec<ProductRecord>>;

    /// Lists the ids of the next `limit` products after `after`, in byte order.
    async fn ids(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<ProductId>>;

    /// Writes products copied from another store, with their dates, and adds nothing to the outbox:
    /// their index entries are copied too. A product that is held or was removed in this version or a
    /// newer one is left as it is.
    async fn restore(&self, records: &[ProductRecord]) -> PortResult<()>;

    /// Lists the next `limit` removed products after `after`, in the byte order of their ids.
    async fn removed(
        &self,
        after: Option<&ProductId>,
        limit: usize,
    ) -> PortResult<Vec<RemovedProduct>>;

    /// Removes products that another store removed, as [`ProductStore::restore`] writes those that it
    /// holds: a newer product or tombstone stays, and nothing is added to the outbox.
    async fn restore_removed(&self, removed: &[RemovedProduct]) -> PortResult<()>;

    /// Keeps rows that another store has in quarantine, with their times. A field of a line that was refused
    /// here at that time or later stays. Runs do not matter.
    async fn restore_quarantine(&self, rows: &[QuarantinedRow]) -> PortResult<()>;

    /// Lists the indexes that every change is owed to, by name.
    async fn indexes(&self) -> PortResult<Vec<RegisteredIndex>>;

    /// Registers those of `indexes` that are not registered yet, each in place of another one of its
    /// name, and adds to the outbox what they are owed ([`IndexContent::debt`]), in one transaction. If
    /// that is anything, all changes in the outbox get new sequence numbers, so that whoever has just
    /// embedded them for fewer indexes does not clear them.
    ///
    /// With [`IndexContent::Complete`] this may be an error of the kind
    /// [`Overtaken`](crate::ErrorKind::Overtaken), as with [`ProductStore::apply`].
    ///
    /// [`IndexContent::debt`]: crate::IndexContent::debt
    /// [`IndexContent::Complete`]: crate::IndexContent::Complete
    async fn register_indexes(&self, indexes: &[NewIndex]) -> PortResult<()>;

    /// Ends the registration of the index `name`, and returns whether there was one. If it comes back,
    /// it is owed everything.
    async fn forget_index(&self, name: &str) -> PortResult<bool>;

    /// Counts what the store holds. Counts above [`EXACT_COUNTS`] may be estimates.
    async fn counts(&self) -> PortResult<StoreCounts>;
}

/// The effect on each product of a batch.
#[derive(Debug, Default)]
pub struct Applied {
    /// New to the store.
    pub inserted: Vec<ProductId>,
    /// Held before, with different content.
    pub changed: Vec<ProductId>,
    /// Held before, with the same content.
    pub unchanged: Vec<ProductId>,
    /// Held, or removed, in a newer version, which stays.
    pub held_newer: Vec<ProductId>,
    /// Failed, and why.
    pub failures: Failures,
}

/// Up to how many items a store or a queue counts them one by one. Whoever asks often, or is only shown
/// a progress, does not wait for a million of them.
pub const EXACT_COUNTS: u64 = 100_000;

/// Sends changes, and returns those of which at least one was not sent.
pub type SendChanges<'a> = dyn Fn(Vec<Change>) -> SentChanges<'a> + Send + Sync + 'a;

/// The answer of [`SendChanges`].
pub type SentChanges<'a> = Pin<Box<dyn Future<Output = PortResult<Failures>> + Send + 'a>>;

/// Passes on a page of the outbox of `store`, as [`ProductStore::relay`] does, whoever else does so.
pub async fn relay_page(
    store: &(impl ProductStore + ?Sized),
    after: Option<u64>,
    limit: usize,
    send: &SendChanges<'_>,
) -> PortResult<RelayedPage> {
    let mut entries = store.outbox(after, limit).await?;
    let Some(last) = entries.last() else { return Ok(RelayedPage::default()) };
    let last = Some(last.sequence);
    let failures = send(entries.iter().map(|entry| entry.change.clone()).collect()).await?;
    entries.retain(|entry| !failures.contains_key(&entry.change.id));
    store.clear_outbox(&entries).await?;
    Ok(RelayedPage { last, sent: entries.len() as u64, failures })
}

/// A page of the outbox that was passed on.
#[derive(Debug, Default)]
pub struct RelayedPage {
    /// The position of its last change; `None` if nothing more waits.
    pub last: Option<u64>,
    /// The number of changes that were sent.
    pub sent: u64,
    /// The changes that were not sent, and stay.
    pub failures: Failures,
}

/// A change in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its position in the outbox.
    pub sequence: u64,
    /// The change to embed.
    pub change: Change,
}

/// A product that was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedProduct {
    /// Its id.
    pub id: ProductId,
    /// The version of its removal.
    pub version: Version,
    /// The date of its creation, which it keeps if it comes back.
    pub created: Timestamp,
}

impl RemovedProduct {
    /// Returns the removal as a change of an index.
    pub fn change(&self) -> Change {
        Change { id: self.id.clone(), version: self.version }
    }
}

/// A refused row in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantinedRow {
    /// The feed of the row.
    pub feed: String,
    /// The row, and why it was refused.
    pub row: RefusedRow,
    /// The time at which it was refused.
    pub at: Timestamp,
}

/// The counts of what a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounts {
    /// Products.
    pub products: u64,
    /// Changes that wait to be embedded.
    pub outbox: u64,
    /// Refused rows in quarantine.
    pub quarantined: u64,
    /// Values in quarantine without which their rows were kept.
    pub blanked: u64,
}
