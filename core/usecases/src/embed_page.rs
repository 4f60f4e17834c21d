use crate::{EmbedSummary, EmbedTarget};
use akin_entities::{Change, ProductId, ProductRecord, Version, newest_of_each};
use akin_ports::{Failures, PortResult, ProductStore};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What a page of changes comes to, whatever announced them.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Products as the store has them.
    records: BTreeMap<ProductId, ProductRecord>,
    /// Products that the store no longer has.
    gone: Vec<Change>,
}

/// How the work on a page is watched, and ended before its time.
pub(crate) trait Watch: Send {
    /// So many more changes are done.
    fn step(&mut self, done: u64);

    /// Whether what is not begun should be left.
    fn is_stopped(&self) -> bool;
}

/// What became of the products of a page.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Products that could not be done, and why.
    pub(crate) failures: Failures,
    /// Products that were left, for the work was stopped.
    pub(crate) left: HashSet<ProductId>,
}

impl Page {
    /// What `changes` come to. Those that another one of them or the store supersedes come to
    /// nothing: the store has announced the newer one as well.
    pub(crate) async fn of(store: &dyn ProductStore, changes: &[Change]) -> PortResult<Self> {
        let ids: Vec<_> = changes.iter().map(|change| change.id.clone()).collect();
        let mut records = store.fetch(&ids).await?;
        let mut page = Self::default();
        for change in newest_of_each(changes, |change| (&change.id, change.version)) {
            match records.remove(&change.id) {
                None => page.gone.push(change.clone()),
                Some(record) if record.version > change.version => {}
                Some(record) => drop(page.records.insert(change.id.clone(), record)),
            }
        }
        Ok(page)
    }

    /// Makes every index of `target` hold this page.
    pub(crate) async fn bring_to(
        &self,
        target: &EmbedTarget,
        summary: &mut EmbedSummary,
        watch: &mut dyn Watch,
    ) -> PortResult<Outcome> {
        let embedded = target.embedded(self.records.values()).await?;
        let mut failures = target.remove(&self.gone).await?;
        summary.removed += (self.gone.len() - failures.len()) as u64;
        watch.step(self.gone.len() as u64);

        let (update, mut embed) = self.split(&embedded);
        let (refused, overtaken) = target.update(&update).await?;
        let updated = update.len() - overtaken.len();
        summary.updated_fields += (updated - refused.len()) as u64;
        failures.extend(refused);
        watch.step(updated as u64);
        embed.extend(overtaken);

        let mut outcome = target.embed(&embed, summary, watch).await?;
        outcome.failures.extend(failures);
        Ok(outcome)
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

/// The newest version of each product.
pub(crate) fn newest_versions(changes: &[Change]) -> HashMap<&ProductId, Version> {
    let mut newest = HashMap::with_capacity(changes.len());
    for change in changes {
        let version = newest.entry(&change.id).or_insert(change.version);
        *version = change.version.max(*version);
    }
    newest
}
