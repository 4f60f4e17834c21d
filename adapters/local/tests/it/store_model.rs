//! Compares the store with a model, reopening it at random.

use crate::support::{open, product};
use akin_entities::{Change, Product, ProductId, Timestamp, Version};
use akin_local::{LocalEngine, LocalStore};
use akin_ports::{OutboxEntry, ProductStore, RefusedRow};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
enum StoreStep {
    Apply { rows: Vec<(u8, u8)>, at: i64 },
    ClearOutbox { first: usize, late: bool },
    Quarantine { feed: bool, lines: Vec<u64>, at: i64 },
    Release { feed: bool, before: i64 },
    Reopen,
}

fn step() -> impl Strategy<Value = StoreStep> {
    let rows = prop::collection::vec((0..10_u8, 0..4_u8), 0..8);
    let lines = prop::collection::vec(1..6_u64, 0..4);
    prop_oneof![
        5 => (rows, 0..8_i64).prop_map(|(rows, at)| StoreStep::Apply { rows, at }),
        3 => (0..6_usize, any::<bool>()).prop_map(|(first, late)| StoreStep::ClearOutbox { first, late }),
        1 => (any::<bool>(), lines, 0..8_i64)
            .prop_map(|(feed, lines, at)| StoreStep::Quarantine { feed, lines, at }),
        1 => (any::<bool>(), 0..8_i64).prop_map(|(feed, before)| StoreStep::Release { feed, before }),
        1 => Just(StoreStep::Reopen),
    ]
}

fn make(id: u8, look: u8) -> Product {
    product(&format!("product {id}"), &format!("look {look}"))
}

fn feed(one: bool) -> &'static str {
    if one { "one.csv" } else { "two.csv" }
}

#[derive(Debug, Default)]
struct StoreModel {
    /// The product, its creation date, and its version.
    products: BTreeMap<ProductId, (Product, i64, i64)>,
    /// The outbox, oldest first.
    outbox: Vec<Change>,
    quarantine: BTreeMap<(&'static str, u64), i64>,
}

impl StoreModel {
    /// Applies a batch. Returns the ids that are new, changed, unchanged and held newer.
    fn apply(&mut self, products: &[Product], at: i64) -> [BTreeSet<ProductId>; 4] {
        let mut became = [const { BTreeSet::new() }; 4];
        let last: BTreeMap<_, _> = products.iter().map(|product| (&product.id, product)).collect();
        // The outbox takes changes in the order of the batch, by each id's last position.
        let mut order: Vec<&Product> = last.into_values().collect();
        order.sort_by_key(|product| products.iter().rposition(|other| other.id == product.id));
        for product in order {
            let known = self.products.get(&product.id);
            let created = known.map_or(at, |(_, created, _)| *created);
            let kind = match known {
                None => 0,
                Some((held, _, _)) if held == product => 2,
                Some((_, _, version)) if *version > at => 3,
                Some(_) => 1,
            };
            became[kind].insert(product.id.clone());
            if kind < 2 {
                self.products.insert(product.id.clone(), (product.clone(), created, at));
                self.outbox.retain(|change| change.id != product.id);
                self.outbox.push(Change { id: product.id.clone(), version: Version(at) });
            }
        }
        became
    }
}

async fn assert_state(store: &LocalStore, model: &StoreModel) {
    let ids: Vec<_> = (0..11).map(|number| make(number, 0).id).collect();
    let found = store.fetch(&ids).await.expect("fetch");
    assert_eq!(found.len(), model.products.len());
    for (id, (product, created, version)) in &model.products {
        assert_eq!(found[id].product, *product);
        assert_eq!((found[id].created.0, found[id].version.0), (*created, *version));
    }
    let outbox = store.outbox(None, 100).await.expect("outbox");
    assert!(outbox.is_sorted_by(|a, b| a.sequence < b.sequence));
    let changes: Vec<_> = outbox.iter().map(|entry| entry.change.clone()).collect();
    assert_eq!(changes, model.outbox);
    if let [first, rest @ ..] = &*outbox {
        let behind = store.outbox(Some(first.sequence), 2).await.expect("outbox");
        assert_eq!(behind, rest[..rest.len().min(2)]);
    }
    let quarantined = store.quarantined(None, 100).await.expect("quarantined");
    let rows = quarantined.iter().map(|row| ((&*row.feed, row.row.line), row.at.0));
    assert!(rows.eq(model.quarantine.iter().map(|(place, at)| (*place, *at))));
    let counts = store.counts().await.expect("counts");
    let expected = [model.products.len(), model.outbox.len(), model.quarantine.len()];
    assert_eq!([counts.products, counts.outbox, counts.quarantined], expected.map(|n| n as u64));
}

async fn assert_applies(store: &LocalStore, model: &mut StoreModel, products: &[Product], at: i64) {
    let applied = store.apply(products, Version(at)).await.expect("apply");
    let expected = model.apply(products, at);
    let became = [applied.inserted, applied.changed, applied.unchanged, applied.held_newer];
    for (became, expected) in became.into_iter().zip(expected) {
        assert_eq!(became.len(), expected.len(), "a repeated id");
        assert_eq!(BTreeSet::from_iter(became), expected);
    }
}

async fn run(steps: Vec<StoreStep>) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine: Option<LocalEngine> = None;
    let mut model = StoreModel::default();
    let mut seen: Vec<OutboxEntry> = Vec::new();
    for step in steps {
        let store = engine.get_or_insert_with(|| open(folder.path())).store();
        match step {
            StoreStep::Apply { rows, at } => {
                let products: Vec<_> = rows.into_iter().map(|(id, look)| make(id, look)).collect();
                assert_applies(&store, &mut model, &products, at).await;
            }
            StoreStep::ClearOutbox { first, late } => {
                // A late worker clears what it read before; newer changes must stay.
                if !late {
                    seen = store.outbox(None, 100).await.expect("outbox");
                }
                let done = &seen[..first.min(seen.len())];
                let waiting = store.outbox(None, 100).await.expect("outbox");
                store.clear_outbox(done).await.expect("clear");
                let stays = waiting.into_iter().filter(|entry| !done.contains(entry));
                model.outbox = stays.map(|entry| entry.change).collect();
            }
            StoreStep::Quarantine { feed: one, lines, at } => {
                let row = |line| RefusedRow { line, ..refused() };
                let rows: Vec<_> = lines.iter().copied().map(row).collect();
                store.quarantine(feed(one), &rows, Timestamp(at)).await.expect("quarantine");
                model.quarantine.extend(lines.into_iter().map(|line| ((feed(one), line), at)));
            }
            StoreStep::Release { feed: one, before } => {
                store.release_quarantine(feed(one), Timestamp(before)).await.expect("release");
                model.quarantine.retain(|(name, _), at| *name != feed(one) || *at >= before);
            }
            StoreStep::Reopen => {
                drop(store);
                engine = None;
                continue;
            }
        }
        assert_state(&store, &model).await;
    }
    assert_state(&open(folder.path()).store(), &model).await;
}

fn refused() -> RefusedRow {
    let (field, value, reason) = ("name".into(), String::new(), "blank".into());
    RefusedRow { line: 1, is_kept: false, field, value, reason, row: None }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_store_behaves_like_a_map(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}
