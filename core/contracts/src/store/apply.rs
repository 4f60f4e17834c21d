use super::{Store, apply, fates, fetch, outbox, waiting};
use crate::sample::{bare_product, product, rate};
use akin_entities::{
    Currency, DetailField, Details, Price, Product, ProductId, Rating, Timestamp, Version,
};

/// It is not an error.
pub async fn an_empty_batch_changes_nothing(store: &Store) {
    assert!(fates(&apply(store, &[], 1).await).is_empty());
    assert_eq!(store.counts().await.unwrap(), akin_ports::StoreCounts::default());
}

/// It waits in the outbox to be embedded.
pub async fn a_new_product_is_inserted_and_announced(store: &Store) {
    let applied = apply(store, &[product("a", "one")], 7).await;
    assert_eq!(fates(&applied), [("a", "inserted")].into());
    assert_eq!(waiting(store).await, [("a".to_owned(), 7)]);
}

/// It keeps its version, and the outbox stays empty.
pub async fn equal_content_is_not_touched(store: &Store) {
    let products = [product("a", "one"), bare_product("b")];
    apply(store, &products, 1).await;
    store.clear_outbox(&outbox(store).await).await.unwrap();
    let again = apply(store, &products, 2).await;
    assert_eq!(fates(&again), [("a", "unchanged"), ("b", "unchanged")].into());
    assert!(waiting(store).await.is_empty());
    assert_eq!(fetch(store, &products[0].id).await.version, Version(1));
}

/// This includes a value that is no longer given.
pub async fn different_content_in_any_field_is_a_change(store: &Store) {
    let base = product("a", "one");
    let price = |minor| Some(Price::from_minor(minor, Currency::INR));
    let others = [
        Product { name: "other".into(), ..base.clone() },
        Product { main_category: "other".into(), ..base.clone() },
        Product { sub_category: "other".into(), ..base.clone() },
        Product { brand: "other".into(), ..base.clone() },
        Product { description: "other".into(), ..base.clone() },
        Product { attributes: "other".into(), ..base.clone() },
        Product { image_url: "other".into(), ..base.clone() },
        Product { link: "other".into(), ..base.clone() },
        Product { rating: Rating::from_hundredths(400), ..base.clone() },
        Product { rating: None, ..base.clone() },
        Product { rating_count: Some(1), ..base.clone() },
        Product { rating_count: None, ..base.clone() },
        Product { discount_price: price(61_751), ..base.clone() },
        Product { discount_price: None, ..base.clone() },
        Product { actual_price: price(129_901), ..base.clone() },
        Product { actual_price: Some(Price::from_minor(129_900, Currency::USD)), ..base.clone() },
        Product { converted_by: Some(rate("HKD=INR:10.638")), ..base.clone() },
        Product { converted_by: Some(rate("USD=INR:10.6382")), ..base.clone() },
        Product { converted_by: None, ..base.clone() },
        Product { details: Details::default(), ..base.clone() },
        Product {
            details: base.details.clone().with(DetailField::Availability, ["out of stock"]),
            ..base.clone()
        },
        bare_product("a"),
    ];
    apply(store, std::slice::from_ref(&base), 0).await;
    for (at, other) in (1..).step_by(2).zip(others) {
        let applied = apply(store, std::slice::from_ref(&other), at).await;
        assert_eq!(fates(&applied), [("a", "changed")].into(), "{other:?}");
        assert_eq!(fetch(store, &base.id).await.product, other);
        let back = apply(store, std::slice::from_ref(&base), at + 1).await;
        assert_eq!(fates(&back), [("a", "changed")].into(), "back from {other:?}");
    }
}

/// Only the first insertion sets it.
pub async fn a_change_keeps_the_date_of_creation(store: &Store) {
    apply(store, &[product("a", "one")], 3).await;
    apply(store, &[product("a", "other")], 8).await;
    let found = fetch(store, &product("a", "").id).await;
    assert_eq!((found.created, found.version), (Timestamp(3), Version(8)));
}

/// The newer version and its outbox entry stay.
pub async fn a_late_older_version_neither_overwrites_nor_fails(store: &Store) {
    let newer = product("a", "newer");
    apply(store, std::slice::from_ref(&newer), 5).await;
    let late = apply(store, &[product("a", "older"), product("b", "other")], 4).await;
    assert_eq!(fates(&late), [("a", "held newer"), ("b", "inserted")].into());
    let found = fetch(store, &newer.id).await;
    assert_eq!((found.product, found.version), (newer, Version(5)));
    assert_eq!(waiting(store).await, [("a".to_owned(), 5), ("b".to_owned(), 4)]);
}

