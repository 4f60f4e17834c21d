use crate::change_batch::{ChangeBatch, Monitor, Undone};
use crate::embed_target::is_about_all;
use crate::halves::Halves;
use crate::register_indexes::check_indexes;
use crate::{Background, EmbedTarget};
use akin_entities::Language;
use akin_ports::{Embedder, Failures, OutboxEntry, PortResult, ProductIndex, ProductStore};
use std::sync::Arc;

/// Brings the indexes up to the store: embeds each text that changed, and updates the fields of the
/// other products.
///
/// If it is killed, the next run finishes the work: a change leaves the outbox only when every index
/// holds it, and doing it twice is harmless.
#[derive(Clone, Debug)]
pub struct EmbedChanges {
    /// Keeps the products and the outbox.
    pub store: Arc<dyn ProductStore>,
    /// The embedders and indexes.
    pub targets: Vec<EmbedTarget>,
}

/// The results of embedding, over all targets.
#[derive(Debug, Default)]
pub struct EmbedSummary {
    /// Texts that were embedded.
    pub embedded: u64,
    /// Products whose other fields were updated, because their text is the same.
    pub updated_fields: u64,
    /// Products that were removed from the indexes, because the store no longer has them.
    pub removed: u64,
    /// Texts longer than the model reads.
    pub truncated: u64,
    /// Products that failed, and why. They wait to be tried again.
    pub failures: Failures,
}

impl EmbedSummary {
    /// Adds the results of another run.
    pub fn add(&mut self, other: Self) {
        self.embedded += other.embedded;
        self.updated_fields += other.updated_fields;
        self.removed += other.removed;
        self.truncated += other.truncated;
        self.failures.extend(other.failures);
    }
}

/// The progress of embedding.
#[derive(Clone, Copy, Debug)]
pub struct EmbedProgress {
    /// Changes done, for each target.
    pub done: u64,
    /// Changes that waited at the beginning, for each target.
    pub total: u64,
}

/// The number of changes taken from the outbox at a time, which bounds the memory.
const PAGE: usize = 1024;

/// Monitors the work for one target.
struct OutboxMonitor<'a> {
    /// Changes of the page that are not done yet.
    left: u64,
    progress: &'a mut EmbedProgress,
    is_stopping: &'a (dyn Fn() -> bool + Send + Sync),
    observe: &'a (dyn Fn(EmbedProgress) + Send + Sync),
}

/// The results of a run so far, and their observer.
struct RunState<'a> {
    summary: EmbedSummary,
    progress: EmbedProgress,
    is_stopping: &'a (dyn Fn() -> bool + Send + Sync),
    observe: &'a (dyn Fn(EmbedProgress) + Send + Sync),
}

impl EmbedChanges {
    /// Returns the use case for a single engine, which analyzes on the calling thread, as English.
    pub fn new(
        store: Arc<dyn ProductStore>,
        embedder: Arc<dyn Embedder>,
        index: Arc<dyn ProductIndex>,
    ) -> Self {
        let target = EmbedTarget {
            embedder,
            indexes: vec![index],
            background: Background::inline(),
            language: Language::default(),
        };
        Self { store, targets: vec![target] }
    }

    /// Embeds what is in the outbox. An index of another model is refused before anything is embedded,
    /// and so are fewer indexes than are registered.
    pub async fn run(
        &self,
        observe: &(dyn Fn(EmbedProgress) + Send + Sync),
    ) -> PortResult<EmbedSummary> {
        self.run_until(&|| false, observe).await
    }

    /// Does the same until `is_stopping` returns true: then it finishes what was started and leaves the
    /// rest in the outbox, so that no change both waits and is done.
    pub async fn run_until(
        &self,
        is_stopping: &(dyn Fn() -> bool + Send + Sync),
        observe: &(dyn Fn(EmbedProgress) + Send + Sync),
    ) -> PortResult<EmbedSummary> {
        let waiting = self.store.counts().await?.outbox;
        let total = waiting * self.targets.len() as u64;
        let progress = EmbedProgress { done: 0, total };
        let summary = EmbedSummary::default();
        let mut state = RunState { summary, progress, is_stopping, observe };
        let mut after = None;
        observe(progress);
        if total > 0 {
            for target in &self.targets {
                target.check().await?;
            }
        }
        while !is_stopping() {
            let entries = self.store.outbox(after, PAGE).await?;
            let Some(last) = entries.last() else { break };
            after = Some(last.sequence);
            // What was taken before an index is registered is owed to it, and stays in the outbox.
            check_indexes(&*self.store, &self.targets).await?;
            let undone = self.embed_page(&entries, &mut state).await?;
            let is_done = |entry: &OutboxEntry| !undone.contains(&entry.change.id);
            let done: Vec<_> = entries.into_iter().filter(is_done).collect();
            self.store.clear_outbox(&done).await?;
            state.summary.failures.extend(undone.failures);
        }
        Ok(state.summary)
    }

    /// Brings every target up to `entries`, and returns the products that are not done. Where they fail
    /// without a name, they are halved until the products at fault are found.
    async fn embed_page(
        &self,
        entries: &[OutboxEntry],
        state: &mut RunState<'_>,
    ) -> PortResult<Undone> {
        let mut undone = Undone::default();
        let mut halves = Halves::new(entries);
        while let Some(part) = halves.next() {
            let before = state.progress;
            match self.embed_part(part, state).await {
                Ok(part) => {
                    halves.succeed();
                    undone.add(part);
                }
                Err(error) if is_about_all(&error) => return Err(error),
                Err(error) => {
                    state.progress = before;
                    if let Some(error) = halves.fail(part, error) {
                        return Err(error);
                    }
                }
            }
        }
        for (entry, error) in halves.take_failed() {
            state.progress.done += self.targets.len() as u64;
            undone.failures.insert(entry.change.id.clone(), error);
        }
        (state.observe)(state.progress);
        Ok(undone)
    }

    async fn embed_part(
        &self,
        entries: &[OutboxEntry],
        state: &mut RunState<'_>,
    ) -> PortResult<Undone> {
        let changes: Vec<_> = entries.iter().map(|entry| entry.change.clone()).collect();
        let batch = ChangeBatch::fetch(&*self.store, &changes).await?;
        let mut undone = Undone::default();
        for target in &self.targets {
            let left = entries.len() as u64;
            let RunState { summary, progress, is_stopping, observe } = &mut *state;
            let (is_stopping, observe) = (*is_stopping, *observe);
            let mut monitor = OutboxMonitor { left, progress, is_stopping, observe };
            let left = batch.apply_to(target, summary, &mut monitor).await?;
            if left.skipped.is_empty() {
                // Superseded changes are done as well.
                monitor.step(monitor.left);
            }
            undone.add(left);
        }
        Ok(undone)
    }
}

impl Monitor for OutboxMonitor<'_> {
    fn step(&mut self, done: u64) {
        self.left = self.left.saturating_sub(done);
        self.progress.done += done;
        (self.observe)(*self.progress);
    }

    fn is_stopped(&self) -> bool {
        (self.is_stopping)()
    }
}
