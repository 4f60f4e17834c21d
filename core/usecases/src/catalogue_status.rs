use akin_entities::Fingerprint;
use akin_ports::{
    ChangeQueue, PortResult, ProductIndex, ProductStore, QueueCounts, Run, RunLog, StoreCounts,
};
use std::sync::Arc;

/// Says what a catalogue holds, what is still to be done about it, and what was done last.
#[derive(Clone, Debug)]
pub struct CatalogueStatus {
    /// Keeps the products.
    pub store: Arc<dyn ProductStore>,
    /// Hands changes to workers.
    pub queue: Arc<dyn ChangeQueue>,
    /// Remembers the ingestions.
    pub runs: Arc<dyn RunLog>,
}

/// What a catalogue holds, what is still to be done about it, and what was done last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What the store holds.
    pub store: StoreCounts,
    /// What the queue holds.
    pub queue: QueueCounts,
    /// The last ingestions, the latest first.
    pub runs: Vec<Run>,
}

/// What an index holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexStatus {
    /// How many products can be found.
    pub indexed: u64,
    /// Which model made the embeddings; `None` while there are none.
    pub fingerprint: Option<Fingerprint>,
}

impl CatalogueStatus {
    /// The status as of now, with the last `runs` ingestions.
    pub async fn run(&self, runs: usize) -> PortResult<Status> {
        Ok(Status {
            store: self.store.counts().await?,
            queue: self.queue.counts().await?,
            runs: self.runs.last(runs).await?,
        })
    }
}

impl Status {
    /// Changes that wait to be embedded, in the outbox or in the queue.
    pub fn waiting(&self) -> u64 {
        self.store.outbox + self.queue.waiting
    }
}

impl IndexStatus {
    /// What `index` holds as of now.
    pub async fn of(index: &dyn ProductIndex) -> PortResult<Self> {
        Ok(Self { indexed: index.count().await?, fingerprint: index.fingerprint().await? })
    }
}