/// Two rows of one feed may describe one product, in two batches of one run.
pub async fn the_later_of_two_batches_with_one_version_counts(store: &Store) {
    apply(store, &[product("a", "first")], 5).await;
    let applied = apply(store, &[product("a", "second")], 5).await;
    assert_eq!(fates(&applied), [("a", "changed")].into());
    assert_eq!(fetch(store, &product("a", "").id).await.product.name, "second");
}

/// This holds as well if the first or the last equals the stored product.
pub async fn the_last_of_a_repeated_id_counts(store: &Store) {
    let (one, two) = (product("a", "one"), product("a", "two"));
    let applied = apply(store, &[one.clone(), product("b", "b"), two.clone()], 1).await;
    assert_eq!(fates(&applied), [("a", "inserted"), ("b", "inserted")].into());
    assert_eq!(fetch(store, &one.id).await.product, two);
    let back = apply(store, &[one.clone(), two.clone()], 2).await;
    assert_eq!(fates(&back), [("a", "unchanged")].into());
    let changed = apply(store, &[two, one.clone()], 3).await;
    assert_eq!(fates(&changed), [("a", "changed")].into());
    assert_eq!(fetch(store, &one.id).await.product, one);
}

/// Each id is in exactly one of the lists.
pub async fn the_answer_names_every_product_of_a_batch_once(store: &Store) {
    apply(store, &[product("same", "same"), product("other", "one"), product("newer", "n")], 1)
        .await;
    apply(store, &[product("newer", "newer")], 9).await;
    let batch = ["same", "other", "newer", "new", "new", "same"].map(|id| match id {
        "other" => product(id, "two"),
        id => product(id, id.get(..4).unwrap_or(id)),
    });
    let applied = apply(store, &batch, 5).await;
    let expected =
        [("same", "unchanged"), ("other", "changed"), ("newer", "held newer"), ("new", "inserted")];
    assert_eq!(fates(&applied), expected.into());
}

/// A batch is sent again if its answer was lost.
pub async fn a_redelivered_batch_changes_nothing(store: &Store) {
    let batch = [product("a", "one"), product("b", "two"), product("a", "three")];
    apply(store, &batch, 1).await;
    let before = outbox(store).await;
    let again = apply(store, &batch, 1).await;
    assert_eq!(fates(&again), [("a", "unchanged"), ("b", "unchanged")].into());
    assert_eq!(outbox(store).await, before);
}

/// It may exceed what one statement can hold.
pub async fn a_batch_may_hold_many_products(store: &Store) {
    let products: Vec<_> =
        (0..store.size()).map(|number| product(&format!("p{number}"), "many")).collect();
    let ids: Vec<_> = products.iter().map(|product| product.id.clone()).collect();
    assert_eq!(apply(store, &products, 1).await.inserted.len(), products.len());
    assert_eq!(store.fetch(&ids).await.unwrap().len(), products.len());
    let waiting = outbox(store).await;
    assert_eq!(waiting.len(), products.len());
    store.clear_outbox(&waiting).await.unwrap();
    assert_eq!(store.counts().await.unwrap().outbox, 0);
}

/// All others of its batch are written and announced, and the failure is final. It is no product of the
/// store afterwards. A store that holds every product writes the longest id, too.
pub async fn a_product_that_the_store_cannot_hold_fails_alone(store: &Store) {
    let Some(refused) = store.refused().cloned() else {
        let longest = product(&"x".repeat(ProductId::MAX_BYTES), "longest");
        assert_eq!(apply(store, &[product("a", "one"), longest], 1).await.inserted.len(), 2);
        return;
    };
    let impossible = Product { id: refused.clone(), ..product("x", "impossible") };
    let batch = [product("a", "one"), impossible.clone(), product("b", "two"), impossible];
    for (at, fate) in [(1, "inserted"), (2, "unchanged")] {
        let applied = store.apply(&batch, Version(at)).await.unwrap();
        assert_eq!(applied.failures.keys().collect::<Vec<_>>(), [&refused]);
        assert!(applied.failures.values().all(|error| !error.is_retryable()), "{applied:?}");
        assert_eq!(fates(&applied), [("a", fate), ("b", fate)].into());
        store.refresh().await;
    }
    assert!(store.fetch(std::slice::from_ref(&refused)).await.unwrap().is_empty());
    assert_eq!(waiting(store).await, [("a".to_owned(), 1), ("b".to_owned(), 1)]);
}
