use super::overtaking::begin;
use super::{Store, apply, outbox, waiting};
use crate::sample::{id, product};
use akin_entities::{ProductRecord, Timestamp, Version};
use akin_ports::{ErrorKind, IndexContent, IndexIdentity, NewIndex, RemovedProduct};

fn identity(name: &str, key: &str) -> IndexIdentity {
    IndexIdentity { name: name.to_owned(), key: key.to_owned() }
}

/// An index that holds this many products.
fn index(name: &str, key: &str, products: u64) -> NewIndex {
    NewIndex { identity: identity(name, key), content: IndexContent::Products(products) }
}

async fn register(store: &Store, indexes: &[NewIndex]) {
    store.register_indexes(indexes).await.unwrap();
}

/// Returns the names and keys of the registered indexes.
async fn registered(store: &Store) -> Vec<(String, String)> {
    let indexes = store.indexes().await.unwrap();
    indexes.into_iter().map(|index| (index.identity.name, index.identity.key)).collect()
}

fn pair(name: &str, key: &str) -> (String, String) {
    (name.to_owned(), key.to_owned())
}

/// Returns the ids and versions of the outbox, in the order of the ids.
async fn owed(store: &Store) -> Vec<(String, i64)> {
    let mut waiting = waiting(store).await;
    waiting.sort();
    waiting
}

fn owing(changes: &[(&str, i64)]) -> Vec<(String, i64)> {
    changes.iter().map(|(name, version)| ((*name).to_owned(), *version)).collect()
}

async fn clear(store: &Store) {
    store.clear_outbox(&outbox(store).await).await.unwrap();
}

/// Fills a store: `a` and `b` are held, `gone` is removed, `first` is registered and has everything.
async fn embedded(store: &Store) {
    apply(store, &["a", "b", "gone"].map(|name| product(name, "one")), 1).await;
    store.remove(&[id("gone")], Version(2)).await.unwrap();
    register(store, &[index("first", "1", 0)]).await;
    clear(store).await;
}

/// A store that owes nothing to anybody keeps its outbox as it is.
pub async fn the_first_index_of_a_new_store_is_owed_what_waits(store: &Store) {
    assert_eq!(store.indexes().await.unwrap(), []);
    apply(store, &[product("a", "one")], 1).await;
    let before = outbox(store).await;
    // Both come at once: neither has taken what the other lacks.
    register(store, &[index("second", "2", 0), index("first", "1", 0)]).await;
    assert_eq!(outbox(store).await, before);
    assert_eq!(registered(store).await, [pair("first", "1"), pair("second", "2")]);
    let indexes = store.indexes().await.unwrap();
    assert!(indexes.iter().all(|index| index.since > Timestamp(0)), "{indexes:?}");
}

/// All of it was embedded for the other indexes only.
pub async fn a_further_index_is_owed_every_product(store: &Store) {
    embedded(store).await;
    apply(store, &[product("c", "one")], 3).await;
    register(store, &[index("first", "1", 2), index("second", "2", 0)]).await;
    assert_eq!(owed(store).await, owing(&[("a", 1), ("b", 1), ("c", 3)]));
    assert_eq!(registered(store).await, [pair("first", "1"), pair("second", "2")]);
}

/// Otherwise each start would announce the whole catalogue.
pub async fn a_registered_index_is_owed_nothing_more(store: &Store) {
    embedded(store).await;
    let before = store.indexes().await.unwrap();
    for held in [0, 2] {
        register(store, &[index("first", "1", held)]).await;
    }
    register(store, &[]).await;
    assert_eq!((outbox(store).await, store.indexes().await.unwrap()), (vec![], before));
}

/// It holds nothing of what the other one held.
pub async fn an_index_that_was_created_again_replaces_the_old_one(store: &Store) {
    embedded(store).await;
    register(store, &[index("first", "3", 0)]).await;
    assert_eq!(owed(store).await, owing(&[("a", 1), ("b", 1)]));
    assert_eq!(registered(store).await, [pair("first", "3")]);
}

/// It may hold products that were removed meanwhile.
pub async fn an_index_that_was_forgotten_is_owed_everything_when_it_returns(store: &Store) {
    embedded(store).await;
    assert!(store.forget_index("first").await.unwrap());
    assert!(!store.forget_index("first").await.unwrap());
    assert!(!store.forget_index("unknown").await.unwrap());
    assert_eq!(registered(store).await, []);
    register(store, &[index("first", "1", 3)]).await;
    assert_eq!(owed(store).await, owing(&[("a", 1), ("b", 1), ("gone", 2)]));
    assert_eq!(registered(store).await, [pair("first", "1")]);
}

/// Whoever took a change for the other indexes clears it when it is done, and does not know of the
/// new one.
pub async fn what_is_taken_when_an_index_is_registered_is_not_cleared(store: &Store) {
    embedded(store).await;
    apply(store, &[product("a", "two")], 4).await;
    let taken = outbox(store).await;
    register(store, &[index("second", "2", 0)]).await;
    store.clear_outbox(&taken).await.unwrap();
    assert_eq!(owed(store).await, owing(&[("a", 4), ("b", 1)]));
}

