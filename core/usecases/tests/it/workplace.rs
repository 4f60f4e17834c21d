//! A shop whose changes are processed from a queue.

use crate::shop::{Shop, day, id};
use akin_entities::{Analysis, Change, Fingerprint, Language, ProductId, Statistics};
use akin_memory::{MemoryEmbedder, MemoryIndex, MemoryQueue};
use akin_ports::{
    Candidate, CandidateQuery, ChangeQueue, ErrorKind, Failures, FeedRow, IndexEntry,
    IndexIdentity, IndexedState, MatchQuery, Matches, PortError, PortResult, ProductIndex,
    ProductStore, QueueCounts,
};
use akin_usecases::{
    Background, EmbedTarget, RelayChanges, RelaySummary, WorkQueue, WorkSummary, WorkerContext,
};
use async_trait::async_trait;
use futures::future::BoxFuture;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Longer than any pause and any lease.
pub(crate) const LONG: Duration = Duration::from_hours(2);

/// A shop and a queue.
pub(crate) struct Workplace {
    pub(crate) shop: Shop,
    pub(crate) queue: Arc<MemoryQueue>,
}

type Sleep = dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync;

/// Sleeps forever.
pub(crate) fn never(_: Duration) -> BoxFuture<'static, ()> {
    Box::pin(std::future::pending())
}

impl Workplace {
    pub(crate) fn new() -> Self {
        Self::of(Shop::new())
    }

    pub(crate) fn with_embedder(change: impl FnOnce(MemoryEmbedder) -> MemoryEmbedder) -> Self {
        Self::of(Shop::with_embedder(change))
    }

    fn of(shop: Shop) -> Self {
        Self { shop, queue: Arc::default() }
    }

    /// Returns a workplace whose queue has the same faults as the shop.
    pub(crate) fn with_failing_queue() -> Self {
        let shop = Shop::new();
        let queue = Arc::new(MemoryQueue::with_faults(shop.faults.clone()));
        Self { shop, queue }
    }

    /// Ingests `rows`, and relays their changes.
    pub(crate) async fn ingest_and_relay(&self, rows: &[FeedRow], at: i64) {
        self.shop.ingest(rows, at).await;
        self.relay().await.unwrap();
    }

    pub(crate) async fn relay(&self) -> PortResult<RelaySummary> {
        RelayChanges { store: self.shop.store.clone(), queue: self.queue.clone() }.run().await
    }

    /// Sends these changes instead of those in the outbox.
    pub(crate) async fn send(&self, changes: &[(&str, i64)]) {
        self.shop.store.clear_outbox(&self.shop.outbox().await).await.unwrap();
        let change =
            |(name, version): &(&str, i64)| Change { id: id(name), version: day(*version) };
        let changes: Vec<_> = changes.iter().map(change).collect();
        assert!(self.queue.send(&changes).await.unwrap().is_empty());
    }

    pub(crate) fn target(&self) -> EmbedTarget {
        self.target_of(self.shop.index.clone())
    }

    /// Returns the shop's index, but it refuses every batch with one of these products.
    pub(crate) fn fragile(&self, poison: &[ProductId]) -> FragileIndex {
        let (index, poison) = (self.shop.index.clone(), poison.to_vec());
        FragileIndex { index, poison, others: Mutex::default() }
    }

    /// Returns a target of the shop's embedder and another index.
    pub(crate) fn target_of(&self, index: Arc<dyn ProductIndex>) -> EmbedTarget {
        let embedder = self.shop.embedder.clone();
        EmbedTarget {
            embedder,
            indexes: vec![index],
            background: Background::inline(),
            language: Language::English,
        }
    }

    /// Processes the visible messages.
    pub(crate) async fn work(&self) -> PortResult<WorkSummary> {
        self.work_at(self.target()).await
    }

    pub(crate) async fn work_at(&self, target: EmbedTarget) -> PortResult<WorkSummary> {
        self.drain(target, &never, &|| false).await
    }

    /// Processes the visible messages until `is_over`.
    pub(crate) async fn drain(
        &self,
        target: EmbedTarget,
        sleep: &Sleep,
        is_over: &(dyn Fn() -> bool + Send + Sync),
    ) -> PortResult<WorkSummary> {
        let (queue, store) = (self.queue.clone(), self.shop.store.clone());
        let work = WorkQueue { queue, store, targets: vec![target] };
        work.drain(&WorkerContext { sleep, is_over, observe: &|_| () }).await
    }

    /// Returns the numbers of messages that wait, are in flight, and are dead.
    pub(crate) async fn counts(&self) -> [u64; 3] {
        let QueueCounts { waiting, in_flight, dead } = self.queue.counts().await.unwrap();
        [waiting, in_flight, dead]
    }
}

/// Returns the numbers of messages received, and of products embedded, updated and removed.
pub(crate) fn work_counts(summary: &WorkSummary) -> [u64; 4] {
    let embedding = &summary.embedding;
    [summary.received, embedding.embedded, embedding.updated_fields, embedding.removed]
}

/// An index that refuses every batch with one of the `poison` products, without naming it, and into
/// which another worker writes `others` after this one has read the states.
#[derive(Debug)]
pub(crate) struct FragileIndex {
    pub(crate) index: Arc<MemoryIndex>,
    pub(crate) poison: Vec<ProductId>,
    pub(crate) others: Mutex<Vec<IndexEntry>>,
}

#[async_trait]
impl ProductIndex for FragileIndex {
    async fn identity(&self) -> PortResult<IndexIdentity> {
        self.index.identity().await
    }

    async fn upsert(&self, entries: &[IndexEntry]) -> PortResult<Failures> {
        if entries.iter().any(|entry| self.poison.contains(&entry.id)) {
            return Err(PortError::new("fragile", ErrorKind::Corrupt, "something is wrong"));
        }
        self.index.upsert(entries).await
    }

    async fn remove(&self, changes: &[Change]) -> PortResult<Failures> {
        self.index.remove(changes).await
    }

    async fn states(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, IndexedState>> {
        let known = self.index.states(ids).await?;
        let others = std::mem::take(&mut *self.others.lock().unwrap());
        assert!(self.index.upsert(&others).await?.is_empty());
        Ok(known)
    }

    async fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>> {
        self.index.candidates(query).await
    }

    async fn matches(&self, query: &MatchQuery) -> PortResult<Matches> {
        self.index.matches(query).await
    }

    async fn name_counts(&self, all: &[String], terms: &[String]) -> PortResult<Vec<u64>> {
        self.index.name_counts(all, terms).await
    }

    async fn list(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<IndexEntry>> {
        self.index.list(after, limit).await
    }

    async fn statistics(&self) -> PortResult<Arc<dyn Statistics>> {
        self.index.statistics().await
    }

    async fn fingerprint(&self) -> PortResult<Option<Fingerprint>> {
        self.index.fingerprint().await
    }

    async fn count(&self) -> PortResult<u64> {
        self.index.count().await
    }

    async fn analysis(&self) -> PortResult<Option<Analysis>> {
        self.index.analysis().await
    }

    async fn set_analysis(&self, analysis: &Analysis) -> PortResult<()> {
        self.index.set_analysis(analysis).await
    }
}
