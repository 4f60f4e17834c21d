//! All that an engine holds of a catalogue, and how it differs from what it should hold.

use crate::support::twin::{search, search_along};
use akin_entities::{ProductId, ProductRecord, Version};
use akin_ports::{ChangeQueue, IndexEntry, ProductIndex, ProductStore};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// More than there are products.
const MANY: usize = 1_000;

/// What is held and what is found, as it was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holdings {
    pub(crate) products: Vec<ProductRecord>,
    pub(crate) entries: Vec<IndexEntry>,
    pub(crate) near: Vec<ProductId>,
    pub(crate) with_words: Vec<ProductId>,
    /// What the store and the index say how many they hold.
    pub(crate) counts: [u64; 2],
    /// In the outbox, waiting, in flight, dead.
    pub(crate) undone: [u64; 4],
}

/// What is amiss.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) compared: usize,
    /// Sold, and not there.
    pub(crate) lost: Vec<String>,
    /// There, and not as the feeds say.
    pub(crate) stale: Vec<String>,
    /// There more than once.
    pub(crate) twice: Vec<String>,
    /// Still to be done.
    pub(crate) undone: Vec<String>,
}

impl Holdings {
    /// All that is there, and what is found by any of `words`.
    pub(crate) async fn of(
        store: &dyn ProductStore,
        index: &dyn ProductIndex,
        queue: &dyn ChangeQueue,
        words: &[String],
    ) -> Self {
        let (stored, queued) = (store.counts().await, queue.counts().await);
        let (stored, queued) = (stored.expect("counts"), queued.expect("counts"));
        let found = [search_along(index, 0, MANY).await, search(index, words, None, MANY).await];
        let [near, with_words] = found.map(|all| all.into_iter().map(|one| one.id).collect());
        Self {
            products: store.list(None, MANY).await.expect("products"),
            entries: index.list(None, MANY).await.expect("entries"),
            near,
            with_words,
            counts: [stored.products, index.count().await.expect("a count")],
            undone: [stored.outbox, queued.waiting, queued.in_flight, queued.dead],
        }
    }

    /// What is amiss here, if `expected` is what the same feeds come to from the beginning.
    pub(crate) fn compare(&self, expected: &Self) -> Verdict {
        let mut verdict = Verdict { compared: expected.products.len(), ..Verdict::default() };
        let products = by_id(&self.products, |one| &one.product.id, &mut verdict.twice);
        let entries = by_id(&self.entries, |one| &one.id, &mut verdict.twice);
        let found =
            [&self.near, &self.with_words].map(|all| by_id(all, |id| id, &mut verdict.twice));
        let meant = by_id(&expected.entries, |one| &one.id, &mut verdict.twice);
        for ProductRecord { product, .. } in &expected.products {
            let (id, held) = (&product.id, products.get(&product.id));
            match held {
                None => verdict.lost.push(format!("{id}: not in the store")),
                Some(held) if held.product == *product => {}
                Some(held) => verdict.stale.push(format!("in the store: {:?}", held.product)),
            }
            match (entries.get(id), meant.get(id)) {
                (Some(entry), Some(meant)) => {
                    let version = held.map(|held| held.version);
                    verdict.stale.extend(stale(entry, meant, version));
                }
                _ => verdict.lost.push(format!("{id}: not in the index")),
            }
            if !found.iter().all(|found| found.contains_key(id)) {
                verdict.lost.push(format!("{id}: not found"));
            }
        }
        let sold: BTreeSet<_> = expected.products.iter().map(|one| &one.product.id).collect();
        let there =
            products.keys().chain(entries.keys()).chain(found.iter().flat_map(BTreeMap::keys));
        let gone: BTreeSet<_> = there.copied().filter(|id| !sold.contains(id)).collect();
        verdict.stale.extend(gone.iter().map(|id| format!("{id}: sold no more, and still there")));
        self.count(&mut verdict);
        verdict
    }

    /// Whether the counts are of what is there, and nothing is still to be done.
    fn count(&self, verdict: &mut Verdict) {
        for (what, count, all) in [
            ("the store", self.counts[0], self.products.len()),
            ("the index", self.counts[1], self.entries.len()),
        ] {
            if count != all as u64 {
                verdict.twice.push(format!("{what} counts {count} products of {all}"));
            }
        }
        for (count, place) in
            self.undone.iter().zip(["in the outbox", "waiting", "in flight", "dead"])
        {
            if *count > 0 {
                verdict.undone.push(format!("{count} {place}"));
            }
        }
    }
}

/// How an entry is not what it is `meant` to be, of the `version` that the store holds.
fn stale(entry: &IndexEntry, meant: &IndexEntry, version: Option<Version>) -> Option<String> {
    let id = &entry.id;
    if version.is_some_and(|version| version != entry.version) {
        return Some(format!(
            "{id}: the store is at {version:?}, the index at {:?}",
            entry.version
        ));
    }
    let same = IndexEntry { version: meant.version, ..entry.clone() };
    let what = if entry.embedding == meant.embedding { "fields" } else { "embedding" };
    (same != *meant).then(|| format!("{id}: the {what} in the index, beside {}", entry.words))
}

/// `all` by their ids; those that come again are told of.
fn by_id<'a, T>(
    all: &'a [T],
    id: impl Fn(&T) -> &ProductId,
    twice: &mut Vec<String>,
) -> BTreeMap<&'a ProductId, &'a T> {
    let mut known = BTreeMap::new();
    for one in all {
        if known.insert(id(one), one).is_some() {
            twice.push(format!("{}: there twice", id(one)));
        }
    }
    known
}

impl Verdict {
    pub(crate) fn is_clean(&self) -> bool {
        [&self.lost, &self.stale, &self.twice, &self.undone].iter().all(|all| all.is_empty())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lost, stale, twice, undone, .. } = self;
        let counts = [lost.len(), stale.len(), twice.len()];
        write!(f, "{} lost, {} stale, {} twice", counts[0], counts[1], counts[2])?;
        for (what, all) in [("lost", lost), ("stale", stale), ("twice", twice), ("undone", undone)]
        {
            all.iter().take(5).try_for_each(|one| write!(f, "\n  {what}: {one}"))?;
        }
        Ok(())
    }
}