/// The first index of a store into which products were copied has them, if it has so many.
pub async fn the_first_index_over_copied_products_is_owed_what_it_may_lack(store: &Store) {
    let record = |name| ProductRecord {
        product: product(name, "one"),
        created: Timestamp(1),
        version: Version(1),
    };
    store.restore(&["a", "b"].map(record)).await.unwrap();
    apply(store, &[product("c", "one")], 2).await;
    register(store, &[index("whole", "1", 2)]).await;
    assert_eq!(waiting(store).await, owing(&[("c", 2)]));
    assert!(store.forget_index("whole").await.unwrap());
    register(store, &[index("part", "2", 1)]).await;
    assert_eq!(owed(store).await, owing(&[("a", 1), ("b", 1), ("c", 2)]));
}

/// A copy of everything lacks nothing, unless another run has begun since.
pub async fn an_index_that_a_run_has_filled_is_owed_nothing(store: &Store) {
    embedded(store).await;
    let run = begin(store, "copy", None).await;
    let copied =
        |name, at| NewIndex { identity: identity(name, "2"), content: IndexContent::Complete(at) };
    register(store, &[copied("second", run)]).await;
    assert_eq!(outbox(store).await, []);
    begin(store, "other", Some(run)).await;
    let error = store.register_indexes(&[copied("third", run)]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Overtaken, "{}", error.report());
    assert_eq!(registered(store).await, [pair("first", "1"), pair("second", "2")]);
}

/// Whichever comes first: the outbox then names every product at its newest version.
pub async fn an_index_that_is_registered_while_products_are_written_is_owed_them_all(
    store: &Store,
) {
    let named = |n: i64, look: i64| product(&format!("p{n:02}"), &look.to_string());
    apply(store, &(0..20).map(|n| named(n, 0)).collect::<Vec<_>>(), 1).await;
    register(store, &[index("first", "1", 0)]).await;
    for round in 0..10 {
        clear(store).await;
        let shared = store.share();
        let writer = tokio::spawn(async move {
            for at in 2 + 10 * round..12 + 10 * round {
                let batch: Vec<_> = (0..3).map(|n| named((7 * at + n) % 20, at)).collect();
                shared.apply(&batch, Version(at)).await.unwrap();
            }
        });
        register(store, &[index("second", &round.to_string(), 0)]).await;
        writer.await.unwrap();
        store.refresh().await;
        let records = store.list(None, 100).await.unwrap();
        let held = records.iter().map(|is| (is.product.id.to_string(), is.version.0));
        assert_eq!(owed(store).await, held.collect::<Vec<_>>());
    }
}

/// Lists all removed products, two at a time.
async fn removed(store: &Store) -> Vec<RemovedProduct> {
    let mut all: Vec<RemovedProduct> = Vec::new();
    loop {
        let page = store.removed(all.last().map(|is| &is.id), 2).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

fn gone(name: &str, version: i64, created: i64) -> RemovedProduct {
    RemovedProduct { id: id(name), version: Version(version), created: Timestamp(created) }
}

/// Pages are sorted by the bytes of the ids; a product that came back is not among them.
pub async fn removed_products_are_listed_in_the_order_of_their_ids(store: &Store) {
    assert_eq!(removed(store).await, []);
    let names = ["c", "a", "é", "d", "back"];
    apply(store, &names.map(|name| product(name, "one")), 1).await;
    store.remove(&names.map(id), Version(5)).await.unwrap();
    apply(store, &[product("back", "one")], 6).await;
    store.refresh().await;
    assert_eq!(removed(store).await, ["a", "c", "d", "é"].map(|name| gone(name, 5, 1)));
}

/// It is removed unless it is newer, stays away, and comes back with its date of creation. Its index
/// entry is removed by the copy as well, so nothing waits.
pub async fn a_product_that_another_store_removed_is_removed_unless_it_is_newer(store: &Store) {
    apply(store, &["old", "new"].map(|name| product(name, "one")), 3).await;
    apply(store, &[product("new", "two")], 9).await;
    clear(store).await;
    let removals = [gone("old", 5, 1), gone("new", 5, 1), gone("unknown", 5, 2)];
    for _ in 0..2 {
        store.restore_removed(&removals).await.unwrap();
    }
    store.restore_removed(&[gone("unknown", 4, 4)]).await.unwrap();
    store.restore_removed(&[]).await.unwrap();
    store.refresh().await;
    assert_eq!(store.ids(None, 9).await.unwrap(), [id("new")]);
    assert_eq!(removed(store).await, [gone("old", 5, 1), gone("unknown", 5, 2)]);
    assert_eq!(waiting(store).await, []);
    let late = apply(store, &[product("unknown", "one")], 5).await;
    assert_eq!(late.held_newer, [id("unknown")]);
    apply(store, &[product("unknown", "one")], 6).await;
    assert_eq!(super::fetch(store, &id("unknown")).await.created, Timestamp(2));
    let next = begin(store, "next", None).await;
    store.restore_removed(&[gone("future", next.0 * 2, 1)]).await.unwrap();
    let after = begin(store, "after", Some(next)).await;
    assert!(after.0 > next.0 * 2, "no later run is older than a tombstone");
}
