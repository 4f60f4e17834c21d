use crate::runs::RunState;
use crate::store_state::{StoreContent, Tombstone, key, last_of_each};
use crate::{Faults, MemoryRuns, lock};
use akin_entities::{Change, Product, ProductId, ProductRecord, Timestamp, Version};
use akin_ports::{
    Applied, IndexContent, NewIndex, OutboxEntry, PortResult, ProductStore, QuarantinedRow,
    RefusedRow, RegisteredIndex, RemovedProduct, StoreCounts,
};
use async_trait::async_trait;
use std::collections::HashMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

/// A [`ProductStore`] in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<StoreContent>,
    runs: Arc<Mutex<RunState>>,
    faults: Faults,
}

impl MemoryStore {
    /// Returns an empty store with these `faults`.
    pub fn with_faults(faults: Faults) -> Self {
        Self { faults, ..Self::default() }
    }

    /// Returns the log of its runs, which has the same faults.
    pub fn runs(&self) -> MemoryRuns {
        MemoryRuns::of_store(Arc::clone(&self.runs), self.faults.clone())
    }

    /// Makes one call, which fails before its effect or after it if the faults say so.
    async fn call<T>(&self, work: impl FnOnce(&mut StoreContent) -> T) -> PortResult<T> {
        self.faults.call(&self.state, work).await
    }

    /// Makes one call that writes in the version `at`, unless a newer run has begun.
    async fn write<T>(
        &self,
        at: Version,
        work: impl FnOnce(&mut StoreContent) -> T,
    ) -> PortResult<T> {
        self.call(|state| {
            lock(&self.runs).admit(at)?;
            Ok(work(state))
        })
        .await?
    }
}

#[async_trait]
impl ProductStore for MemoryStore {
    async fn apply(&self, products: &[Product], at: Version) -> PortResult<Applied> {
        self.write(at, |state| {
            let mut applied = Applied::default();
            for product in last_of_each(products) {
                if !self.faults.refuses(&product.id, &mut applied.failures) {
                    state.apply(product, at, &mut applied);
                }
            }
            applied
        })
        .await
    }

    async fn compare(&self, products: &[Product], at: Version) -> PortResult<Applied> {
        self.call(|state| {
            let mut compared = Applied::default();
            for product in last_of_each(products) {
                state.compare(product, at, &mut compared);
            }
            compared
        })
        .await
    }

    async fn remove(&self, ids: &[ProductId], at: Version) -> PortResult<Vec<ProductId>> {
        self.write(at, |state| ids.iter().filter(|id| state.remove(id, at)).cloned().collect())
            .await
    }

