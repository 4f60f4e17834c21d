use akin_entities::{Product, ProductId, ProductRecord, Timestamp, Version};
use akin_ports::{
    Applied, ErrorKind, NewIndex, OutboxEntry, PortError, PortResult, ProductStore, QuarantinedRow,
    RefusedRow, RegisteredIndex, RemovedProduct, StoreCounts,
};
use async_trait::async_trait;
use std::collections::{HashMap, HashSet};

/// A store without products that refuses every write. A dry run compares feeds with it where no
/// catalogue exists.
#[derive(Clone, Copy, Debug)]
pub struct EmptyStore;

#[async_trait]
impl ProductStore for EmptyStore {
    async fn apply(&self, _: &[Product], _: Version) -> PortResult<Applied> {
        Err(read_only())
    }

    async fn compare(&self, products: &[Product], _: Version) -> PortResult<Applied> {
        let ids: HashSet<_> = products.iter().map(|product| &product.id).collect();
        let inserted = ids.into_iter().cloned().collect();
        Ok(Applied { inserted, ..Applied::default() })
    }

    async fn remove(&self, _: &[ProductId], _: Version) -> PortResult<Vec<ProductId>> {
        Err(read_only())
    }

    async fn fetch(&self, _: &[ProductId]) -> PortResult<HashMap<ProductId, ProductRecord>> {
        Ok(HashMap::new())
    }

    async fn outbox(&self, _: Option<u64>, _: usize) -> PortResult<Vec<OutboxEntry>> {
        Ok(Vec::new())
    }

    async fn clear_outbox(&self, _: &[OutboxEntry]) -> PortResult<()> {
        Err(read_only())
    }

    async fn quarantine(&self, _: &str, _: &[RefusedRow], _: Timestamp) -> PortResult<()> {
        Err(read_only())
    }

    async fn release_quarantine(&self, _: &str, _: Timestamp) -> PortResult<()> {
        Err(read_only())
    }

    async fn clear_quarantine(&self, _: &str, _: Timestamp) -> PortResult<u64> {
        Err(read_only())
    }

    async fn quarantined(
        &self,
        _: Option<&QuarantinedRow>,
        _: usize,
    ) -> PortResult<Vec<QuarantinedRow>> {
        Ok(Vec::new())
    }

    async fn list(&self, _: Option<&ProductId>, _: usize) -> PortResult<Vec<ProductRecord>> {
        Ok(Vec::new())
    }

    async fn ids(&self, _: Option<&ProductId>, _: usize) -> PortResult<Vec<ProductId>> {
        Ok(Vec::new())
    }

    async fn restore(&self, _: &[ProductRecord]) -> PortResult<()> {
        Err(read_only())
    }

    async fn removed(&self, _: Option<&ProductId>, _: usize) -> PortResult<Vec<RemovedProduct>> {
        Ok(Vec::new())
    }

    async fn restore_removed(&self, _: &[RemovedProduct]) -> PortResult<()> {
        Err(read_only())
    }

    async fn restore_quarantine(&self, _: &[QuarantinedRow]) -> PortResult<()> {
        Err(read_only())
    }

    async fn indexes(&self) -> PortResult<Vec<RegisteredIndex>> {
        Ok(Vec::new())
    }

    async fn register_indexes(&self, _: &[NewIndex]) -> PortResult<()> {
        Err(read_only())
    }

    async fn forget_index(&self, _: &str) -> PortResult<bool> {
        Ok(false)
    }

    async fn counts(&self) -> PortResult<StoreCounts> {
        Ok(StoreCounts::default())
    }
}

fn read_only() -> PortError {
    PortError::new("the empty store", ErrorKind::Refused, "it cannot be written")
}
