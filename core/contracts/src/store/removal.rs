use super::{Store, apply, fates, fetch, outbox, waiting};
use crate::sample::{id, product, unusual_ids};
use akin_entities::{Product, ProductId, ProductRecord, Timestamp, Version};
use std::collections::HashSet;

/// Removes `ids` at `at`, and returns those that existed.
async fn remove(store: &Store, ids: &[&str], at: i64) -> Vec<String> {
    let ids: Vec<_> = ids.iter().map(|name| id(name)).collect();
    let removed = store.remove(&ids, Version(at)).await.unwrap();
    store.refresh().await;
    removed.iter().map(ProductId::to_string).collect()
}

async fn is_known(store: &Store, name: &str) -> bool {
    !store.fetch(&[id(name)]).await.unwrap().is_empty()
}

/// Nothing lists it any longer, and the outbox names the version of its removal.
pub async fn a_removed_product_is_gone_and_announced(store: &Store) {
    apply(store, &["a", "b", "c"].map(|name| product(name, name)), 1).await;
    store.clear_outbox(&outbox(store).await).await.unwrap();
    assert_eq!(remove(store, &["b"], 5).await, ["b"]);
    assert!(!is_known(store, "b").await && is_known(store, "a").await);
    let listed = store.list(None, 10).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|record| record.product.id.as_str()).collect();
    assert_eq!(listed, ["a", "c"]);
    assert_eq!(store.ids(None, 10).await.unwrap(), [id("a"), id("c")]);
    assert_eq!(store.counts().await.unwrap().products, 2);
    assert_eq!(waiting(store).await, [("b".to_owned(), 5)]);
}

/// Nothing is added to the outbox for a product that never existed or was removed before.
pub async fn removing_an_unknown_product_is_harmless(store: &Store) {
    apply(store, &[product("a", "one")], 1).await;
    assert_eq!(remove(store, &[], 2).await, [""; 0]);
    assert_eq!(remove(store, &["x", "a", "a"], 2).await, ["a"]);
    let before = outbox(store).await;
    assert_eq!(before.len(), 1);
    assert_eq!(remove(store, &["x", "a"], 3).await, [""; 0]);
    assert_eq!(outbox(store).await, before);
}

/// It was written after the feed that does not name it.
pub async fn a_product_with_a_newer_version_is_not_removed(store: &Store) {
    apply(store, &[product("a", "one"), product("b", "one")], 5).await;
    assert_eq!(remove(store, &["a"], 4).await, [""; 0]);
    assert!(is_known(store, "a").await);
    assert_eq!(remove(store, &["a"], 5).await, ["a"]);
    assert!(!is_known(store, "a").await);
}

/// This holds for applied and for restored products.
pub async fn an_older_version_does_not_undo_a_removal(store: &Store) {
    apply(store, &[product("a", "one")], 1).await;
    remove(store, &["a"], 5).await;
    let before = outbox(store).await;
    for at in [1, 4, 5] {
        let late = apply(store, &[product("a", "two")], at).await;
        assert_eq!(fates(&late), [("a", "held newer")].into(), "as of {at}");
        let record = ProductRecord {
            product: product("a", "two"),
            created: Timestamp(1),
            version: Version(at),
        };
        store.restore(&[record]).await.unwrap();
        assert!(!is_known(store, "a").await, "as of {at}");
    }
    assert_eq!(outbox(store).await, before);
}

/// Its content is written again even if it equals the content before the removal.
pub async fn a_removed_product_that_returns_keeps_its_date_of_creation(store: &Store) {
    let one = product("a", "one");
    apply(store, std::slice::from_ref(&one), 1).await;
    remove(store, &["a"], 5).await;
    let back = apply(store, std::slice::from_ref(&one), 6).await;
    assert_eq!(fates(&back), [("a", "inserted")].into());
    let found = fetch(store, &one.id).await;
    assert_eq!((found.created, found.version), (Timestamp(1), Version(6)));
    assert_eq!(found.product, one);
    assert_eq!(waiting(store).await, [("a".to_owned(), 6)]);
    assert_eq!(fates(&apply(store, &[one], 7).await), [("a", "unchanged")].into());
    assert_eq!(remove(store, &["a"], 8).await, ["a"], "it may go as often as it comes");
    let restored = ProductRecord {
        product: product("a", "restored"),
        created: Timestamp(2),
        version: Version(9),
    };
    store.restore(std::slice::from_ref(&restored)).await.unwrap();
    assert_eq!(fetch(store, &restored.product.id).await, restored);
}

