use crate::EmbedTarget;
use entities::{Change, ProductId, ProductRecord, Version};
use ports::{Embedder, Failures, OutboxEntry, PortResult, ProductIndex, ProductStore};
use std::collections::{BTreeMap, HashMap, HashSet};
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
    /// Products that could not be done, and why; they stay in the outbox.
    pub failures: Failures,
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

/// What a page of changes comes to.
#[derive(Debug, Default)]
struct Page {
    /// Products as the store has them.
    records: BTreeMap<ProductId, ProductRecord>,
    /// Products that the store no longer has.
    gone: Vec<Change>,
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
            let page = self.page(&entries).await?;
            let mut failures = Failures::new();
            for target in &self.targets {
                let mut left = entries.len() as u64;
                let mut step = |embedded: u64| {
                    left = left.saturating_sub(embedded);
                    progress.done += embedded;
                    observe(progress);
                };
                failures.extend(page.bring_to(target, &mut summary, &mut step).await?);
                // What was superseded is done as well.
                progress.done += left;
                observe(progress);
            }
            let settled = |entry: &OutboxEntry| !failures.contains_key(&entry.change.id);
            let done: Vec<_> = entries.into_iter().filter(settled).collect();
            self.store.clear_outbox(&done).await?;
            summary.failures.extend(failures);
        }
    }

    async fn page(&self, entries: &[OutboxEntry]) -> PortResult<Page> {
        let ids: Vec<_> = entries.iter().map(|entry| entry.change.id.clone()).collect();
        let mut records = self.store.fetch(&ids).await?;
        let mut page = Page::default();
        for change in newest_of_each(entries) {
            match records.remove(&change.id) {
                None => page.gone.push(change.clone()),
                // The outbox names this product again, at the version that the store holds.
                Some(record) if record.version > change.version => {}
                Some(record) => drop(page.records.insert(change.id.clone(), record)),
            }
        }
        Ok(page)
    }
}

impl Page {
    /// Makes every index of `target` hold this page.
    async fn bring_to(
        &self,
        target: &EmbedTarget,
        summary: &mut EmbedSummary,
        step: &mut (impl FnMut(u64) + Send),
    ) -> PortResult<Failures> {
        let embedded = target.embedded(&self.records).await?;
        let mut failures = target.remove(&self.gone).await?;
        summary.removed += (self.gone.len() - failures.len()) as u64;
        step(self.gone.len() as u64);

        let (update, embed) = self.split(&embedded);
        let refused = target.update(&update).await?;
        summary.updated_fields += (update.len() - refused.len()) as u64;
        failures.extend(refused);
        step(update.len() as u64);

        failures.extend(target.embed(&embed, summary, step).await?);
        Ok(failures)
    }

    /// What needs no embedding, and what does.
    fn split(&self, embedded: &HashSet<ProductId>) -> (Vec<&ProductRecord>, Vec<&ProductRecord>) {
        let is_embedded = |record: &&ProductRecord| embedded.contains(&record.product.id);
        let (update, mut embed): (Vec<_>, Vec<_>) = self.records.values().partition(is_embedded);
        // Texts of like length share a batch, so that an engine that pads wastes little.
        let length =
            |record: &&ProductRecord| record.product.name.len() + record.product.description.len();
        embed.sort_by_key(length);
        (update, embed)
    }
}

/// The newest change of each product: a queue may deliver several, in any order.
fn newest_of_each(page: &[OutboxEntry]) -> impl Iterator<Item = &Change> {
    let mut newest = HashMap::<&ProductId, Version>::with_capacity(page.len());
    for OutboxEntry { change, .. } in page {
        let version = newest.entry(&change.id).or_insert(change.version);
        *version = change.version.max(*version);
    }
    let changes = page.iter().map(|entry| &entry.change);
    changes.filter(move |change| {
        let is_newest = newest.get(&change.id) == Some(&change.version);
        // Of two equal ones the first is enough.
        is_newest && newest.remove(&change.id).is_some()
    })
}
