use entities::Fingerprint;
use ports::{PortResult, ProductIndex, ProductStore, StoreCounts};
use std::sync::Arc;

/// Says what a store and an index hold.
#[derive(Clone, Debug)]
pub struct CatalogueStatus {
    /// Keeps the products.
    pub store: Arc<dyn ProductStore>,
    /// Finds them.
    pub index: Arc<dyn ProductIndex>,
}

/// What a store and an index hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What the store holds.
    pub store: StoreCounts,
    /// How many products can be found.
    pub indexed: u64,
    /// Which model made the embeddings; `None` while there are none.
    pub fingerprint: Option<Fingerprint>,
}

impl CatalogueStatus {
    /// The status as of now.
    pub async fn run(&self) -> PortResult<Status> {
        Ok(Status {
            store: self.store.counts().await?,
            indexed: self.index.count().await?,
            fingerprint: self.index.fingerprint().await?,
        })
    }
}
