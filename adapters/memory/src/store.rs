use crate::runs::RunState;
use crate::{Faults, MemoryRuns, lock};
use akin_entities::{Change, Product, ProductId, ProductRecord, Timestamp, Version};
use akin_ports::{
    Applied, OutboxEntry, PortResult, ProductStore, QuarantinedRow, RefusedRow, StoreCounts,
};
use async_trait::async_trait;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex};

/// A [`ProductStore`] in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<StoreContent>,
    runs: Arc<Mutex<RunState>>,
    faults: Faults,
}

#[derive(Debug, Default)]
struct StoreContent {
    products: HashMap<ProductId, ProductRecord>,
    /// The removed products.
    tombstones: HashMap<ProductId, Tombstone>,
    outbox: BTreeMap<u64, Change>,
    /// The number of the last entry; none is used twice.
    sequence: u64,
    /// By feed, line and field.
    quarantine: BTreeMap<QuarantineKey, QuarantinedRow>,
}

type QuarantineKey = (String, u64, String);

/// The tombstone of a removed product.
#[derive(Debug)]
struct Tombstone {
    created: Timestamp,
    removed: Version,
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
                }
            }
        })
        .await
    }

    async fn counts(&self) -> PortResult<StoreCounts> {
        self.call(|state| StoreCounts {
            products: state.products.len() as u64,
            outbox: state.outbox.len() as u64,
            quarantined: state.quarantine.len() as u64,
        })
        .await
    }
}

impl StoreContent {
    /// Decides what to do with `product`, and returns its date of creation if it is to be written.
    fn compare(&self, product: &Product, at: Version, applied: &mut Applied) -> Option<Timestamp> {
        let id = &product.id;
        let (fate, created) = match (self.products.get(id), self.tombstones.get(id)) {
            (Some(held), _) if held.product == *product => (&mut applied.unchanged, None),
            (Some(held), _) if held.version > at => (&mut applied.held_newer, None),
            (Some(held), _) => (&mut applied.changed, Some(held.created)),
            (None, Some(tombstone)) if tombstone.removed >= at => (&mut applied.held_newer, None),
            (None, Some(tombstone)) => (&mut applied.inserted, Some(tombstone.created)),
            (None, None) => (&mut applied.inserted, Some(at.timestamp())),
        };
        fate.push(id.clone());
        created
    }

    fn apply(&mut self, product: &Product, at: Version, applied: &mut Applied) {
        let Some(created) = self.compare(product, at, applied) else { return };
        self.tombstones.remove(&product.id);
        let record = ProductRecord { product: product.clone(), created, version: at };
        self.products.insert(product.id.clone(), record);
        self.announce(&product.id, at);
    }

    fn remove(&mut self, id: &ProductId, at: Version) -> bool {
        let held = self.products.get(id).filter(|held| held.version <= at);
        let Some(created) = held.map(|held| held.created) else { return false };
        self.products.remove(id);
        self.tombstones.insert(id.clone(), Tombstone { created, removed: at });
        self.announce(id, at);
        true
    }

    fn announce(&mut self, id: &ProductId, version: Version) {
        self.outbox.retain(|_, change| change.id != *id);
        self.sequence += 1;
        self.outbox.insert(self.sequence, Change { id: id.clone(), version });
    }
}

fn key(kept: &QuarantinedRow) -> QuarantineKey {
    (kept.feed.clone(), kept.row.line, kept.row.field.clone())
}

/// Returns the last product of each id, in the order of the batch.
fn last_of_each(products: &[Product]) -> Vec<&Product> {
    let last: HashMap<_, _> =
        products.iter().enumerate().map(|(place, product)| (&product.id, place)).collect();
    let is_last = |&(place, product): &(usize, &Product)| last.get(&product.id) == Some(&place);
    products.iter().enumerate().filter(is_last).map(|(_, product)| product).collect()
}
