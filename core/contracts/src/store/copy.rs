use super::{Store, apply, fetch, waiting};
use crate::sample::{product, unusual_ids};
use akin_entities::{Product, ProductId, ProductRecord, Timestamp, Version};

/// Lists all products, three at a time.
async fn list(store: &Store) -> Vec<ProductRecord> {
    let mut all: Vec<ProductRecord> = Vec::new();
    loop {
        let last = all.last().map(|record| record.product.id.clone());
        let page = store.list(last.as_ref(), 3).await.unwrap();
        assert!(page.len() <= 3);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Pages are sorted by the bytes of the ids.
pub async fn a_list_names_every_product_once_in_the_order_of_the_ids(store: &Store) {
    assert!(store.list(None, 10).await.unwrap().is_empty());
    let ids = unusual_ids();
    let named = |id: &ProductId| Product { id: id.clone(), ..product("x", "A thing") };
    let products: Vec<_> = ids.iter().map(named).collect();
    apply(store, &products, 4).await;
    let found = list(store).await;
    let mut sorted = products;
    sorted.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(
        found.iter().map(|record| &record.product).collect::<Vec<_>>(),
        Vec::from_iter(&sorted)
    );
    assert!(
        found.iter().all(|record| (record.version, record.created) == (Version(4), Timestamp(4)))
    );
    assert!(store.list(Some(&sorted[sorted.len() - 1].id), 10).await.unwrap().is_empty());
    assert!(store.list(None, 0).await.unwrap().is_empty());
}

/// Its embedding is copied as well, so nothing waits.
pub async fn a_restored_product_keeps_its_dates_and_is_not_announced(store: &Store) {
    let record = |name: &str, created, version| ProductRecord {
        product: product(name, "Phone tripod"),
        created: Timestamp(created),
        version: Version(version),
    };
    let records = [record("a", 3, 8), record("b", 5, 5)];
    store.restore(&records).await.unwrap();
    store.restore(&[]).await.unwrap();
    assert_eq!(list(store).await, records);
    assert_eq!(waiting(store).await, []);
    let again: Vec<_> = records.iter().map(|record| record.product.clone()).collect();
    assert_eq!(apply(store, &again, 9).await.unchanged.len(), 2, "they are equal to themselves");
}

/// A product of the same version is kept, and an older one replaced.
pub async fn restoring_a_product_never_overwrites_a_newer_one(store: &Store) {
    let held = product("a", "Phone tripod");
    apply(store, std::slice::from_ref(&held), 5).await;
    let other = |version| ProductRecord {
        product: product("a", "Desk lamp"),
        created: Timestamp(1),
        version: Version(version),
    };
    for version in [4, 5] {
        store.restore(&[other(version)]).await.unwrap();
        assert_eq!(fetch(store, &held.id).await.product, held);
    }
    store.restore(&[other(6)]).await.unwrap();
    assert_eq!(fetch(store, &held.id).await, other(6));
}
