use akin_entities::Fingerprint;
use akin_ports::{
    ChangeQueue, PortResult, ProductIndex, ProductStore, QueueCounts, Run, RunLog, StoreCounts,
};
use std::sync::Arc;

/// Reports what a catalogue holds, what waits, and what the last ingestions did.
#[derive(Clone, Debug)]
pub struct CatalogueStatus {
    /// Keeps the products.
    pub store: Arc<dyn ProductStore>,
    /// Delivers changes to workers.
    pub queue: Arc<dyn ChangeQueue>,
    /// The log of ingestions.
    pub runs: Arc<dyn RunLog>,
}

/// The state of a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The counts of the store.
    pub store: StoreCounts,
    /// The counts of the queue.
    pub queue: QueueCounts,
    /// The last ingestions, the latest first.
    pub runs: Vec<Run>,
}

/// The state of an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexStatus {
    /// The number of products that can be found.
    pub indexed: u64,
    /// The fingerprint of its embeddings; `None` while there are none.
    pub fingerprint: Option<Fingerprint>,
}

impl CatalogueStatus {
    /// Returns the current status, with the last `runs` ingestions.
    pub async fn run(&self, runs: usize) -> PortResult<Status> {
        Ok(Status {
            store: self.store.counts().await?,
            queue: self.queue.counts().await?,
            runs: self.runs.last(runs).await?,
        })
    }
}

impl Status {
    /// Returns the number of changes that wait to be embedded, in the outbox or in the queue.
    pub fn waiting(&self) -> u64 {
        self.store.outbox + self.queue.waiting
    }
}

impl IndexStatus {
    /// Returns the current state of `index`.
    pub async fn of(index: &dyn ProductIndex) -> PortResult<Self> {
        Ok(Self { indexed: index.count().await?, fingerprint: index.fingerprint().await? })
    }
}