/// Pages are sorted by the bytes of the ids.
pub async fn the_ids_match_the_list(store: &Store) {
    let named = |id: &ProductId| Product { id: id.clone(), ..product("x", "A thing") };
    let products: Vec<_> = unusual_ids().iter().map(named).collect();
    apply(store, &products, 4).await;
    let mut all: Vec<ProductId> = Vec::new();
    loop {
        let page = store.ids(all.last(), 3).await.unwrap();
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    let listed = store.list(None, 100).await.unwrap();
    let listed: Vec<_> = listed.into_iter().map(|record| record.product.id).collect();
    assert_eq!(all, listed);
    assert!(store.ids(None, 0).await.unwrap().is_empty());
    assert_eq!(store.remove(&all, Version(5)).await.unwrap().len(), products.len());
    assert!(store.ids(None, 100).await.unwrap().is_empty());
}

/// It follows the same rules.
pub async fn comparing_returns_what_applying_would_do_and_changes_nothing(store: &Store) {
    let held = ["same", "other", "newer", "gone", "back"].map(|name| product(name, "one"));
    apply(store, &held, 1).await;
    apply(store, &[product("newer", "newer")], 9).await;
    remove(store, &["gone"], 7).await;
    remove(store, &["back"], 3).await;
    let before = (outbox(store).await, store.list(None, 10).await.unwrap());
    let batch =
        ["same", "other", "newer", "gone", "back", "new", "new", "same"].map(|name| match name {
            "other" => product(name, "two"),
            name => product(name, "one"),
        });
    let compared = store.compare(&batch, Version(5)).await.unwrap();
    assert_eq!((outbox(store).await, store.list(None, 10).await.unwrap()), before);
    let expected = [
        ("same", "unchanged"),
        ("other", "changed"),
        ("newer", "held newer"),
        ("gone", "held newer"),
        ("back", "inserted"),
        ("new", "inserted"),
    ];
    assert_eq!(fates(&compared), expected.into());
    assert_eq!(fates(&apply(store, &batch, 5).await), expected.into());
    let nothing = store.compare(&[], Version(5)).await.unwrap();
    assert!(fates(&nothing).is_empty());
}

/// The newest write or removal of each product stays, however they overlap.
pub async fn concurrent_writes_and_removals_leave_the_newest_version(store: &Store) {
    const ROUNDS: i64 = 12;
    let names: Vec<_> = (0..6).map(|number| format!("p{number}")).collect();
    let workers: Vec<_> = (0..4)
        .map(|worker: i64| {
            let (store, names) = (store.share(), names.clone());
            tokio::spawn(async move {
                for round in 0..ROUNDS {
                    // Each worker's own times fall in every other round.
                    let at = 4 * (round ^ 1) + worker + 1;
                    if worker % 2 == 0 {
                        let ids: Vec<_> = names.iter().map(|name| id(name)).collect();
                        store.remove(&ids, Version(at)).await.unwrap();
                    } else {
                        let look = |name: &String| product(name, &format!("look {at}"));
                        let products: Vec<_> = names.iter().map(look).collect();
                        store.apply(&products, Version(at)).await.unwrap();
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    store.refresh().await;
    // The last word of all is a writer's.
    let newest = Version(4 * ROUNDS);
    let found = store.list(None, 10).await.unwrap();
    assert_eq!(found.len(), names.len());
    assert!(found.iter().all(|record| record.version == newest), "{found:?}");
    let waiting: HashSet<_> = waiting(store).await.into_iter().collect();
    assert_eq!(waiting, names.into_iter().map(|name| (name, newest.0)).collect());
}