    async fn fetch(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, ProductRecord>> {
        self.call(|state| {
            let known = ids.iter().filter_map(|id| state.products.get_key_value(id));
            known.map(|(id, record)| (id.clone(), record.clone())).collect()
        })
        .await
    }

    async fn outbox(&self, after: Option<u64>, limit: usize) -> PortResult<Vec<OutboxEntry>> {
        self.call(|state| {
            let behind = state.outbox.iter().filter(|(sequence, _)| Some(**sequence) > after);
            let entry = |(sequence, change): (&u64, &Change)| OutboxEntry {
                sequence: *sequence,
                change: change.clone(),
            };
            behind.take(limit).map(entry).collect()
        })
        .await
    }

    async fn clear_outbox(&self, done: &[OutboxEntry]) -> PortResult<()> {
        self.call(|state| done.iter().for_each(|entry| drop(state.outbox.remove(&entry.sequence))))
            .await
    }

    async fn quarantine(&self, feed: &str, rows: &[RefusedRow], at: Timestamp) -> PortResult<()> {
        self.write(Version(at.0), |state| {
            for row in rows {
                let kept = QuarantinedRow { feed: feed.to_owned(), row: row.clone(), at };
                state.quarantine.insert(key(&kept), kept);
            }
        })
        .await
    }

    async fn release_quarantine(&self, feed: &str, before: Timestamp) -> PortResult<()> {
        self.write(Version(before.0), |state| {
            state.quarantine.retain(|_, row| row.feed != feed || row.at >= before);
        })
        .await
    }

    async fn clear_quarantine(&self, feed: &str, until: Timestamp) -> PortResult<u64> {
        self.call(|state| {
            let before = state.quarantine.len();
            state.quarantine.retain(|_, row| row.feed != feed || row.at > until);
            (before - state.quarantine.len()) as u64
        })
        .await
    }

    async fn restore_quarantine(&self, rows: &[QuarantinedRow]) -> PortResult<()> {
        self.call(|state| {
            for row in rows {
                let held = state.quarantine.get(&key(row));
                if held.is_none_or(|held| held.at < row.at) {
                    state.quarantine.insert(key(row), row.clone());
                }
            }
        })
        .await
    }

    async fn quarantined(
        &self,
        after: Option<&QuarantinedRow>,
        limit: usize,
    ) -> PortResult<Vec<QuarantinedRow>> {
        self.call(|state| {
            let behind = after.map_or(Bound::Unbounded, |after| Bound::Excluded(key(after)));
            let kept = state.quarantine.range((behind, Bound::Unbounded));
            kept.take(limit).map(|(_, kept)| kept.clone()).collect()
        })
        .await
    }

    async fn list(
        &self,
        after: Option<&ProductId>,
        limit: usize,
    ) -> PortResult<Vec<ProductRecord>> {
        self.call(|state| {
            let behind = state.products.values().filter(|held| Some(&held.product.id) > after);
            let mut records: Vec<_> = behind.cloned().collect();
            records.sort_by(|a, b| a.product.id.cmp(&b.product.id));
            records.truncate(limit);
            records
        })
        .await
    }

    async fn ids(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<ProductId>> {
        let listed = self.list(after, limit).await?;
        Ok(listed.into_iter().map(|record| record.product.id).collect())
    }

    async fn restore(&self, records: &[ProductRecord]) -> PortResult<()> {
        self.call(|state| {
            for record in records {
                lock(&self.runs).note(record.version);
                let id = &record.product.id;
                let held = state.products.get(id).map(|held| held.version);
                let removed = state.tombstones.get(id).map(|tombstone| tombstone.removed);
                if held.max(removed).is_none_or(|last| last < record.version) {
                    state.products.insert(id.clone(), record.clone());
                    state.tombstones.remove(id);
                    state.has_copies = true;
                }
            }
        })
        .await
    }

    async fn removed(
        &self,
        after: Option<&ProductId>,
        limit: usize,
    ) -> PortResult<Vec<RemovedProduct>> {
        self.call(|state| {
            let behind = state.tombstones.iter().filter(|(id, _)| Some(*id) > after);
            let mut removed: Vec<_> = behind.map(|(id, held)| held.of(id)).collect();
            removed.sort_by(|a, b| a.id.cmp(&b.id));
            removed.truncate(limit);
            removed
        })
        .await
    }

    async fn restore_removed(&self, removed: &[RemovedProduct]) -> PortResult<()> {
        self.call(|state| {
            for RemovedProduct { id, version, created } in removed {
                lock(&self.runs).note(*version);
                let held = state.products.get(id).map(|held| held.version);
                let known = state.tombstones.get(id).map(|tombstone| tombstone.removed);
                if held.is_none_or(|held| held <= *version) && known < Some(*version) {
                    state.products.remove(id);
                    let tombstone = Tombstone { created: *created, removed: *version };
                    state.tombstones.insert(id.clone(), tombstone);
                }
            }
        })
        .await
    }

    async fn indexes(&self) -> PortResult<Vec<RegisteredIndex>> {
        self.call(|state| state.indexes.values().flatten().cloned().collect()).await
    }

    async fn register_indexes(&self, indexes: &[NewIndex]) -> PortResult<()> {
        self.call(|state| {
            for index in indexes {
                if let IndexContent::Complete(at) = index.content {
                    lock(&self.runs).admit(at)?;
                }
            }
            state.register(indexes, lock(&self.runs).now());
            Ok(())
        })
        .await?
    }

    async fn forget_index(&self, name: &str) -> PortResult<bool> {
        self.call(|state| {
            let index = state.indexes.get_mut(name);
            index.and_then(Option::take).is_some()
        })
        .await
    }

    async fn counts(&self) -> PortResult<StoreCounts> {
        self.call(|state| StoreCounts {
            products: state.products.len() as u64,
            outbox: state.outbox.len() as u64,
            quarantined: state.quarantine.values().filter(|kept| !kept.row.is_kept).count() as u64,
            blanked: state.quarantine.values().filter(|kept| kept.row.is_kept).count() as u64,
        })
        .await
    }
}
