use crate::{EmbedSummary, EmbedTarget};
use akin_entities::{Change, ProductId, ProductRecord, newest_of_each};
use akin_ports::{Failures, PortResult, ProductStore};
use std::collections::{BTreeMap, HashSet};

/// The products that a batch of changes is about, as the store holds them.
#[derive(Debug, Default)]
pub(crate) struct ChangeBatch {
    /// Products to write to the indexes.
    records: BTreeMap<ProductId, ProductRecord>,
    /// Products that the store no longer has.
    removed: Vec<Change>,
}

/// Observes the work on a batch, and stops it early.
pub(crate) trait Monitor: Send {
    /// Reports that `done` more changes are done.
    fn step(&mut self, done: u64);

    /// Returns whether no further work should be started.
    fn is_stopped(&self) -> bool;
}

/// The products of a batch that are not done.
#[derive(Debug, Default)]
pub(crate) struct Undone {
    /// Products that failed, and why.
    pub(crate) failures: Failures,
    /// Products that were not started because the work was stopped.
    pub(crate) skipped: HashSet<ProductId>,
}

impl Undone {
    /// Adds what is left of another part of the work.
    pub(crate) fn add(&mut self, other: Self) {
        self.failures.extend(other.failures);
        self.skipped.extend(other.skipped);
    }

    /// Returns whether the product `id` is not done.
    pub(crate) fn contains(&self, id: &ProductId) -> bool {
        self.failures.contains_key(id) || self.skipped.contains(id)
    }
}

impl ChangeBatch {
    /// Fetches the products of `changes`. A change that is superseded by another one of them or by
    /// the store needs no work: the newer one was announced as well.
    pub(crate) async fn fetch(store: &dyn ProductStore, changes: &[Change]) -> PortResult<Self> {
        let ids: Vec<_> = changes.iter().map(|change| change.id.clone()).collect();
        let mut records = store.fetch(&ids).await?;
        let mut batch = Self::default();
        for change in newest_of_each(changes, |change| (&change.id, change.version)) {
            match records.remove(&change.id) {
                None => batch.removed.push(change.clone()),
                Some(record) if record.version > change.version => {}
                Some(record) => drop(batch.records.insert(change.id.clone(), record)),
            }
        }
        Ok(batch)
    }

    /// Brings every index of `target` up to this batch.
    pub(crate) async fn apply_to(
        &self,
        target: &EmbedTarget,
        summary: &mut EmbedSummary,
        monitor: &mut dyn Monitor,
    ) -> PortResult<Undone> {
        let embedded = target.embedded(self.records.values()).await?;
        let mut failures = target.remove(&self.removed).await?;
        summary.removed += (self.removed.len() - failures.len()) as u64;
        monitor.step(self.removed.len() as u64);

        let (update, mut embed) = self.split(&embedded);
        let (refused, overtaken) = target.update(&update).await?;
        let updated = update.len() - overtaken.len();
        summary.updated_fields += (updated - refused.len()) as u64;
        failures.extend(refused);
        monitor.step(updated as u64);
        embed.extend(overtaken);

        let mut undone = target.embed(&embed, summary, monitor).await?;
        undone.failures.extend(failures);
        Ok(undone)
    }

    /// Splits the products into those whose text is embedded already and those to embed.
    fn split(&self, embedded: &HashSet<ProductId>) -> (Vec<&ProductRecord>, Vec<&ProductRecord>) {
        let is_embedded = |record: &&ProductRecord| embedded.contains(&record.product.id);
        let (update, mut embed): (Vec<_>, Vec<_>) = self.records.values().partition(is_embedded);
        // Texts of similar length share a batch, so that little padding is needed.
        let length =
            |record: &&ProductRecord| record.product.name.len() + record.product.description.len();
        embed.sort_by_key(length);
        (update, embed)
    }
}
