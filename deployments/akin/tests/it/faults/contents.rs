//! All contents of a store, its index and its queue, and how they differ from the expected ones.

use crate::support::contents::{search, search_axis};
use akin_entities::{FacetValues, ProductId, ProductRecord};
use akin_ports::{ChangeQueue, IndexEntry, ProductIndex, ProductStore};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A page size above the number of products.
const ALL: usize = 1_000;

/// The contents as the ports return them, with duplicates if there are any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    pub(crate) products: Vec<ProductRecord>,
    pub(crate) entries: Vec<IndexEntry>,
    /// The products that a search for an embedding finds.
    pub(crate) nearest: Vec<ProductId>,
    /// The products that a search for words finds.
    pub(crate) with_words: Vec<ProductId>,
    /// The numbers of products that the store and the index report.
    pub(crate) counts: [u64; 2],
    /// The numbers of changes in the outbox, and of messages that wait, are in flight, and are dead.
    pub(crate) pending: [u64; 4],
}

/// The differences between actual and expected contents.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    /// The number of products compared.
    pub(crate) compared: usize,
    /// Listed products that are missing.
    pub(crate) lost: Vec<String>,
    /// Products that differ from the feeds, or are no longer listed.
    pub(crate) stale: Vec<String>,
    pub(crate) duplicated: Vec<String>,
    /// Work that is not finished.
    pub(crate) pending: Vec<String>,
}

impl Contents {
    /// Reads all contents, and searches for `words`.
    pub(crate) async fn of(
        store: &dyn ProductStore,
        index: &dyn ProductIndex,
        queue: &dyn ChangeQueue,
        words: &[String],
    ) -> Self {
        let (stored, queued) = (store.counts().await, queue.counts().await);
        let (stored, queued) = (stored.expect("counts"), queued.expect("counts"));
        let hits = [search_axis(index, 0, ALL).await, search(index, words, None, ALL).await];
        let [nearest, with_words] = hits.map(|hits| hits.into_iter().map(|hit| hit.id).collect());
        Self {
            products: store.list(None, ALL).await.expect("products"),
            entries: index.list(None, ALL).await.expect("entries"),
            nearest,
            with_words,
            counts: [stored.products, index.count().await.expect("a count")],
            pending: [stored.outbox, queued.waiting, queued.in_flight, queued.dead],
        }
    }

    /// Compares these contents with those that the same feeds give in an empty folder.
    pub(crate) fn compare(&self, expected: &Self) -> Differences {
        let mut differences =
            Differences { compared: expected.products.len(), ..Differences::default() };
        let duplicated = &mut differences.duplicated;
        let products = by_id(&self.products, |record| &record.product.id, duplicated);
        let entries = by_id(&self.entries, |entry| &entry.id, duplicated);
        let found = [&self.nearest, &self.with_words].map(|ids| by_id(ids, |id| id, duplicated));
        let expected_entries = by_id(&expected.entries, |entry| &entry.id, duplicated);
        for ProductRecord { product, .. } in &expected.products {
            let (id, stored) = (&product.id, products.get(&product.id));
            match stored {
                None => differences.lost.push(format!("{id}: not in the store")),
                Some(stored) if stored.product == *product => {}
                Some(stored) => {
                    differences.stale.push(format!("in the store: {:?}", stored.product));
                }
            }
            match (entries.get(id), expected_entries.get(id)) {
                (Some(entry), Some(expected)) => {
                    differences.stale.extend(stale_entry(entry, expected, stored.copied()));
                }
                _ => differences.lost.push(format!("{id}: not in the index")),
            }
            if !found.iter().all(|found| found.contains_key(id)) {
                differences.lost.push(format!("{id}: not found by a search"));
            }
        }
        let listed: BTreeSet<_> =
            expected.products.iter().map(|record| &record.product.id).collect();
        let held =
            products.keys().chain(entries.keys()).chain(found.iter().flat_map(BTreeMap::keys));
        let removed: BTreeSet<_> = held.copied().filter(|id| !listed.contains(id)).collect();
        differences
            .stale
            .extend(removed.iter().map(|id| format!("{id}: no longer listed, but not removed")));
        self.check_counts(&mut differences);
        differences
    }

    /// Checks that the reported counts are correct and no work is pending.
    fn check_counts(&self, differences: &mut Differences) {
        for (place, count, actual) in [
            ("the store", self.counts[0], self.products.len()),
            ("the index", self.counts[1], self.entries.len()),
        ] {
            if count != actual as u64 {
                let difference = format!("{place} holds {actual} products, and reports {count}");
                differences.duplicated.push(difference);
            }
        }
        let stages = ["in the outbox", "waiting", "in flight", "dead"];
        for (count, stage) in self.pending.iter().zip(stages) {
            if *count > 0 {
                differences.pending.push(format!("{count} {stage}"));
            }
        }
    }
}

/// Returns how an index entry differs from the `expected` one, or from the `stored` product: that was first
/// stored at another time than the expected one.
fn stale_entry(
    entry: &IndexEntry,
    expected: &IndexEntry,
    stored: Option<&ProductRecord>,
) -> Option<String> {
    let id = &entry.id;
    if let Some(ProductRecord { version, .. }) = stored.filter(|held| held.version != entry.version)
    {
        return Some(format!(
            "{id}: the store has version {version:?}, the index {:?}",
            entry.version
        ));
    }
    let facets = stored.map_or_else(|| expected.facets.clone(), FacetValues::from);
    let expected = &IndexEntry { facets, ..expected.clone() };
    let same_version = IndexEntry { version: expected.version, ..entry.clone() };
    let part = if entry.embedding == expected.embedding { "fields" } else { "embedding" };
    (same_version != *expected).then(|| format!("{id}: stale {part} in the index: {}", entry.words))
}

/// Returns `items` by their ids, and adds those that occur again to `duplicated`.
fn by_id<'a, T>(
    items: &'a [T],
    id: impl Fn(&T) -> &ProductId,
    duplicated: &mut Vec<String>,
) -> BTreeMap<&'a ProductId, &'a T> {
    let mut by_id = BTreeMap::new();
    for item in items {
        if by_id.insert(id(item), item).is_some() {
            duplicated.push(format!("{}: duplicated", id(item)));
        }
    }
    by_id
}

impl Differences {
    pub(crate) fn is_empty(&self) -> bool {
        let Self { lost, stale, duplicated, pending, .. } = self;
        [lost, stale, duplicated, pending].iter().all(|list| list.is_empty())
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lost, stale, duplicated, pending, .. } = self;
        let counts = [lost.len(), stale.len(), duplicated.len()];
        write!(f, "{} lost, {} stale, {} duplicated", counts[0], counts[1], counts[2])?;
        let kinds =
            [("lost", lost), ("stale", stale), ("duplicated", duplicated), ("pending", pending)];
        for (kind, list) in kinds {
            list.iter().take(5).try_for_each(|item| write!(f, "\n  {kind}: {item}"))?;
        }
        Ok(())
    }
}
