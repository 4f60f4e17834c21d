use super::{Store, apply, fetch};
use crate::sample::{bare_product, id, product, rate, unusual_ids, unusual_texts};
use akin_entities::{Currency, Price, Product, Rating, Timestamp, Version};

/// Every field of a product is kept.
pub async fn a_product_is_fetched_as_it_was_applied(store: &Store) {
    let product = product("a", "Phone tripod");
    apply(store, std::slice::from_ref(&product), 5).await;
    let found = fetch(store, &product.id).await;
    assert_eq!(found.product, product);
    assert_eq!((found.created, found.version), (Timestamp(5), Version(5)));
}

/// A missing value stays missing.
pub async fn a_product_with_only_a_name_is_fetched_as_it_was_applied(store: &Store) {
    let product = bare_product("a");
    apply(store, std::slice::from_ref(&product), 5).await;
    assert_eq!(fetch(store, &product.id).await.product, product);
}

/// Ids are compared byte by byte: case, blanks, marks and NUL count.
pub async fn unusual_ids_are_kept_distinct(store: &Store) {
    let ids = unusual_ids();
    let named = |(place, id): (usize, _)| Product { id, ..product("x", &format!("name {place}")) };
    let products: Vec<_> = ids.iter().cloned().enumerate().map(named).collect();
    assert_eq!(apply(store, &products, 1).await.inserted.len(), ids.len());
    let found = store.fetch(&ids).await.unwrap();
    for product in &products {
        assert_eq!(found.get(&product.id).map(|record| &record.product), Some(product));
    }
    let waiting = super::outbox(store).await;
    let waiting: Vec<_> = waiting.into_iter().map(|entry| entry.change.id).collect();
    assert_eq!(waiting, ids, "the outbox names them as they are");
}

/// Quotes, NUL, characters of four bytes and 100 kB are kept in every field.
pub async fn unusual_texts_are_fetched_unchanged(store: &Store) {
    let strange = |(place, text): (usize, String)| Product {
        name: text.clone(),
        main_category: text.clone(),
        sub_category: text.clone(),
        brand: text.clone(),
        attributes: text.clone(),
        image_url: text.clone(),
        link: text.clone(),
        description: text,
        ..product(&place.to_string(), "")
    };
    let products: Vec<_> = unusual_texts().into_iter().enumerate().map(strange).collect();
    apply(store, &products, 1).await;
    for product in &products {
        assert!(fetch(store, &product.id).await.product == *product, "{:.80?}", product.name);
    }
    let again = apply(store, &products, 2).await;
    assert_eq!(again.unchanged.len(), products.len(), "they are equal to themselves");
}

/// They comprise prices, rates, ratings and times.
pub async fn the_largest_numbers_are_fetched_unchanged(store: &Store) {
    let largest = i64::MAX.cast_unsigned();
    let extreme = |name: &str, hundredths, minor, count, factor: &str| Product {
        rating: Rating::from_hundredths(hundredths),
        rating_count: Some(count),
        discount_price: Some(Price::from_minor(minor, Currency::new("JPY").unwrap())),
        actual_price: Some(Price::from_minor(minor, Currency::USD)),
        converted_by: Some(rate(&format!("JPY=USD:{factor}"))),
        ..product(name, name)
    };
    let least = extreme("least", 0, 0, 0, "0.000000001");
    let most = extreme("most", 500, largest, largest, "18446744073.709551615");
    apply(store, std::slice::from_ref(&least), i64::MIN).await;
    apply(store, std::slice::from_ref(&most), i64::MAX).await;
    for (product, at) in [(least, i64::MIN), (most, i64::MAX)] {
        let found = fetch(store, &product.id).await;
        assert_eq!(
            (found.product, found.version, found.created),
            (product, Version(at), Timestamp(at))
        );
    }
    let waiting = super::waiting(store).await;
    assert_eq!(waiting, [("least".to_owned(), i64::MIN), ("most".to_owned(), i64::MAX)]);
}

/// The answer has each known product once.
pub async fn fetching_unknown_and_repeated_ids_is_harmless(store: &Store) {
    apply(store, &[product("a", "one"), product("b", "two")], 1).await;
    let asked = ["b", "nobody", "b", "a"].map(id);
    let found = store.fetch(&asked).await.unwrap();
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|(id, record)| record.product.id == *id));
    assert!(store.fetch(&[]).await.unwrap().is_empty());
    assert!(store.fetch(&[id("nobody")]).await.unwrap().is_empty());
}
