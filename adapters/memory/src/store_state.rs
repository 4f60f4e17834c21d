use akin_entities::{Change, Product, ProductId, ProductRecord, Timestamp, Version};
use akin_ports::{
    Applied, IndexDebt, NewIndex, QuarantinedRow, RegisteredIndex, RemovedProduct, StoreHistory,
};
use std::collections::{BTreeMap, HashMap, HashSet};

#[derive(Debug, Default)]
pub(crate) struct StoreContent {
    pub(crate) products: HashMap<ProductId, ProductRecord>,
    /// The removed products.
    pub(crate) tombstones: HashMap<ProductId, Tombstone>,
    pub(crate) outbox: BTreeMap<u64, Change>,
    /// The number of the last entry; none is used twice.
    pub(crate) sequence: u64,
    /// By feed, line and field.
    pub(crate) quarantine: BTreeMap<QuarantineKey, QuarantinedRow>,
    /// By name; `None` if it was forgotten.
    pub(crate) indexes: BTreeMap<String, Option<RegisteredIndex>>,
    /// True if products were written that were not added to the outbox.
    pub(crate) has_copies: bool,
}

pub(crate) type QuarantineKey = (String, u64, String);

/// The tombstone of a removed product.
#[derive(Debug)]
pub(crate) struct Tombstone {
    pub(crate) created: Timestamp,
    pub(crate) removed: Version,
}

impl Tombstone {
    pub(crate) fn of(&self, id: &ProductId) -> RemovedProduct {
        RemovedProduct { id: id.clone(), version: self.removed, created: self.created }
    }
}

impl StoreContent {
    /// Decides what to do with `product`, and returns its date of creation if it is to be written.
    pub(crate) fn compare(
        &self,
        product: &Product,
        at: Version,
        applied: &mut Applied,
    ) -> Option<Timestamp> {
        let id = &product.id;
        let (fate, created) = match (self.products.get(id), self.tombstones.get(id)) {
            (Some(held), _) if held.product == *product => (&mut applied.unchanged, None),
            (Some(held), _) if held.version > at => (&mut applied.held_newer, None),
            (Some(held), _) => (&mut applied.changed, Some(held.created)),
            (None, Some(tombstone)) if tombstone.removed >= at => (&mut applied.held_newer, None),
            (None, Some(tombstone)) => (&mut applied.inserted, Some(tombstone.created)),
            (None, None) => (&mut applied.inserted, Some(at.timestamp())),
        };
        fate.push(id.clone());
        created
    }

    pub(crate) fn apply(&mut self, product: &Product, at: Version, applied: &mut Applied) {
        let Some(created) = self.compare(product, at, applied) else { return };
        self.tombstones.remove(&product.id);
        let record = ProductRecord { product: product.clone(), created, version: at };
        self.products.insert(product.id.clone(), record);
        self.announce(&product.id, at);
    }

    pub(crate) fn remove(&mut self, id: &ProductId, at: Version) -> bool {
        let held = self.products.get(id).filter(|held| held.version <= at);
        let Some(created) = held.map(|held| held.created) else { return false };
        self.products.remove(id);
        self.tombstones.insert(id.clone(), Tombstone { created, removed: at });
        self.announce(id, at);
        true
    }

    pub(crate) fn register(&mut self, indexes: &[NewIndex], since: Timestamp) {
        let history = self.history();
        let mut debt = IndexDebt::Nothing;
        for NewIndex { identity, content } in indexes {
            let held = self.indexes.get(&identity.name).and_then(Option::as_ref);
            if held.is_none_or(|held| held.identity != *identity) {
                debt = debt.max(content.debt(history));
                let index = RegisteredIndex { identity: identity.clone(), since };
                self.indexes.insert(identity.name.clone(), Some(index));
            }
        }
        if debt == IndexDebt::Nothing {
            return;
        }
        let mut owed: HashMap<_, _> =
            self.products.iter().map(|(id, held)| (id.clone(), held.version)).collect();
        if debt == IndexDebt::ProductsAndRemovals {
            owed.extend(self.tombstones.iter().map(|(id, held)| (id.clone(), held.removed)));
        }
        owed.extend(self.outbox.values().map(|waiting| (waiting.id.clone(), waiting.version)));
        for (id, version) in owed {
            self.announce(&id, version);
        }
    }

    fn history(&self) -> StoreHistory {
        if !self.indexes.is_empty() {
            return StoreHistory::Registered;
        }
        if !self.has_copies {
            return StoreHistory::New;
        }
        let waiting: HashSet<_> = self.outbox.values().map(|change| &change.id).collect();
        let settled = self.products.keys().filter(|id| !waiting.contains(id)).count() as u64;
        StoreHistory::Unregistered { settled }
    }

    pub(crate) fn announce(&mut self, id: &ProductId, version: Version) {
        self.outbox.retain(|_, change| change.id != *id);
        self.sequence += 1;
        self.outbox.insert(self.sequence, Change { id: id.clone(), version });
    }
}

pub(crate) fn key(kept: &QuarantinedRow) -> QuarantineKey {
    (kept.feed.clone(), kept.row.line, kept.row.field.clone())
}

/// Returns the last product of each id, in the order of the batch.
pub(crate) fn last_of_each(products: &[Product]) -> Vec<&Product> {
    let last: HashMap<_, _> =
        products.iter().enumerate().map(|(place, product)| (&product.id, place)).collect();
    let is_last = |&(place, product): &(usize, &Product)| last.get(&product.id) == Some(&place);
    products.iter().enumerate().filter(is_last).map(|(_, product)| product).collect()
}
