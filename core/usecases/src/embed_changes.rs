use crate::EmbedTarget;
use crate::change_batch::{ChangeBatch, Monitor};
use akin_ports::{Embedder, Failures, OutboxEntry, PortResult, ProductIndex, ProductStore};
use std::sync::Arc;

/// Brings the indexes up to the store: embeds each text that changed, and updates the fields of
/// the others.
///
/// Killed anywhere, the next run finishes the work: a change leaves the outbox only when every
/// index holds it, and doing it twice is harmless.
#[derive(Clone, Debug)]
pub struct EmbedChanges {
    /// Keeps the products, and what is still to be done about them.
    pub store: Arc<dyn ProductStore>,
    /// What embeds them, and what finds them.
    pub targets: Vec<EmbedTarget>,
}

/// What embedding did, over all targets.
#[derive(Debug, Default)]
pub struct EmbedSummary {
    /// Texts that were embedded.
    pub embedded: u64,
    /// Products whose text is what it was: their other fields were updated.
    pub updated_fields: u64,
    /// Products that the store no longer has: removed from the index.
    pub removed: u64,
    /// Texts longer than the model reads.
    pub truncated: u64,
    /// Products that could not be done, and why; they wait to be tried again.
    pub failures: Failures,
}

impl EmbedSummary {
    /// Adds what another run did.
    pub fn add(&mut self, other: Self) {
        self.embedded += other.embedded;
        self.updated_fields += other.updated_fields;
        self.removed += other.removed;
        self.truncated += other.truncated;
        self.failures.extend(other.failures);
    }
}

/// How far embedding is.
#[derive(Clone, Copy, Debug)]
pub struct EmbedProgress {
    /// Changes done, for each target.
    pub done: u64,
    /// Changes that waited when it began, for each target.
    pub total: u64,
}

/// How many changes are taken from the outbox at a time: bounds the memory.
const PAGE: usize = 1024;

/// Monitors the work for one target; it is never stopped.
struct OutboxMonitor<'a> {
    /// Changes of the page that are still to be done.
    left: u64,
    progress: &'a mut EmbedProgress,
    observe: &'a (dyn Fn(EmbedProgress) + Send + Sync),
}

impl EmbedChanges {
    /// For a single engine.
    pub fn new(
        store: Arc<dyn ProductStore>,
        embedder: Arc<dyn Embedder>,
        index: Arc<dyn ProductIndex>,
    ) -> Self {
        Self { store, targets: vec![EmbedTarget { embedder, indexes: vec![index] }] }
    }

    /// Works off the outbox as it stands. An index of another model is refused before anything is
    /// embedded in vain.
    pub async fn run(
        &self,
        observe: &(dyn Fn(EmbedProgress) + Send + Sync),
    ) -> PortResult<EmbedSummary> {
        let mut summary = EmbedSummary::default();
        let waiting = self.store.counts().await?.outbox;
        let total = waiting * self.targets.len() as u64;
        let mut progress = EmbedProgress { done: 0, total };
        let mut after = None;
        observe(progress);
        if total > 0 {
            for target in &self.targets {
                target.check().await?;
            }
        }
        loop {
            let entries = self.store.outbox(after, PAGE).await?;
            let Some(last) = entries.last() else { return Ok(summary) };
            after = Some(last.sequence);
            let changes: Vec<_> = entries.iter().map(|entry| entry.change.clone()).collect();
            let batch = ChangeBatch::fetch(&*self.store, &changes).await?;
            let mut failures = Failures::new();
            for target in &self.targets {
                let left = entries.len() as u64;
                let mut monitor = OutboxMonitor { left, progress: &mut progress, observe };
                failures.extend(batch.apply_to(target, &mut summary, &mut monitor).await?.failures);
                // Superseded changes are done as well.
                monitor.step(monitor.left);
            }
            let is_done = |entry: &OutboxEntry| !failures.contains_key(&entry.change.id);
            let done: Vec<_> = entries.into_iter().filter(is_done).collect();
            self.store.clear_outbox(&done).await?;
            summary.failures.extend(failures);
        }
    }
}

impl Monitor for OutboxMonitor<'_> {
    fn step(&mut self, done: u64) {
        self.left = self.left.saturating_sub(done);
        self.progress.done += done;
        (self.observe)(*self.progress);
    }

    fn is_stopped(&self) -> bool {
        false
    }
}
