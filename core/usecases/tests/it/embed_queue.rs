//! Changes from a queue, which may deliver late, twice, and in any order.

use crate::shop::{Shop, day, id, row};
use akin_entities::{Change, Product, ProductId, ProductRecord, Timestamp, Version};
use akin_memory::MemoryStore;
use akin_ports::{
    Applied, NewIndex, OutboxEntry, PortResult, ProductStore, QuarantinedRow, RefusedRow,
    RegisteredIndex, RemovedProduct, StoreCounts,
};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// A store whose outbox lists these changes.
#[derive(Debug)]
struct Delivered {
    store: Arc<MemoryStore>,
    waiting: Mutex<Vec<OutboxEntry>>,
}

#[async_trait]
impl ProductStore for Delivered {
    async fn apply(&self, products: &[Product], at: Version) -> PortResult<Applied> {
        self.store.apply(products, at).await
    }

    async fn compare(&self, products: &[Product], at: Version) -> PortResult<Applied> {
        self.store.compare(products, at).await
    }

    async fn remove(&self, ids: &[ProductId], at: Version) -> PortResult<Vec<ProductId>> {
        self.store.remove(ids, at).await
    }

    async fn fetch(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, ProductRecord>> {
        self.store.fetch(ids).await
    }

    async fn outbox(&self, after: Option<u64>, limit: usize) -> PortResult<Vec<OutboxEntry>> {
        let waiting = self.waiting.lock().unwrap();
        let behind = waiting.iter().filter(|entry| Some(entry.sequence) > after);
        Ok(behind.take(limit).cloned().collect())
    }

    async fn clear_outbox(&self, done: &[OutboxEntry]) -> PortResult<()> {
        self.waiting.lock().unwrap().retain(|entry| !done.contains(entry));
        Ok(())
    }

    async fn quarantine(&self, feed: &str, rows: &[RefusedRow], at: Timestamp) -> PortResult<()> {
        self.store.quarantine(feed, rows, at).await
    }

    async fn release_quarantine(&self, feed: &str, before: Timestamp) -> PortResult<()> {
        self.store.release_quarantine(feed, before).await
    }

    async fn restore_quarantine(&self, rows: &[QuarantinedRow]) -> PortResult<()> {
        self.store.restore_quarantine(rows).await
    }

    async fn clear_quarantine(&self, feed: &str, until: Timestamp) -> PortResult<u64> {
        self.store.clear_quarantine(feed, until).await
    }

    async fn quarantined(
        &self,
        after: Option<&QuarantinedRow>,
        limit: usize,
    ) -> PortResult<Vec<QuarantinedRow>> {
        self.store.quarantined(after, limit).await
    }

    async fn list(
        &self,
        after: Option<&ProductId>,
        limit: usize,
    ) -> PortResult<Vec<ProductRecord>> {
        self.store.list(after, limit).await
    }

    async fn ids(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<ProductId>> {
        self.store.ids(after, limit).await
    }

    async fn restore(&self, records: &[ProductRecord]) -> PortResult<()> {
        self.store.restore(records).await
    }

    async fn removed(
        &self,
        after: Option<&ProductId>,
        limit: usize,
    ) -> PortResult<Vec<RemovedProduct>> {
        self.store.removed(after, limit).await
    }

    async fn restore_removed(&self, removed: &[RemovedProduct]) -> PortResult<()> {
        self.store.restore_removed(removed).await
    }

    async fn indexes(&self) -> PortResult<Vec<RegisteredIndex>> {
        self.store.indexes().await
    }

    async fn register_indexes(&self, indexes: &[NewIndex]) -> PortResult<()> {
        self.store.register_indexes(indexes).await
    }

    async fn forget_index(&self, name: &str) -> PortResult<bool> {
        self.store.forget_index(name).await
    }

    async fn counts(&self) -> PortResult<StoreCounts> {
        let outbox = self.waiting.lock().unwrap().len() as u64;
        Ok(StoreCounts { outbox, ..self.store.counts().await? })
    }
}

/// Processes these changes, all of which must succeed. Returns how many products were embedded,
/// updated and removed.
async fn deliver(shop: &Shop, changes: &[(&str, i64)]) -> [u64; 3] {
    let entry = |(sequence, (name, version)): (u64, &(&str, i64))| OutboxEntry {
        sequence,
        change: Change { id: id(name), version: day(*version) },
    };
    let waiting = (1..).zip(changes).map(entry).collect();
    let store = Delivered { store: shop.store.clone(), waiting: Mutex::new(waiting) };
    let store = Arc::new(store);
    let summary = shop.embed_from(store.clone()).await.unwrap();
    assert!(summary.failures.is_empty(), "{:?}", summary.failures);
    assert_eq!(*store.waiting.lock().unwrap(), [], "all are done");
    // The changes in the real outbox are done too.
    shop.store.clear_outbox(&shop.outbox().await).await.unwrap();
    [summary.embedded, summary.updated_fields, summary.removed]
}

#[tokio::test]
async fn a_superseded_change_is_done_and_the_others_are_embedded() {
    let shop = Shop::new();
    shop.ingest(&[row("a", "Old tripod", "")], 1).await;
    let now = [row("a", "Phone tripod", ""), row("b", "Lamp", ""), row("c", "Cup", "")];
    shop.ingest(&now, 2).await;
    assert_eq!(deliver(&shop, &[("a", 1), ("b", 2), ("c", 2)]).await, [2, 0, 0]);
    assert_eq!(shop.state("a").await, None, "its newer change is still to come");
    assert_eq!(deliver(&shop, &[("a", 2)]).await, [1, 0, 0]);
    shop.assert_in_step(&["a", "b", "c"].map(id)).await;
}

#[tokio::test]
async fn a_product_delivered_twice_is_embedded_once_in_any_order() {
    for changes in [[("a", 1), ("a", 2)], [("a", 2), ("a", 1)], [("a", 2), ("a", 2)]] {
        let shop = Shop::new();
        shop.ingest(&[row("a", "Old tripod", "")], 1).await;
        shop.ingest(&[row("a", "Phone tripod", "")], 2).await;
        assert_eq!(deliver(&shop, &changes).await, [1, 0, 0], "{changes:?}");
        shop.assert_in_step(&[id("a")]).await;
    }
}

#[tokio::test]
async fn a_removal_delivered_twice_removes_once() {
    let shop = Shop::new();
    shop.stock(&[row("a", "Phone tripod", ""), row("b", "Lamp", "")]).await;
    shop.store.remove(&[id("a")], day(2)).await.unwrap();
    assert_eq!(deliver(&shop, &[("a", 1), ("a", 2), ("a", 2)]).await, [0, 0, 1]);
    shop.assert_in_step(&["a", "b"].map(id)).await;
}

#[tokio::test]
async fn a_redelivered_change_is_done_without_inference() {
    let shop = Shop::new();
    shop.stock(&[row("a", "Phone tripod", ""), row("b", "Lamp", "")]).await;
    assert_eq!(deliver(&shop, &[("b", 1), ("a", 1)]).await, [0, 2, 0]);
    shop.assert_in_step(&["a", "b"].map(id)).await;
}
