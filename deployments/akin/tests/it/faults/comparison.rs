//! The comparison detects every kind of difference in contents that were altered by hand.

use crate::faults::contents::{Contents, Differences};
use akin_entities::{
    AnalyzedText, Currency, Embedding, FacetValues, Fingerprint, Price, Product, ProductId,
    ProductRecord, Timestamp, Version,
};
use akin_ports::{EntryEmbedding, IndexEntry};

fn product(id: &str, name: &str, price: &str) -> Product {
    Product {
        actual_price: Some(Price::parse(price, Currency::USD).expect("a price")),
        ..Product::new(ProductId::new(id).expect("an id"), name)
    }
}

fn entry(record: &ProductRecord, y: f32) -> IndexEntry {
    let ProductRecord { product, version, .. } = record;
    IndexEntry {
        id: product.id.clone(),
        version: *version,
        embedding: EntryEmbedding::Computed {
            embedding: Embedding::new(&[1.0, y]).expect("a direction"),
            text_hash: product.text_hash(),
            fingerprint: Fingerprint::parse("tiny@0/fp32/2").expect("a fingerprint"),
        },
        text: AnalyzedText::new([vec![&*product.name], vec![], vec![], vec![], vec![]]),
        words: product.name.clone(),
        facets: FacetValues::from(record),
    }
}

/// Returns the complete contents of a catalogue of three products.
fn complete() -> Contents {
    let record = |product| ProductRecord { product, created: Timestamp(1), version: Version(2) };
    let products = [("a", "lamp"), ("b", "tent"), ("c", "boot")];
    let products: Vec<_> =
        products.iter().map(|(id, name)| record(product(id, name, "5"))).collect();
    let ids: Vec<_> = products.iter().map(|record| record.product.id.clone()).collect();
    let entries = (1_u8..).zip(&products).map(|(y, record)| entry(record, y.into())).collect();
    Contents {
        products,
        entries,
        nearest: ids.clone(),
        with_words: ids,
        counts: [3, 3],
        pending: [0; 4],
    }
}

/// Alters complete contents, and returns which kinds of difference are detected: lost, stale, duplicated
/// or pending products.
fn detected(alter: impl FnOnce(&mut Contents)) -> [bool; 4] {
    let (mut actual, expected) = (complete(), complete());
    alter(&mut actual);
    let Differences { lost, stale, duplicated, pending, compared } = actual.compare(&expected);
    assert_eq!(compared, 3);
    [lost, stale, duplicated, pending].map(|all| !all.is_empty())
}

#[test]
fn equal_contents_of_another_version_have_no_differences() {
    let mut actual = complete();
    actual.products.iter_mut().for_each(|record| record.version = Version(7));
    actual.entries.iter_mut().for_each(|entry| entry.version = Version(7));
    let differences = actual.compare(&complete());
    assert!(differences.is_empty(), "{differences}");
    assert_eq!(differences.to_string(), "0 lost, 0 stale, 0 duplicated");
}

#[test]
fn a_lost_product_is_detected_wherever_it_is_missing() {
    for lost in [
        detected(|actual| drop((actual.products.pop(), actual.counts[0] = 2))),
        detected(|actual| drop((actual.entries.pop(), actual.counts[1] = 2))),
        detected(|actual| drop(actual.nearest.pop())),
        detected(|actual| drop(actual.with_words.pop())),
    ] {
        assert!(lost[0] && lost[2..] == [false, false], "{lost:?}");
    }
}

#[test]
fn every_kind_of_stale_entry_is_detected() {
    let older = product("a", "old lamp", "5");
    let cheaper = product("a", "lamp", "4");
    for stale in [
        detected(|actual| actual.products[0].product = older.clone()),
        detected(|actual| actual.products[0].product = cheaper.clone()),
        detected(|actual| actual.products[0].version = Version(3)),
        detected(|actual| actual.entries[0].version = Version(1)),
        detected(|actual| actual.entries[0].facets = FacetValues::from(&cheaper)),
        detected(|actual| actual.entries[0].words = "old lamp".to_owned()),
        detected(|actual| actual.entries[0] = entry(&actual.products[0], 9.0)),
        detected(|actual| actual.entries[0].embedding = actual.entries[1].embedding.clone()),
    ] {
        assert_eq!(stale, [false, true, false, false]);
    }
}

#[test]
fn a_product_that_is_no_longer_listed_is_stale() {
    let removed = ProductId::new("removed").expect("an id");
    assert_eq!(
        detected(|actual| actual.nearest.push(removed.clone())),
        [false, true, false, false]
    );
    assert_eq!(
        detected(|actual| actual.with_words.push(removed.clone())),
        [false, true, false, false]
    );
    let add = |actual: &mut Contents| {
        actual.entries.push(IndexEntry { id: removed.clone(), ..actual.entries[0].clone() });
        actual.counts[1] += 1;
    };
    assert_eq!(detected(add), [false, true, false, false]);
}

#[test]
fn duplicated_products_are_detected() {
    for duplicated in [
        detected(|actual| actual.products.push(actual.products[0].clone())),
        detected(|actual| actual.entries.push(actual.entries[0].clone())),
        detected(|actual| actual.nearest.push(actual.nearest[0].clone())),
        detected(|actual| actual.with_words.push(actual.with_words[0].clone())),
        detected(|actual| actual.counts[0] += 1),
        detected(|actual| actual.counts[1] += 1),
    ] {
        assert_eq!(duplicated, [false, false, true, false]);
    }
}

#[test]
fn pending_work_is_detected() {
    for stage in 0..4 {
        assert_eq!(detected(|actual| actual.pending[stage] = 1), [false, false, false, true]);
    }
}
